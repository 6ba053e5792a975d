"""A folder of readable and unreadable images, written with PIL."""

import os
import shutil
import struct
import zlib

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image
from PIL.PngImagePlugin import PngImageFile
from torchvision.transforms import v2

from ensemble_switchover.config.dataset_facts import dataset_facts
from ensemble_switchover.config.dataset_spec import split_sizes
from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.sources.folder import Folder
from ensemble_switchover.errors import ConfigError, DataError, EnsembleSwitchoverError


def picture(seed, width=40, height=40, mode="RGB"):
    generator = np.random.default_rng(seed)
    channels = {"RGB": 3, "L": 1, "RGBA": 4}[mode]
    coarse = generator.integers(0, 256, (5, 5, channels), dtype=np.uint8)
    return Image.fromarray(coarse.squeeze(), mode).resize((width, height))


def make_root(root, counts, **kind):
    for part, count in counts.items():
        (root / part).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture([number, zlib.crc32(part.encode())], **kind).save(root / part / f"{number}.png")
    return root


@pytest.fixture
def facts_of(compose_config, tmp_path):
    def read(root, *overrides):
        overrides = (f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}", *overrides)
        return dataset_facts(compose_config("dataset=folder", *overrides).dataset)

    return read


@pytest.fixture
def own(facts_of):
    return lambda root, *overrides: facts_of(root, *overrides).dataset


@pytest.fixture
def remarks_of(facts_of):
    return lambda root, *overrides: facts_of(root, *overrides).remarks


def load(config):
    used = split_sizes(config)
    return load_dataset(config, used.train, used.test, validation_size=used.validation)


FOUR = {"train/ant": 4, "train/bee": 3, "test/ant": 2, "test/bee": 1}


def test_images_arrive_with_their_classes(own, tmp_path):
    root = make_root(tmp_path / "own", FOUR, width=32, height=32)
    found = load(own(root))
    assert found.class_names == ("ant", "bee")
    assert found.train.labels.tolist() == [0] * 4 + [1] * 3
    assert found.test.labels.tolist() == [0, 0, 1]
    for position, number in enumerate(range(4)):
        pixels = np.asarray(Image.open(root / "train" / "ant" / f"{number}.png"))
        assert (found.train.images[position].numpy() == pixels.transpose(2, 0, 1)).all()


@pytest.mark.parametrize(("width", "height"), [(40, 40), (100, 40), (33, 90), (20, 16), (32, 31)])
def test_the_central_square_is_resized_as_by_torchvision(width, height, own, tmp_path):
    root = make_root(tmp_path / "own", FOUR, width=width, height=height)
    found = load(own(root, "dataset.image_size=24"))
    side = min(width, height)
    with Image.open(root / "train" / "bee" / "0.png") as image:
        squared = v2.functional.center_crop(image, [side, side])
        expected = np.asarray(v2.functional.resize(squared, [24, 24]))
    np.testing.assert_array_equal(found.train.images[4].numpy().transpose(1, 2, 0), expected)


def test_a_share_of_every_class_is_split_off_and_the_seed_decides(own, tmp_path):
    root = make_root(tmp_path / "own", {"ant": 10, "bee": 20}, width=8, height=8)
    overrides = ("dataset.test_share=0.3", "dataset.image_size=8")
    found, again = load(own(root, *overrides)), load(own(root, *overrides))
    assert np.bincount(found.test.labels).tolist() == [3, 6]
    assert np.bincount(found.train.labels).tolist() == [7, 14]
    assert (found.test.images == again.test.images).all()
    both = np.concatenate([found.train.images, found.test.images]).reshape(30, -1)
    assert len(np.unique(both, axis=0)) == 30
    other = load(own(root, *overrides, "dataset.split_seed=1"))
    assert not (other.test.images == found.test.images).all()


def test_grey_among_colour_is_converted(own, tmp_path):
    root = make_root(tmp_path / "own", FOUR)
    picture(7, mode="L").save(root / "train" / "ant" / "0.png")
    found = load(own(root))
    grey = found.train.images[0]
    assert (grey[0] == grey[1]).all()
    assert (grey[0] == grey[2]).all()
    assert not (found.train.images[1][0] == found.train.images[1][1]).all()


