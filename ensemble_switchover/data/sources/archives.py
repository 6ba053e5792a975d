"""Read files from tar and zip archives without unpacking them.

Files are read into memory one by one, so an archive never writes to the disk. Archives with a link,
a device or a path that leads outside are refused nevertheless: no published data set has any.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from lzma import LZMAError
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ensemble_switchover.errors import DataError, first_line
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.machine.units import MEBIBYTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

READ_ERRORS = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # an encrypted file, or an unknown compression
    ValueError,  # impossible names and numbers
    IndexError,
)
"""The exceptions that a damaged archive can cause."""
ARCHIVE_CHUNK_BYTES = MEBIBYTE
UNIX_FILE_TYPE = 0o170000
UNIX_LINK = 0o120000


def read_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of the wanted files of a tar or zip archive.

    Args:
        path: The archive.
        wanted: Decides by a file's name, whose parts are joined by `/`.

    Raises:
        DataError: if the archive is damaged or not readable, or has a link, a device or a path that
            leads outside.
    """
    try:
        if zipfile.is_zipfile(path):
            yield from _read_zip(path, wanted)
        else:
            yield from _read_tar(path, wanted)
    except READ_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:  # it says nothing of the file
            raise DataError(f"{path} cannot be read ({sentence_of(error)})") from error
        reason = first_line(error)
        raise DataError(f"{path} cannot be read ({reason}); remove it and get it again") from error


def _read_tar(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            _check_inside(path, member.name)
            if not (member.isfile() or member.isdir()):
                raise DataError(f"{path}: {member.name} is neither a file nor a folder; refused")
            if member.isfile() and wanted(member.name):
                file = archive.extractfile(member)
                assert file is not None
                yield member.name, file.read()
        rest = archive.fileobj
        while rest is not None and rest.read(ARCHIVE_CHUNK_BYTES):
            pass  # the checksum of a compressed archive is at its very end


def _read_zip(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            _check_inside(path, member.filename)
            if (member.external_attr >> 16) & UNIX_FILE_TYPE == UNIX_LINK:
                raise DataError(f"{path}: {member.filename} is a link; refused")
            if not member.is_dir() and wanted(member.filename):
                yield member.filename, archive.read(member)


def _check_inside(path: Path, name: str) -> None:
    member = PurePosixPath(name.replace("\\", "/"))
    if member.is_absolute() or ".." in member.parts:
        raise DataError(f"{path}: {name} leads outside of the archive; refused")
