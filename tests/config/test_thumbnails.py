"""Thumbnails are those of PIL, and are made once a content."""

import numpy as np
import pytest
from PIL import Image

from ensemble_switchover.config import thumbnails as module
from ensemble_switchover.config.image_file import read_image
from ensemble_switchover.config.thumbnails import thumbnails
from ensemble_switchover.machine.file_digests import digests_of_files


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "own"
    root.mkdir()
    generator = np.random.default_rng(0)
    for number in range(5):
        coarse = Image.fromarray(generator.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        coarse.resize((900, 600), Image.Resampling.BICUBIC).save(root / f"{number}.jpg", quality=95)
    (root / "note.jpg").write_text("no image")
    return root


def made(root, memory):
    files = sorted(path.name for path in root.iterdir())
    digests = digests_of_files(root, files, memory)
    found = thumbnails(root, digests, memory)
    return {file: found[digests[file]] for file in files if digests[file] in found}


def test_they_are_those_of_the_whole_image(root, tmp_path):
    found = made(root, tmp_path / "memory")
    assert sorted(found) == [f"{number}.jpg" for number in range(5)]
    for file, pixels in found.items():
        with Image.open(root / file) as image:
            small = image.convert("L").resize((16, 16), Image.Resampling.BILINEAR)
        whole = np.asarray(small, dtype=float).ravel()
        assert np.abs(pixels - whole).max() <= 3  # of which PIL decoded a quarter of the side


def test_each_content_is_read_once(root, tmp_path, monkeypatch):
    read = []

    def note(path, *arguments, **keywords):
        read.append(path.name)
        return read_image(path, *arguments, **keywords)

    monkeypatch.setattr(module, "read_image", note)
    memory = tmp_path / "memory"
    first = made(root, memory)
    assert len(read) == 6
    (root / "new.jpg").write_bytes((root / "0.jpg").read_bytes() + b" ")
    read.clear()
    second = made(root, memory)
    assert sorted(read) == ["new.jpg", "note.jpg"]
    assert all((second[file] == pixels).all() for file, pixels in first.items())
    (kept,) = memory.glob("thumbnails-*")
    kept.write_bytes(kept.read_bytes()[:100])
    read.clear()
    made(root, memory)
    assert len(read) == 7