def test_colour_becomes_grey_where_one_channel_is_asked_for(own, tmp_path):
    root = make_root(tmp_path / "own", FOUR, width=32, height=32)
    found = load(own(root, "dataset.channels=1"))
    expected = np.asarray(Image.open(root / "test" / "bee" / "0.png").convert("L"))
    assert (found.test.images[2, 0].numpy() == expected).all()


def test_other_kinds_of_images_are_converted(own, tmp_path):
    root = make_root(tmp_path / "own", FOUR)
    place = root / "train" / "ant"
    Image.new("RGBA", (32, 32), (10, 20, 30, 0)).save(place / "0.png")
    deep = np.full((32, 32), 257 * 99, dtype=np.uint16)
    Image.fromarray(deep).save(place / "1.png")
    Image.new("RGB", (32, 32), (5, 6, 7)).quantize().save(place / "2.png")
    sideways = Image.new("RGB", (32, 32))
    sideways.paste((255, 255, 255), (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    sideways.save(place / "3.png", exif=exif)
    images = load(own(root)).train.images
    assert (images[0] == 255).all()
    assert (images[1] == 99).all()
    assert images[2, :, 0, 0].tolist() == [5, 6, 7]
    assert (images[3, :, :, 20:] == 255).all()
    assert (images[3, :, :, :12] == 0).all()


def spoil(path, how):
    if how == "text":
        path.write_text("I am no image")
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-40])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "broken link":
        path.unlink()
        path.symlink_to("nowhere")


@pytest.mark.parametrize("how", ["text", "truncated", "empty", "broken link"])
def test_a_bad_file_is_named_or_left_out(how, own, remarks_of, tmp_path):
    root = make_root(tmp_path / "own", FOUR)
    path = root / "train" / "ant" / "2.png"
    spoil(path, how)
    with pytest.raises(EnsembleSwitchoverError) as error:
        load(own(root))
    assert str(error.value).startswith(f"{path}: cannot be read as an image (")
    assert "dataset.skip_bad=true" in str(error.value)
    assert "\n" not in str(error.value)
    found = load(own(root, "dataset.skip_bad=true"))
    assert np.bincount(found.train.labels).tolist() == [3, 3]
    assert any(
        "1 file was left out" in line and "train/ant/2.png" in line
        for line in remarks_of(root, "dataset.skip_bad=true")
    )


@pytest.mark.parametrize(
    "error",
    [RuntimeError("corrupt"), NotImplementedError("DXT9"), struct.error("short"), KeyError(1)],
)
def test_whatever_a_decoder_raises_is_a_bad_file(error, own, tmp_path, monkeypatch):
    root = make_root(tmp_path / "own", FOUR)
    load_whole = PngImageFile.load

    def load_or_fail(self):
        if str(self.filename).endswith("bee/1.png"):
            raise error
        return load_whole(self)

    monkeypatch.setattr(PngImageFile, "load", load_or_fail)
    with pytest.raises(DataError, match=r"train/bee/1.png: cannot be read as an image"):
        load(own(root))
    assert len(load(own(root, "dataset.skip_bad=true")).train) == 6


def test_lack_of_memory_is_no_bad_file(own, tmp_path, monkeypatch):
    root = make_root(tmp_path / "own", FOUR)
    monkeypatch.setattr(PngImageFile, "load", lambda self: (_ for _ in ()).throw(MemoryError))
    with pytest.raises((MemoryError, EnsembleSwitchoverError)) as raised:
        load(own(root, "dataset.skip_bad=true"))
    assert "cannot be read as an image" not in str(raised.value)


