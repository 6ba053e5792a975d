"""One check of a folder, with or without its facts, before anything is spent."""

import shutil

import pytest
from PIL import Image

from ensemble_switchover.config.data_check import check_data, data_check_lines
from ensemble_switchover.config.dataset_facts import with_facts
from ensemble_switchover.errors import ConfigError
from tests.config.image_folders import make_files


@pytest.fixture
def dataset(compose_config, tmp_path):
    def compose(root, *overrides):
        common = (f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
        return compose_config("dataset=folder", *common, *overrides).dataset

    return compose


@pytest.mark.parametrize(
    "counts", [{"a": 20, "b": 10}, {"train/a": 20, "train/b": 10, "val/a": 6, "val/b": 3}]
)
def test_a_configuration_with_its_facts_is_checked_as_without(counts, dataset, tmp_path):
    raw = dataset(make_files(tmp_path / "own", counts))
    known = with_facts(raw)
    assert check_data(known) == check_data(raw)
    assert data_check_lines([raw, known, raw]) == data_check_lines([raw])
    assert check_data(raw).dataset == known


def test_lines_have_counts_and_remarks(dataset, tmp_path, compose_config):
    root = make_files(tmp_path / "own", {"train/a": 20, "train/b": 10, "val/a": 6, "val/b": 3})
    shutil.copy(root / "train/a/0.png", root / "val/b/0.png")
    lines = data_check_lines([dataset(root), compose_config("dataset=digits").dataset])
    assert all(line.startswith("dataset=folder: ") for line in lines)
    text = "\n".join(lines)
    assert "39 images of 2 classes: 30 to train on, 9 to test on" in text
    assert "a 20 + 6, b 10 + 3" in text
    assert "the images in val are used as the test images" in text
    assert "1 of 9 test images are also trained on, byte for byte" in text
    assert data_check_lines([compose_config("dataset=digits").dataset]) == []


def test_a_file_without_a_header_ends_nothing_later(dataset, tmp_path):
    root = make_files(tmp_path / "own", {"a": 5, "b": 5})
    (root / "a" / "cut.jpg").write_bytes(b"\xff\xd8\xff broken")
    with pytest.raises(ConfigError) as error:
        check_data(dataset(root))
    text = str(error.value)
    assert "a/cut.jpg: cannot be read as an image (broken JPEG image by its content)" in text
    assert "1 broken JPEG image" in str(error.value)
    found = check_data(dataset(root, "dataset.skip_bad=true"))
    assert found.survey.num_images == 10
    assert found.remarks[0].startswith("1 file was left out")


def test_a_link_in_a_circle_is_no_file(dataset, tmp_path):
    root = make_files(tmp_path / "own", {"a": 5, "b": 5})
    (root / "a" / "x.png").symlink_to("x.png")
    with pytest.raises(ConfigError, match=r"a/x.png: cannot be read as an image \(a broken link"):
        check_data(dataset(root))


def test_an_image_of_too_many_pixels_is_refused_as_such(dataset, tmp_path):
    root = make_files(tmp_path / "own", {"a": 5, "b": 5})
    Image.new("1", (20_000, 10_000)).save(root / "a" / "huge.png")
    with pytest.raises(ConfigError) as error:
        check_data(dataset(root))
    assert "a/huge.png: cannot be read as an image (Image size (200000000 pixels)" in str(
        error.value
    )
    assert ": 1 image of too many pixels;" in str(error.value)


def test_parts_that_are_too_small_are_refused(dataset, tmp_path):
    root = make_files(tmp_path / "own", {"a": 5, "b": 5})
    with pytest.raises(ConfigError, match=r"dataset.train_size=1: expected 2 \(an image a class"):
        check_data(dataset(root, "dataset.train_size=1"))


def test_images_are_described_as_they_are(dataset, tmp_path):
    for name in ("a", "b"):
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(5):
            image = Image.new("L", (40 + number, 50), number)
            image.save(tmp_path / "own" / name / f"{number}.png")
    text = "\n".join(data_check_lines([dataset(tmp_path / "own")]))
    assert "shorter side 40 to 44 pixels, 42 in the middle; 5 sizes" in text
