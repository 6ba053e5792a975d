"""Which files can be read as images, tried once a content."""

import errno
import json
import os
import shutil

import pytest
from PIL import Image

from ensemble_switchover.config import image_file
from ensemble_switchover.config.file_kinds import count_kinds
from ensemble_switchover.config.image_file import read_image, unreadable_images
from ensemble_switchover.machine.file_digests import digests_of_files
from tests.config.image_folders import make_files

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def unreadable(root, memory):
    files = sorted(str(path.relative_to(root)) for path in root.glob("*/*"))
    return unreadable_images(root, digests_of_files(root, files, memory), 3, memory)


def test_each_content_is_tried_once(tmp_path, monkeypatch):
    root, memory = make_files(tmp_path / "own", {"cat": 3}), tmp_path / "memory"
    (root / "cat" / "a.jpg").write_bytes(HEIC)
    (root / "cat" / "b.jpg").write_bytes(HEIC)
    (root / "cat" / "gone.jpg").symlink_to("nowhere")
    tried = []

    def note(path, channels):
        tried.append(path.name)
        return read_image(path, channels)

    monkeypatch.setattr(image_file, "read_image", note)
    first = unreadable(root, memory)
    assert {file: error.kind for file, error in first.items()} == {
        "cat/a.jpg": "HEIC image", "cat/b.jpg": "HEIC image", "cat/gone.jpg": None,
    }  # fmt: skip
    assert len(tried) == 5
    tried.clear()
    assert [str(error) for error in unreadable(root, memory).values()] == list(
        map(str, first.values())
    )
    assert tried == ["gone.jpg"]
    shutil.copy(root / "cat" / "0.png", root / "cat" / "a.jpg")
    assert set(unreadable(root, memory)) == {"cat/b.jpg", "cat/gone.jpg"}


@pytest.mark.parametrize("kept", ["5", '"x"', "[1]", "[null, null]", '["x", 7]', "{}"])
def test_a_remembered_entry_that_is_none_is_not_believed(kept, tmp_path):
    root, memory = make_files(tmp_path / "own", {"cat": 1}), tmp_path / "memory"
    (root / "cat" / "a.jpg").write_bytes(HEIC)
    before = {file: error.kind for file, error in unreadable(root, memory).items()}
    (path,) = memory.glob("readable-*")
    path.write_text(json.dumps(dict.fromkeys(json.loads(path.read_text()), json.loads(kept))))
    assert {file: error.kind for file, error in unreadable(root, memory).items()} == before


def test_files_are_counted_by_kind_with_the_cure(tmp_path):
    root = make_files(tmp_path / "own", {"cat": 2})
    for number in range(3):
        (root / "cat" / f"{number}.heic").write_bytes(HEIC + bytes([number]))
    (root / "cat" / "page.jpg").write_text("<html>")
    found = unreadable(root, tmp_path / "memory")
    said = count_kinds(error.kind for error in found.values())
    assert said.startswith("3 HEIC images, 1 HTML page; convert HEIC images with heif-convert ")


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "PNG", "TIFF"])
def test_an_image_of_another_format_than_its_name_is_read(kind, tmp_path):
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {kind}")
    path = tmp_path / "1.jpg"
    Image.new("RGB", (8, 8), (255, 255, 255)).save(path, kind)
    image, _ = read_image(path, 3)
    assert image.getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ESTALE])
def test_a_machine_that_fails_to_read_an_image_says_nothing_of_it(number, tmp_path, monkeypatch):
    (tmp_path / "a.png").touch()

    def fail(*arguments, **keywords):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        read_image(tmp_path / "a.png", 3)
