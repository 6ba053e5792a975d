"""What a run uses of a folder, and what it says about the rest."""

import pytest

from ensemble_switchover.config.usable_images import usable_images
from ensemble_switchover.errors import ConfigError
from tests.config.image_folders import make_files


@pytest.fixture
def usable(compose_config, tmp_path):
    def read(root, *overrides):
        common = (f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
        return usable_images(compose_config("dataset=folder", *common, *overrides).dataset, root)

    return read


def test_a_folder_inside_a_class_is_refused_or_left_out(usable, tmp_path):
    root = make_files(tmp_path / "own", {"cat": 2, "cat/more": 2, "dog": 2})
    with pytest.raises(ConfigError) as error:
        usable(root)
    assert "cat/more: no folder inside a class is read; move the images up" in str(error.value)
    assert "remove" not in str(error.value)
    found = usable(root, "dataset.skip_bad=true")
    assert found.folder.files == ("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png")
    assert found.remarks == ("1 folder inside classes left out: cat/more",)


def test_what_is_no_image_is_neither_used_nor_hashed(usable, tmp_path):
    root = make_files(tmp_path / "own", {"cat": 3, "dog": 3})
    before = usable(root)
    (root / "cat" / "zz.jpg").write_text("a note")
    with pytest.raises(ConfigError, match=r"cat/zz.jpg: cannot be read as an image \(text file"):
        usable(root)
    found = usable(root, "dataset.skip_bad=true")
    assert found.folder.files == before.folder.files
    assert found.digests == before.digests
    assert found.remarks == (
        "1 file was left out because no image could be read: cat/zz.jpg (1 text file)",
    )
