"""What a study needs to know of a folder is found without decoding an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.sweep.choice.own_images import look_at
from tests.sweep.choice.own_folders import SIDE, make_images

if TYPE_CHECKING:
    from pathlib import Path


def test_sizes_colours_and_counts_are_found(tmp_path: Path) -> None:
    found = look_at(make_images(tmp_path / "grey"), [])
    assert (found.side, found.channels, found.num_classes, found.train_images) == (SIDE, 1, 2, 48)
    assert found.lines[0] == "60 images of 2 classes: 48 to train on, 12 to test on"
    assert "read in grey, 20x20" in " ".join(found.lines)


def test_one_image_in_colour_makes_all_be_read_so_unless_it_is_stated(tmp_path: Path) -> None:
    root = make_images(tmp_path / "own")
    make_images(tmp_path / "more", grey=False)
    (tmp_path / "more" / "class 0" / "0.png").rename(root / "class 0" / "red.png")
    assert look_at(root, []).channels == 3
    assert look_at(root, ["dataset.channels=1"]).channels == 1


def test_overrides_of_the_data_set_count(tmp_path: Path) -> None:
    root = make_images(tmp_path / "own")
    assert look_at(root, ["dataset.test_share=0.5", "k=2"]).train_images == 30


def test_files_that_are_no_images_are_left_out_and_told(tmp_path: Path) -> None:
    root = make_images(tmp_path / "own")
    (root / "class 1" / "notes.txt").write_text("no image")
    assert "1 file was left out" in " ".join(look_at(root, []).lines)


def test_another_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected the folder alone"):
        look_at(make_images(tmp_path / "own"), ["dataset=digits"])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a folder of images, there is none"):
        look_at(tmp_path / "absent", [])


def test_a_folder_that_holds_one_alone_names_that_one_as_the_folder(tmp_path: Path) -> None:
    make_images(tmp_path / "outer" / "my inner")
    with pytest.raises(ConfigError) as refused:
        look_at(tmp_path / "outer", [])
    assert str(refused.value) == (
        f"{tmp_path / 'outer'}: holds one folder alone, and the folders of the classes lie deeper; "
        f"give {tmp_path / 'outer' / 'my inner'} as the folder"
    )
