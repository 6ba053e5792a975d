"""The idx reader against a plain one, and files that are not what they should be."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from ensemble_switchover.data.sources.idx_file import read_idx
from ensemble_switchover.errors import DataError
from tests.idx_files import DEBIANS_FASHION_MNIST, NEEDS_FASHION_MNIST, idx_bytes, md5

SHAPE = (5, 28, 28)
IMAGES = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
LABELS = np.arange(5, dtype=np.uint8)
PLAIN, PACKED = idx_bytes(IMAGES), gzip.compress(idx_bytes(IMAGES))


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("name", "content"), [("images", PLAIN), ("images.gz", PACKED)])
def test_images_and_checksum_are_those_of_the_plain_file(name, content, tmp_path):
    found = read_idx(write(tmp_path / name, content), SHAPE)
    assert np.array_equal(found.values, np.frombuffer(PLAIN, np.uint8, offset=16).reshape(SHAPE))
    assert found.values.dtype == np.uint8
    assert found.values.flags.writeable  # torch refuses others
    assert found.md5 == md5(PLAIN)


def test_labels_are_read_and_several_gzip_members_are_one_file(tmp_path):
    content = idx_bytes(LABELS)
    path = write(tmp_path / "labels.gz", gzip.compress(content[:9]) + gzip.compress(content[9:]))
    assert read_idx(path, (5,)).values.tolist() == [0, 1, 2, 3, 4]


@NEEDS_FASHION_MNIST
@pytest.mark.parametrize(
    ("name", "shape", "offset"),
    [
        ("t10k-images-idx3-ubyte.gz", (10_000, 28, 28), 16),
        ("t10k-labels-idx1-ubyte.gz", (10_000,), 8),
    ],
)
def test_a_published_file_is_read_as_numpy_reads_it(name, shape, offset):
    path = DEBIANS_FASHION_MNIST / name
    with gzip.open(path) as file:
        plain = np.frombuffer(file.read(), np.uint8, offset=offset).reshape(shape)
    assert np.array_equal(read_idx(path, shape).values, plain)


FLIPPED = PACKED[:-12] + bytes([PACKED[-12] ^ 0xFF]) + PACKED[-11:]
WRONG_CRC = PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:]
DOUBLES = struct.pack(">BBBBIII", 0, 0, 0x0E, 3, *SHAPE)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a", b"", r"expected 5 images in idx .* begins with 00 00 08 03, it is empty; put"),
        ("a", b"\0\0", "it begins with 00 00; put the published file in its place"),
        ("a", b"<html>", "it begins with 3c 68 74 6d; put"),
        ("a", DOUBLES, "it begins with 00 00 0e 03; put"),
        ("a", idx_bytes(LABELS), "it begins with 00 00 08 01, as one of labels does; put"),
        ("a", PLAIN[:10], "expected a header of 16 bytes, it ends after 10; put"),
        ("a", PLAIN[:16], "expected 3,920 bytes after its header, it ends after 0; put"),
        ("a", PLAIN[:-1], "expected 3,920 bytes after its header, it ends after 3,919; put"),
        ("a", PLAIN + b"\0", "expected 3,920 bytes after its header, more follow; put"),
        ("a", idx_bytes(IMAGES[:4]),
         "expected 5 images of 28x28 pixels, it has 4 images of 28x28 pixels; put"),
        ("a", idx_bytes(IMAGES.transpose(1, 0, 2)), "it has 28 images of 5x28 pixels"),
        ("a", PACKED, r"is packed by gzip; expected a\.gz as its name"),
        ("a.gz", PLAIN, "expected a gzip file, its first bytes .* or name it a if it is unpacked"),
        ("a.gz", b"", "expected a gzip file"),
        ("a.gz", b"\x1f\x8bjunk and no more", "whole gzip file, it is cut short or damaged"),
        ("a.gz", PACKED[:-1], "expected a whole gzip file, it is cut short or damaged .*; put"),
        ("a.gz", PACKED[: len(PACKED) // 2], "cut short or damaged"),
        ("a.gz", PACKED[:5], "cut short or damaged"),
        ("a.gz", FLIPPED, "cut short or damaged"),
        ("a.gz", WRONG_CRC, "cut short or damaged .*CRC check failed"),
        ("a.gz", PACKED + b"junk", "cut short or damaged"),
        ("a.gz", gzip.compress(PLAIN[:-1]), "expected 3,920 bytes after its header, it ends after"),
        ("a.gz", gzip.compress(PLAIN + b"\0"), "bytes after its header, more follow"),
    ],
)  # fmt: skip
def test_a_file_that_is_damaged_or_another_is_one_clear_error(name, content, message, tmp_path):
    path = write(tmp_path / name, content)
    with pytest.raises(DataError, match=message) as error:
        read_idx(path, SHAPE)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_images_in_place_of_labels_are_named(tmp_path):
    with pytest.raises(DataError, match=r"expected 5 labels .* as one of images does"):
        read_idx(write(tmp_path / "labels", PLAIN), (5,))


@pytest.mark.parametrize("name", ["absent", "."])
def test_a_file_that_cannot_be_opened_is_one_clear_error(name, tmp_path):
    with pytest.raises(DataError, match=r"cannot be read \(.*(No such file|Is a directory)"):
        read_idx(tmp_path / name, SHAPE)


def test_a_file_that_unpacks_to_much_more_is_refused_before_it_fills_the_memory(tmp_path):
    much = 200_000_000
    path = write(tmp_path / "bomb.gz", gzip.compress(PLAIN + bytes(much)))
    tracemalloc.start()
    with pytest.raises(DataError, match="more follow"):
        read_idx(path, SHAPE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < much / 100
