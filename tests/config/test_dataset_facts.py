"""What is read from a folder of images before a run."""

import shutil

import pytest

from ensemble_switchover.config.dataset_facts import dataset_facts, with_facts
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import ConfigError
from tests.config.image_folders import make_files, tiny_image


def test_a_folder_is_counted(tmp_path, compose_config):
    make_files(tmp_path, {"train/a": 5, "train/b": 3, "test/a": 2, "test/b": 1})
    config = compose_config("dataset=folder", f"dataset.root={tmp_path}")
    found = with_facts(config.dataset)
    assert (found.num_classes, found.train_images, found.test_images) == (2, 8, 3)
    spec = resolve(config)
    assert (spec.task.num_classes, spec.train_size, spec.test_size) == (2, 8, 3)
    assert (spec.task.channels, spec.task.size) == (3, 32)


@pytest.mark.parametrize(("share", "expected"), [(0.2, (24, 6)), (0.5, (15, 15)), (0.01, (27, 3))])
def test_a_share_is_split_off(share, expected, tmp_path, compose_config):
    make_files(tmp_path, {"a": 10, "b": 10, "c": 10})
    overrides = ("dataset=folder", f"dataset.root={tmp_path}", f"dataset.test_share={share}")
    found = with_facts(compose_config(*overrides).dataset)
    assert (found.train_images, found.test_images) == expected


def test_the_content_decides_and_not_the_place(tmp_path, compose_config):
    counts = {"a": 3, "b": 3}
    places = [make_files(tmp_path / name, counts) for name in ("one", "two", "three")]
    (places[2] / "a" / "0.png").write_bytes(tiny_image(999))
    first, same, other = (
        resolve(compose_config("dataset=folder", f"dataset.root={place}")) for place in places
    )
    assert first.fingerprint == same.fingerprint != other.fingerprint
    assert first.dataset_options["content"] == same.dataset_options["content"]


def test_a_count_that_is_given_must_be_right(tmp_path, compose_config):
    make_files(tmp_path, {"a": 3, "b": 3})
    overrides = ("dataset=folder", f"dataset.root={tmp_path}")
    assert with_facts(compose_config(*overrides, "dataset.num_classes=2").dataset).num_classes == 2
    with pytest.raises(ConfigError, match=r"dataset.num_classes=3: .* has 2; leave the key out"):
        resolve(compose_config(*overrides, "dataset.num_classes=3"))


def test_a_folder_that_is_wrong_is_told_with_the_other_problems(tmp_path, compose_config):
    with pytest.raises(ConfigError) as error:
        resolve(compose_config("dataset=folder", f"dataset.root={tmp_path}", "k=0", "seed=-1"))
    assert str(error.value).startswith("3 problems:")


def test_the_content_cannot_be_given(tmp_path, compose_config):
    make_files(tmp_path, {"a": 3, "b": 3})
    overrides = ("dataset=folder", f"dataset.root={tmp_path}", "dataset.content=abc")
    with pytest.raises(ConfigError, match=r"^dataset.content=abc: is found in the folder; leave"):
        resolve(compose_config(*overrides))


def test_what_can_be_read_decides_which_run_it_is(tmp_path, compose_config):
    make_files(tmp_path / "own", {"cat": 10, "dog": 8})
    make_files(tmp_path / "clean", {"cat": 10, "dog": 8})
    for number in range(4):
        (tmp_path / "own" / "cat" / f"note {number}.png").write_text(f"{number} is no image")
    common = ("dataset=folder", f"dataset.cache={tmp_path / 'cache'}")
    clean = resolve(compose_config(*common, f"dataset.root={tmp_path / 'clean'}"))
    skipping = (*common, f"dataset.root={tmp_path / 'own'}", "dataset.skip_bad=true")
    found = [resolve(compose_config(*skipping, *more)) for more in ((), ("dataset.train_size=14",))]
    assert [spec.train_size for spec in (clean, *found)] == [14, 14, 14]
    assert {spec.fingerprint for spec in found} == {clean.fingerprint}
    for size in (15, 16, 18):
        with pytest.raises(ConfigError, match=rf"train_size={size}: expected 2 .* to 14, the ima"):
            resolve(compose_config(*skipping, f"dataset.train_size={size}"))


def test_copies_are_remarked_on_by_the_parts_that_they_are_used_in(tmp_path, compose_config):
    root = make_files(tmp_path / "own", {"train/cat": 8, "train/dog": 8, "test/cat": 2})
    make_files(root, {"test/dog": 1})
    shutil.copy(root / "train/cat/0.png", root / "test/cat/0.png")
    shutil.copy(root / "train/cat/1.png", root / "test/dog/0.png")
    overrides = ("dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
    labels, across, copies = resolve(compose_config(*overrides)).remarks
    assert labels.startswith("2 files lie in more than one class")
    assert "train/cat/1.png = test/dog/0.png" in labels
    assert across.startswith("2 of 3 test images are also trained on, byte for byte")
    assert copies.startswith("1 file repeats")
    validated = resolve(compose_config(*overrides, "dataset.validation_size=4")).remarks
    assert not any("test images" in remark for remark in validated)
    assert dataset_facts(compose_config("dataset=digits").dataset).remarks == ()
