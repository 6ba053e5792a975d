"""What images are like is counted by their headers, against images made to be so."""

import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ensemble_switchover.config import image_survey as module
from ensemble_switchover.config.image_survey import map_headers, survey_headers
from ensemble_switchover.machine.file_digests import digests_of_files


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "own"
    root.mkdir()
    return root


def survey(root, memory):
    files = sorted(path.name for path in root.iterdir())
    return survey_headers(root, digests_of_files(root, files, memory), memory)


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def test_sides_are_the_shorter_ones_of_upright_images(root, tmp_path):
    Image.new("RGB", (30, 20)).save(root / "a.jpg", exif=turned(6))
    Image.new("RGB", (20, 30)).save(root / "b.jpg")
    Image.new("RGB", (3000, 1)).save(root / "c.png")
    found = survey(root, tmp_path / "memory")
    assert (found.smallest_side, found.median_side, found.largest_side) == (1, 20, 20)
    assert found.num_sizes == 2  # the first is 20 by 30, too, once it is upright
    assert found.num_turned == 1
    assert found.num_elongated == 1


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_turned_images_are_counted_in_every_format(ending, root, tmp_path):
    for orientation in (1, 3):
        image = Image.new("RGB", (30, 20), (orientation, 0, 0))
        image.save(root / f"{orientation}.{ending}", exif=turned(orientation))
    assert survey(root, tmp_path / "memory").num_turned == 1


def test_modes_are_counted(root, tmp_path):
    deep = np.full((4, 4), 40_000, np.uint16)
    Image.fromarray(deep).save(root / "deep.png")
    Image.fromarray(deep).save(root / "deep.tif")
    Image.new("L", (4, 4)).save(root / "grey.png")
    Image.new("1", (4, 4)).save(root / "bits.png")
    Image.new("LA", (4, 4)).save(root / "grey and clear.png")
    Image.new("RGBA", (4, 4)).save(root / "clear.png")
    Image.new("P", (4, 4)).save(root / "palette.png", transparency=0)
    Image.new("CMYK", (4, 4)).save(root / "print.jpg")
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(root / "moving.gif", save_all=True, append_images=frames[1:])
    found = survey(root, tmp_path / "memory")
    assert (found.num_images, found.unread) == (9, ())
    assert found.num_deep == 2
    assert found.num_transparent == 3
    assert found.num_animated == 1
    assert found.num_grey == 5


def test_a_colour_image_of_16_bits_is_deep(root, tmp_path):
    def chunk(name, data):
        content = name + data
        return struct.pack(">I", len(data)) + content + struct.pack(">I", zlib.crc32(content))

    header = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)  # PIL writes no colour of 16 bits
    pixels = zlib.compress(bytes(4 * (1 + 4 * 6)))
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    (root / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    found = survey(root, tmp_path / "memory")
    assert (found.num_deep, found.num_grey) == (1, 0)


def test_no_pixel_is_read(root, tmp_path):
    Image.new("RGB", (500, 400)).save(root / "cut.png")
    content = (root / "cut.png").read_bytes()
    (root / "cut.png").write_bytes(content[:60])
    assert survey(root, tmp_path / "memory").largest_side == 400


def test_what_has_no_header_is_named(root, tmp_path):
    Image.new("RGB", (4, 4)).save(root / "a.png")
    (root / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (root / "c.png").symlink_to("nowhere")
    found = survey(root, tmp_path / "memory")
    assert (found.num_images, found.unread) == (1, ("b.png", "c.png"))
    (root / "a.png").unlink()
    assert survey(root, tmp_path / "memory").largest_side == 0


def test_each_content_is_read_once(root, tmp_path, monkeypatch):
    read = []

    def note(formats, paths):
        read.extend(paths)
        return map_headers(formats, paths)

    monkeypatch.setattr(module, "map_headers", note)
    memory = tmp_path / "memory"
    for number in range(200):
        Image.new("L", (number + 1, 300)).save(root / f"{number:03}.png")
    Image.new("L", (1, 300)).save(root / "copy.png")
    first = survey(root, memory)
    assert len(read) == 200
    assert (first.num_images, first.median_side) == (201, 100)
    read.clear()
    assert survey(root, memory) == first
    assert read == []
    (path,) = memory.glob("headers-*")
    path.write_text(json.dumps({key: [1, 2] for key in json.loads(path.read_text())}))
    assert survey(root, memory) == first
    assert len(read) == 200
