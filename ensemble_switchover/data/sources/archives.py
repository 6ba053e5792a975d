"""Files out of tar and zip archives, without unpacking any.

Members are read into memory one by one, so an archive never writes to the disk. One with a path
that leads outside, a link or a device is refused all the same: it is not what it claims to be.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from lzma import LZMAError
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ensemble_switchover.errors import DataError
from ensemble_switchover.machine.units import MEBIBYTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DAMAGES = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # an encrypted member, a compression that is not known
    ValueError,  # names and numbers that cannot be
    IndexError,
)
ARCHIVE_PIECE_BYTES = MEBIBYTE
UNIX_KIND = 0o170000
UNIX_LINK = 0o120000


def read_members(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the wanted files of a tar or zip archive.

    Args:
        path: The archive.
        wanted: Is given a member's name, its parts joined by `/`.

    Raises:
        DataError: naming the archive, if it is damaged or has a member that is refused.
    """
    try:
        if zipfile.is_zipfile(path):
            yield from _of_zip(path, wanted)
        else:
            yield from _of_tar(path, wanted)
    except DAMAGES as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{path} cannot be read ({reason}); remove it and get it anew") from error


def _of_tar(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            _refuse_outside(path, member.name)
            if not (member.isfile() or member.isdir()):
                raise DataError(f"{path}: {member.name} is neither a file nor a folder; refused")
            if member.isfile() and wanted(member.name):
                file = archive.extractfile(member)
                assert file is not None
                yield member.name, file.read()
        rest = archive.fileobj
        while rest is not None and rest.read(ARCHIVE_PIECE_BYTES):
            pass  # a compressed archive has its checksum at the very end


def _of_zip(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            _refuse_outside(path, member.filename)
            if (member.external_attr >> 16) & UNIX_KIND == UNIX_LINK:
                raise DataError(f"{path}: {member.filename} is a link; refused")
            if not member.is_dir() and wanted(member.filename):
                yield member.filename, archive.read(member)


def _refuse_outside(path: Path, name: str) -> None:
    member = PurePosixPath(name.replace("\\", "/"))
    if member.is_absolute() or ".." in member.parts:
        raise DataError(f"{path}: {name} leads outside of the archive; refused")
