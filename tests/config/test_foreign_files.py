"""Files that are no images are found before any image is decoded."""

import json
import os

import pytest

from ensemble_switchover.config import foreign_files as module
from ensemble_switchover.config.foreign_files import foreign_files, kind_of_file
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.file_digests import digests_of_files
from tests.config.image_folders import make_files


@pytest.fixture
def root(tmp_path):
    root = make_files(tmp_path / "own", {"cat": 4, "dog": 4})
    (root / "cat" / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic")
    (root / "cat" / "b.jpg").write_bytes(b"\xff\xd8\xff broken")
    (root / "dog" / "gone.jpg").symlink_to("nowhere")
    return root


def foreign(root, memory):
    files = sorted(str(path.relative_to(root)) for path in root.glob("*/*"))
    return foreign_files(root, digests_of_files(root, files, memory), memory)


def test_beginnings_are_read_once_a_content(root, tmp_path, monkeypatch):
    read = []

    def note(path):
        read.append(path.name)
        return kind_of_file(path)

    monkeypatch.setattr(module, "kind_of_file", note)
    assert foreign(root, tmp_path / "memory") == {"cat/a.jpg": "HEIC image"}
    assert len(read) == 10
    read.clear()
    assert foreign(root, tmp_path / "memory") == {"cat/a.jpg": "HEIC image"}
    assert read == []
    (path,) = (tmp_path / "memory").glob("kinds-*")
    path.write_text(json.dumps(dict.fromkeys(json.loads(path.read_text()), 5)))
    assert foreign(root, tmp_path / "memory") == {"cat/a.jpg": "HEIC image"}


def test_a_plan_refuses_them(root, tmp_path, compose_config):
    overrides = ("dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
    with pytest.raises(ConfigError) as error:
        resolve(compose_config(*overrides))
    text = str(error.value)
    assert text.startswith(f"{root}/cat/a.jpg: cannot be read as an image (HEIC image by its conte")
    assert "convert HEIC images with heif-convert" in text
    (root / "cat" / "a.jpg").unlink()
    assert resolve(compose_config(*overrides)).train_size == 8  # what is damaged is found later


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert kind_of_file(tmp_path / "pipe.png") is None