def test_no_other_program_is_started(own, tmp_path, monkeypatch):
    def start(*arguments, **keywords):
        raise AssertionError("Ghostscript")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", start)
    root = make_root(tmp_path / "own", FOUR)
    picture(0).save(root / "train" / "bee" / "1.png", format="EPS")
    with pytest.raises(
        ConfigError, match=r"train/bee/1.png: cannot be read as an image \(PostScript file by "
    ):
        load(own(root))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_common_formats_are_read(kind, own, tmp_path):
    root = make_root(tmp_path / "own", FOUR)
    Image.new("RGB", (32, 32), (255, 255, 255)).save(root / "train" / "ant" / "0.png", format=kind)
    assert (load(own(root)).train.images[0] == 255).all()


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((32, 32), 0.5, np.float32), "floating-point pixels, whose range is unknown"),
        (np.full((32, 32), 65_536, np.int32), "pixels from 65536 to 65536, expected 0 to 65,535"),
        (np.full((32, 32), -1, np.int32), "pixels from -1 to -1, expected 0 to 65,535"),
    ],
)
def test_pixels_of_an_unknown_range_are_refused(pixels, reason, own, tmp_path):
    root = make_root(tmp_path / "own", FOUR)
    Image.fromarray(pixels).save(root / "train" / "ant" / "0.png", format="TIFF")
    with pytest.raises(DataError) as error:
        load(own(root))
    assert reason in str(error.value)


def test_deep_images_that_look_black_are_reported(own, tmp_path):
    root = make_root(tmp_path / "own", FOUR)
    for number, level in enumerate((255, 256)):
        deep = np.full((32, 32), level, dtype=np.uint16)
        Image.fromarray(deep).save(root / "train" / "ant" / f"{number}.png")
    remarks = load(own(root)).remarks
    assert any(line.startswith("1 of 7 images have 16 bits per pixel") for line in remarks)


def test_what_is_left_out_leaves_no_gap(own, tmp_path):
    root = make_root(tmp_path / "own", {"ant": 10, "bee": 10}, width=32, height=32)
    for file in ("ant/0.png", "ant/4.png", "bee/9.png"):
        spoil(root / file, "text")
    found = load(own(root, "dataset.skip_bad=true"))
    expected = {
        (np.asarray(Image.open(path)).transpose(2, 0, 1).tobytes(), label)
        for label, name in enumerate(("ant", "bee"))
        for path in (root / name).iterdir()
        if path.read_bytes()[1:4] == b"PNG"
    }
    rows = [
        (image.numpy().tobytes(), int(label))
        for part in (found.train, found.test)
        for image, label in zip(part.images, part.labels, strict=True)
    ]
    assert len(rows) == 17
    assert set(rows) == expected


def test_several_bad_files_are_counted(own, remarks_of, tmp_path):
    root = make_root(tmp_path / "own", {"ant": 10, "bee": 10})
    for number in range(5):
        spoil(root / "bee" / f"{number}.png", "text")
    with pytest.raises(EnsembleSwitchoverError, match=r"bee/0.png: .*, nor can 4 more files"):
        load(own(root))
    found = load(own(root, "dataset.skip_bad=true"))
    assert len(found.train) + len(found.test) == 15
    (line,) = remarks_of(root, "dataset.skip_bad=true")
    assert line.startswith("5 files were left out because no image could be read: bee/0.png, ")
    assert line.endswith(", ... (5 text files)")


def test_a_class_of_bad_files_alone_is_an_error(own, tmp_path):
    root = make_root(tmp_path / "own", FOUR)
    for number in range(3):
        spoil(root / "train" / "bee" / f"{number}.png", "text")
    with pytest.raises(ConfigError, match=r"too few images of class bee \(0\) to train on"):
        own(root, "dataset.skip_bad=true")


@pytest.mark.parametrize("times", [1.5, 3])  # PIL warns, or refuses by itself
def test_a_decompression_bomb_is_an_error(times, own, tmp_path, monkeypatch):
    root = make_root(tmp_path / "own", FOUR)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(1600 / times))
    with pytest.raises(DataError, match="decompression bomb"):
        load(own(root))


