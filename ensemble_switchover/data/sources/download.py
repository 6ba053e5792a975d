"""Fetching the files of published data sets: checked, resumed, whole or not there at all.

Libraries for this (pooch, torchvision) neither resume a download nor keep processes apart.
"""

from __future__ import annotations

import hashlib
import re
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from filelock import FileLock
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ensemble_switchover.errors import DataError
from ensemble_switchover.machine.units import MEBIBYTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from http.client import HTTPResponse
    from pathlib import Path

TIMEOUT_SECONDS = 30.0
ATTEMPTS = 5
"""Connections in a row that bring nothing, after which a download is given up."""

PAUSE_SECONDS = 1.0
"""Before another connection; it grows with every attempt."""

DOWNLOAD_PIECE_BYTES = MEBIBYTE
AGENT = "ensemble_switchover"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A published file."""

    url: str
    md5: str
    """As published; against damage, not against an attacker."""

    @property
    def name(self) -> str:
        """Name of the file, here and there."""
        return self.url.rpartition("/")[2]


class _Sink(Protocol):
    def __call__(self, received_bytes: int, total_bytes: int | None) -> None: ...


class _NetworkError(Exception):
    """A download that cannot go on; the text says why."""


class _CutOffError(_NetworkError):
    """The connection ended before the file did; another one may bring the rest."""


def fetch(
    files: Sequence[RemoteFile], root: Path, dataset: str, mirror: str | None = None
) -> list[Path]:
    """Return the paths of published files in `root`, downloading those that are not there.

    What has arrived of a download that broke off stays as `.part`, and the next one goes on from
    there. Of several processes one downloads and the others wait.

    Args:
        files: Where they are published, and their checksums.
        root: The folder for them.
        dataset: Name of the data set, for messages.
        mirror: An address that has the same files; absent: where they are published.

    Raises:
        DataError: if one cannot be downloaded or written, or is not the published one.
    """
    for file in files:
        url = file.url if mirror is None else f"{mirror.rstrip('/')}/{file.name}"
        try:
            _fetch(url, root / file.name, file.md5, dataset)
        except _NetworkError as error:
            absent = [other.name for other in files if not (root / other.name).is_file()]
            raise DataError(
                f"dataset={dataset}: {file.name} cannot be downloaded from {url} ({error}); put "
                f"{' and '.join(absent)} into {root}, or set dataset.root= to a folder with "
                f"{' and '.join(other.name for other in files)}"
            ) from error
        except OSError as error:
            raise DataError(
                f"dataset={dataset}: {file.name} cannot be kept in {root} "
                f"({error.strerror or error}); make room there, or set dataset.root= to a folder "
                f"that can be written"
            ) from error
    return [root / file.name for file in files]


def _fetch(url: str, path: Path, md5: str, dataset: str) -> None:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock")):
            if not path.is_file():
                _download(url, path, md5)
                return
    found = md5_of(path)
    if found != md5:
        raise DataError(
            f"dataset={dataset}: {path} is not the published file: expected MD5 {md5}, found "
            f"{found}; remove it, and it is downloaded anew"
        )


def md5_of(path: Path) -> str:
    """Return a file's MD5 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _download(url: str, path: Path, md5: str) -> None:
    part = path.with_name(f"{path.name}.part")
    resumed = part.exists()
    with _progress_bar(path.name) as sink:
        _complete(url, part, sink)
        if resumed and md5_of(part) != md5:
            part.unlink()  # the remnant was of something else
            _complete(url, part, sink)
    found = md5_of(part)
    if found != md5:
        part.unlink()
        raise _NetworkError(f"what came is not the published file: expected MD5 {md5}, got {found}")
    part.rename(path)


def _complete(url: str, part: Path, sink: _Sink) -> None:
    """Connect until the whole file has arrived.

    Raises:
        _NetworkError: after so many connections in a row that brought nothing.
        OSError: if it cannot be written; what was written is removed then.
    """
    fruitless = 0
    while True:
        size = _size_of(part)
        try:
            _continue(url, part, sink)
        except _CutOffError:
            fruitless = 0 if _size_of(part) > size else fruitless + 1
            if fruitless >= ATTEMPTS:
                raise
            time.sleep(PAUSE_SECONDS * fruitless)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        else:
            return


def _continue(url: str, part: Path, sink: _Sink) -> None:
    """Take up a download where it ended, or at the beginning if the server cannot do that."""
    start = _size_of(part)
    response = _connect(url, start)
    if response is None:
        return
    with response:
        if not _continues_at(response, start):
            start = 0
        with part.open("ab" if start else "wb") as file:
            _receive(response, file, start, sink)


def _size_of(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _connect(url: str, start: int) -> HTTPResponse | None:
    """Ask for a file from a byte on; None if nothing lies beyond that byte."""
    headers = {"User-Agent": AGENT}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return None
        kind = _CutOffError if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR else _NetworkError
        raise kind(f"the server says {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        # without a network there is no point in waiting for one
        there_is_one = not isinstance(reason, (socket.gaierror, ConnectionRefusedError))
        kind = _CutOffError if there_is_one else _NetworkError
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise kind(text) from error
    return response


def _continues_at(response: HTTPResponse, start: int) -> bool:
    place = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return (
        response.status == HTTPStatus.PARTIAL_CONTENT
        and place is not None
        and int(place[1]) == start
    )


def _receive(response: HTTPResponse, file: BinaryIO, start: int, sink: _Sink) -> None:
    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdigit() else None
    received = start
    while piece := _piece(response):
        file.write(piece)
        received += len(piece)
        sink(received, total)
    if total is not None and received < total:
        raise _CutOffError(f"the connection ended after {received:,} of {total:,} bytes")


def _piece(response: HTTPResponse) -> bytes:
    try:
        return response.read(DOWNLOAD_PIECE_BYTES)
    except (OSError, HTTPException) as error:
        raise _CutOffError(str(error) or type(error).__name__) from error


@contextmanager
def _progress_bar(name: str) -> Iterator[_Sink]:
    """Show a bar on a terminal, and nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(name, total=None)

        def show(received_bytes: int, total_bytes: int | None) -> None:
            progress.update(task, completed=received_bytes, total=total_bytes)

        yield show
