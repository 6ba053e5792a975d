"""Archives are read without unpacking, and dangerous or damaged ones are refused."""

import errno
import io
import random
import tarfile
import zipfile

import pytest

from ensemble_switchover.data.sources.archives import read_members
from ensemble_switchover.errors import DataError

FILES = {
    "set/a.bin": b"one",
    "set/deep/b.bin": random.Random(0).randbytes(9000),
    "set/c.txt": b"three",
}


def write_tar(path, files=FILES, entries=(), mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        folder = tarfile.TarInfo("set")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for entry in entries:
            archive.addfile(entry)
    return path


def write_zip(path, files=FILES, entries=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("set")
        for name, content in files.items():
            archive.writestr(name, content)
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


@pytest.mark.parametrize(
    "write",
    [write_tar, write_zip, lambda path: write_tar(path, mode="w"),
     lambda path: write_tar(path, mode="w:xz")],
)  # fmt: skip
def test_the_wanted_files_are_read(write, tmp_path):
    path = write(tmp_path / "set.archive")
    found = list(read_members(path, lambda name: name.endswith(".bin")))
    assert found == [(name, FILES[name]) for name in ("set/a.bin", "set/deep/b.bin")]
    assert list(tmp_path.iterdir()) == [path]


ESCAPES = ["../outside", "set/../../outside", "/outside", "set\\..\\..\\outside"]


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_a_path_that_leads_outside_is_refused(write, name, tmp_path):
    path = write(tmp_path / "set.archive", {**FILES, name: b"out"})
    with pytest.raises(DataError) as error:
        list(read_members(path, lambda name: True))
    assert str(error.value) == f"{path}: {name} leads outside of the archive; refused"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(kind, tmp_path):
    entry = tarfile.TarInfo("set/strange")
    entry.type, entry.linkname = kind, "/etc/passwd"
    path = write_tar(tmp_path / "set.tar.gz", entries=[entry])
    with pytest.raises(DataError, match=r"set/strange is neither a file nor a folder; refused"):
        list(read_members(path, lambda name: True))


def test_a_link_in_a_zip_is_refused(tmp_path):
    entry = zipfile.ZipInfo("set/strange")
    entry.external_attr = 0o120777 << 16
    path = write_zip(tmp_path / "set.zip", entries=[(entry, "/etc/passwd")])
    with pytest.raises(DataError, match=r"set/strange is a link; refused"):
        list(read_members(path, lambda name: True))


def flip(content, position):
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"junk" * 300,
        lambda content: flip(content, len(content) // 2),
    ],
)
@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_a_damaged_archive_is_one_clear_error(write, damage, tmp_path):
    path = write(tmp_path / "set.archive")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError) as error:
        list(read_members(path, lambda name: True))
    assert str(error.value).startswith(f"{path} cannot be read (")
    assert "\n" not in str(error.value)


def encrypt(content):
    """Set the encryption flag in every header of a zip archive."""
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        parts = content.split(mark)
        offset = place - len(mark)
        content = mark.join(
            [parts[0], *(part[:offset] + b"\x01" + part[offset + 1 :] for part in parts[1:])]
        )
    return content


def compress_strangely(content):
    """Set an unknown compression method in every header of a zip archive."""
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        parts = content.split(mark)
        offset = place - len(mark)
        content = mark.join(
            [parts[0], *(part[:offset] + b"\x63" + part[offset + 1 :] for part in parts[1:])]
        )
    return content


@pytest.mark.parametrize(
    ("spoil", "reason"), [(encrypt, "is encrypted"), (compress_strangely, "compression method")]
)
def test_a_zip_that_python_cannot_read_is_one_clear_error(spoil, reason, tmp_path):
    path = write_zip(tmp_path / "set.zip")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError, match=reason) as error:
        list(read_members(path, lambda name: True))
    assert str(error.value).startswith(f"{path} cannot be read (")


@pytest.mark.parametrize("fault", [ValueError("a name"), IndexError("out of range")])
def test_whatever_reading_a_member_raises_names_the_archive(fault, tmp_path, monkeypatch):
    path = write_zip(tmp_path / "set.zip")

    def fail(self, member):
        raise fault

    monkeypatch.setattr(zipfile.ZipFile, "read", fail)
    with pytest.raises(DataError, match="cannot be read"):
        list(read_members(path, lambda name: True))


def test_no_archive_is_to_be_removed_for_what_the_machine_refuses(tmp_path, monkeypatch):
    def fail(path):
        raise OSError(errno.ESTALE, "Stale file handle", str(path))

    monkeypatch.setattr(tarfile, "open", fail)
    (tmp_path / "a.tar").touch()
    with pytest.raises(DataError, match="cannot be read") as told:
        list(read_members(tmp_path / "a.tar", lambda name: True))
    assert "Stale file handle; its file server lost it" in str(told.value)
    assert "remove" not in str(told.value)


def test_an_archive_that_is_absent_is_one_clear_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        list(read_members(tmp_path / "none.zip", lambda name: True))
