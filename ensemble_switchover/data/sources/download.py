"""Download the files of published data sets, resume broken downloads and verify checksums.

The usual libraries (pooch, torchvision) neither resume a download nor keep concurrent processes
from downloading the same file.
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
"""The number of consecutive connections without a byte after which a download fails."""

PAUSE_SECONDS = 1.0
"""The pause before the first new connection; it grows with every attempt."""

DOWNLOAD_CHUNK_BYTES = MEBIBYTE
AGENT = "ensemble_switchover"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A published file and its checksum."""

    url: str
    md5: str
    """The published MD5, which detects damage but no attack."""

    @property
    def name(self) -> str:
        """The name of the file, the last part of its URL."""
        return self.url.rpartition("/")[2]


class _ShowProgress(Protocol):
    def __call__(self, received_bytes: int, total_bytes: int | None) -> None: ...


class _NetworkError(Exception):
    """A download failed; the text gives the reason."""


class _ConnectionLostError(_NetworkError):
    """The connection ended before the file was complete; another one may deliver the rest."""


def fetch(
    files: Sequence[RemoteFile], root: Path, dataset: str, mirror: str | None = None
) -> list[Path]:
    """Return the paths of published files in `root`; download those that are absent.

    A broken download leaves a `.part` file, from which the next one resumes. If several processes
    need the same file, one downloads it and the others wait.

    Args:
        files: The published files.
        root: The folder to keep them in.
        dataset: The name of the data set, for messages.
        mirror: A URL under which the same files can be found instead.

    Raises:
        DataError: if a file cannot be downloaded or written, or its checksum is wrong.
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
                f"({error.strerror or error}); make room there, or set dataset.root= to a writable "
                f"folder"
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
            f"{found}; remove it to download it again"
        )


def md5_of(path: Path) -> str:
    """Return the MD5 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _download(url: str, path: Path, md5: str) -> None:
    part = path.with_name(f"{path.name}.part")
    resumed = part.exists()
    with _progress_bar(path.name) as show_progress:
        _download_all(url, part, show_progress)
        if resumed and md5_of(part) != md5:
            part.unlink()  # it began as another file
            _download_all(url, part, show_progress)
    found = md5_of(part)
    if found != md5:
        part.unlink()
        raise _NetworkError(f"not the published file: expected MD5 {md5}, got {found}")
    part.rename(path)


def _download_all(url: str, part: Path, show_progress: _ShowProgress) -> None:
    """Connect, again where needed, until the whole file has arrived.

    Raises:
        _NetworkError: after `ATTEMPTS` consecutive connections without a byte.
        OSError: if the file cannot be written; it is then removed.
    """
    fruitless = 0
    while True:
        size = _size_of(part)
        try:
            _download_rest(url, part, show_progress)
        except _ConnectionLostError:
            fruitless = 0 if _size_of(part) > size else fruitless + 1
            if fruitless >= ATTEMPTS:
                raise
            time.sleep(PAUSE_SECONDS * fruitless)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        else:
            return


def _download_rest(url: str, part: Path, show_progress: _ShowProgress) -> None:
    """Download what is missing of a file, or all of it if the server cannot resume."""
    start = _size_of(part)
    response = _connect(url, start)
    if response is None:
        return
    with response:
        if not _starts_at(response, start):
            start = 0
        with part.open("ab" if start else "wb") as file:
            _receive(response, file, start, show_progress)


def _size_of(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _connect(url: str, start: int) -> HTTPResponse | None:
    """Request a file from byte `start` on; return None if the file ends there."""
    headers = {"User-Agent": AGENT}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return None
        is_temporary = error.code >= HTTPStatus.INTERNAL_SERVER_ERROR
        kind = _ConnectionLostError if is_temporary else _NetworkError
        raise kind(f"the server answers {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        # without a network, waiting is useless
        has_network = not isinstance(reason, (socket.gaierror, ConnectionRefusedError))
        kind = _ConnectionLostError if has_network else _NetworkError
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise kind(text) from error
    return response


def _starts_at(response: HTTPResponse, start: int) -> bool:
    first_byte = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return (
        response.status == HTTPStatus.PARTIAL_CONTENT
        and first_byte is not None
        and int(first_byte[1]) == start
    )


def _receive(
    response: HTTPResponse, file: BinaryIO, start: int, show_progress: _ShowProgress
) -> None:
    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdigit() else None
    received = start
    while chunk := _read_chunk(response):
        file.write(chunk)
        received += len(chunk)
        show_progress(received, total)
    if total is not None and received < total:
        raise _ConnectionLostError(f"the connection ended after {received:,} of {total:,} bytes")


def _read_chunk(response: HTTPResponse) -> bytes:
    try:
        return response.read(DOWNLOAD_CHUNK_BYTES)
    except (OSError, HTTPException) as error:
        raise _ConnectionLostError(str(error) or type(error).__name__) from error


@contextmanager
def _progress_bar(name: str) -> Iterator[_ShowProgress]:
    """Show a progress bar if the output is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(name, total=None)

        def show(received_bytes: int, total_bytes: int | None) -> None:
            progress.update(task, completed=received_bytes, total=total_bytes)

        yield show