@pytest.mark.parametrize("more", [(), ("dataset.validation_size=6",), ("dataset.train_size=12",)])
def test_copies_are_counted_where_they_are_trained_and_measured_on(more, own, remarks_of, tmp_path):
    root = make_root(tmp_path / "own", {"ant": 12, "bee": 12}, width=32, height=32)
    for number in range(6):
        shutil.copy(root / "ant" / f"{number}.png", root / "ant" / f"copy {number}.png")
    found = load(own(root, *more))
    trained = {image.tobytes() for image in found.train.images.numpy()}
    both = sum(image.tobytes() in trained for image in found.test.images.numpy())
    measured = "validation" if "validation" in str(more) else "test"
    said = f"{both} of {len(found.test)} {measured} images are also trained on, byte for byte"
    remarks = remarks_of(root, *more)
    assert both > 0
    assert any(line.startswith(said) for line in remarks)
    assert "6 files repeat the bytes of another file of the same class" in remarks
    assert len(remarks) == 2


def test_the_kinds_of_bad_files_and_the_cure_are_named(own, tmp_path):
    root = make_root(tmp_path / "own", FOUR)
    for number in range(3):
        heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes([number])
        (root / "train" / "ant" / f"{number}.png").write_bytes(heic)
    (root / "train" / "bee" / "0.png").write_text("<!DOCTYPE html>")
    with pytest.raises(EnsembleSwitchoverError) as error:
        load(own(root))
    text = str(error.value)
    assert text.startswith(f"{root}/train/ant/0.png: cannot be read as an image (HEIC image by its")
    assert "nor can 3 more files: 3 HEIC images, 1 HTML page; convert HEIC images with" in text
    assert "remove" not in text


def test_files_whose_names_are_not_utf_8_are_read(own, remarks_of, tmp_path):
    root = make_root(tmp_path / "own", FOUR, width=32, height=32)
    place = root / "train" / "ant"
    (place / "3.png").rename(place / os.fsdecode(b"caf\xe9.png"))
    assert len(load(own(root)).train) == 7
    (place / os.fsdecode(b"bad\xe9.png")).write_text("no image")
    with pytest.raises(EnsembleSwitchoverError) as error:
        load(own(root))
    assert str(error.value).startswith(rf"{place}/bad\xe9.png: cannot be read as an image")
    str(error.value).encode()
    (remark,) = remarks_of(root, "dataset.skip_bad=true")
    assert r"train/ant/bad\xe9.png" in remark


def test_a_file_that_was_replaced_is_read_anew(own, tmp_path):
    root = make_root(tmp_path / "own", FOUR, width=32, height=32)
    before = load(own(root))
    path = root / "train" / "ant" / "1.png"
    picture(999, width=32, height=32).save(path)
    after = load(own(root))
    assert not (before.train.images[1] == after.train.images[1]).all()
    assert (before.train.images[0] == after.train.images[0]).all()


def test_identities_tell_names_sizes_and_times_apart_and_not_places(own, tmp_path):
    root = make_root(tmp_path / "own", {"ant": 4, "bee": 4}, width=8, height=8)
    (root / "ant" / os.fsdecode(b"caf\xe9.png")).write_bytes((root / "ant" / "1.png").read_bytes())

    def identity(of):
        return Folder().identity(own(of), of)

    first = identity(root)
    changed = {name: shutil.copytree(root, tmp_path / name) for name in ("same", "name", "time")}
    assert identity(changed["same"]) == first
    (changed["name"] / "ant" / "1.png").rename(changed["name"] / "ant" / "one.png")
    os.utime(changed["time"] / "ant" / "1.png", (1, 1))
    assert len({first, identity(changed["name"]), identity(changed["time"])}) == 3


def test_identities_tell_options_apart(own, tmp_path):
    root = make_root(tmp_path / "own", {"ant": 4, "bee": 4}, width=8, height=8)
    overrides = [
        (),
        ("dataset.image_size=16",),
        ("dataset.channels=1",),
        ("dataset.test_share=0.5",),
        ("dataset.split_seed=1",),
    ]
    identities = {Folder().identity(own(root, *options), root) for options in overrides}
    assert len(identities) == len(overrides)
    alike = own(root, "dataset.skip_bad=true"), own(root, "dataset.test_share=0.2000000001")
    assert {Folder().identity(config, root) for config in alike} < identities
