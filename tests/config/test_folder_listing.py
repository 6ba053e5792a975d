"""What is none of the user's images."""

import pytest

from ensemble_switchover.config.folder_listing import is_clutter, list_folder
from tests.config.image_folders import make_files


@pytest.mark.parametrize(
    "name",
    [
        *("@eaDir", "__MACOSX", "$RECYCLE.BIN", "__pycache__", "lost+found", "#recycle"),
        *("System Volume Information", "@Recycle", "RECYCLER", "found.000", "Network Trash Folder"),
        *(".git", ".ipynb_checkpoints", ".Trash-1000", ".AppleDouble", ".thumbnails", "._1.jpg"),
        *("Thumbs.db", "ehthumbs.db", "desktop.ini", ".DS_Store", "Icon\r", "Picasa.ini"),
        *("@thumb", "@sharebin", "node_modules", "pspbrwse.jbf", "_gsdata_", "__pypackages__"),
    ],
)
def test_what_others_leave_is_clutter_in_any_case(name):
    assert is_clutter(name)
    assert is_clutter(name.upper())
    assert is_clutter(name.lower())


@pytest.mark.parametrize(
    "name", ["cat", "Thumbs", "recycle bin", "recycled", "macosx", "found", "git", "1.jpg"]
)
def test_classes_and_images_are_not(name):
    assert not is_clutter(name)


def test_links_are_what_they_lead_to(tmp_path):
    make_files(tmp_path / "elsewhere", {"dog": 1})
    root = make_files(tmp_path / "root", {"cat": 1, "@eaDir": 1})
    for name, target in {
        "dog": tmp_path / "elsewhere" / "dog",
        "image": tmp_path / "elsewhere" / "dog" / "0.png",
        "gone": tmp_path / "nowhere",
        "loop": "loop",
    }.items():
        (root / name).symlink_to(target)
    found = list_folder(root)
    assert found.folders == ["cat", "dog"]
    assert found.files == ["image"]
    assert found.broken == ["gone", "loop"]


def test_streams_and_backups_of_files_are_no_images_and_folders_so_named_are_classes(tmp_path):
    root = make_files(tmp_path, {"cat": 1, "cat~": 1})
    for name in ("a.jpg:Zone.Identifier", "Thumbs.db:encryptable", "0.png~", "#0.png#"):
        (root / "cat" / name).write_bytes(b"1")
    assert list_folder(root).folders == ["cat", "cat~"]
    assert list_folder(root / "cat").files == ["0.png"]
