"""What the operating system refuses or lacks, in one sentence: what, why, and what helps."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from pathlib import Path

from ensemble_switchover.errors import EnsembleSwitchoverError, first_line
from ensemble_switchover.machine.shell import shell_path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of errors by which a file could not be written for want of room."""
_ADVICE = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "the quota is used up; make room there",
    errno.EFBIG: "files may not be that large there; `ulimit -f` shows the limit",
    errno.EROFS: "name a folder that can be written",
    errno.EMFILE: "`ulimit -n` shows the limit for a process",
    errno.ENFILE: "the machine has reached its limit",
    errno.EIO: "its disk or file server failed",
    errno.ESTALE: "its file server lost it",
    errno.ENOTCONN: "its file server is away",
}
_OF_A_FILE_SYSTEM = (*NO_ROOM, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENOTCONN)
_PASSING = (
    errno.EMFILE, errno.ENFILE, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT,
)  # fmt: skip
_TEXTS = (
    *(os.strerror(number) for number in (*_ADVICE, errno.EPIPE)),
    "(os error ",  # Rust's libraries
    "can't start new thread",
    "terminated abruptly",  # a pool of processes, one of which was killed
    "Could not determine home directory",
    "uid not found",
    "No working C++ compiler",
    "busy or unavailable",  # CUDA, from here on
    "no CUDA-capable device",
    "uncorrectable ECC error",
    "CUDA driver initialization failed",
    "CUDA unknown error",
    "fallen off the bus",
)
"""Parts of what errors without a type of their own say: of torch, of Python, of libraries."""


def may_pass(error: BaseException) -> bool:
    """Return whether a file could not be read for the machine's sake, and another time may be.

    That says nothing of the file: neither that it is absent, nor that it is damaged.
    """
    return isinstance(error, OSError) and error.errno in _PASSING


def sentence_of(error: OSError) -> str:
    """Say in one sentence what the system refused, of which file, and what helps.

    >>> sentence_of(OSError(28, "No space left on device", "results/a.csv"))
    'results/a.csv: No space left on device; make room there'
    """
    if error.errno is None or error.strerror is None:
        return first_line(error)
    name = error.filename if isinstance(error.filename, str | bytes | os.PathLike) else None
    if name is None:
        advice = _ADVICE.get(error.errno, "").replace(" there", " on the disk")
        return "; ".join(part for part in (error.strerror, advice) if part)
    path = Path(os.fsdecode(name))
    if error.errno in (errno.EACCES, errno.EPERM):
        advice = _who_may(path)
    else:
        advice = _ADVICE.get(error.errno, "")
    return "; ".join(part for part in (f"{path}: {error.strerror}", advice) if part)


def machine_trouble(error: Exception, folder: Path | None = None) -> str | None:
    """Say what the machine lacks or has lost, if an error is of the machine and not of the run.

    Of the machine is every error of the operating system, a library that cannot be imported, and
    what torch and others say of either in a text of their own. Everything else is of the run.

    Args:
        error: What was raised.
        folder: Is named in place of a file below it, where a whole file system is in trouble.

    Returns:
        A sentence; None for an error of the run, or one that is explained already.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, EnsembleSwitchoverError):
        if isinstance(cause, OSError):
            return sentence_of(_of_folder(cause, folder))
        if isinstance(cause, ImportError) or any(text in str(cause) for text in _TEXTS):
            return f"{type(cause).__name__}: {first_line(cause)}"
        cause = cause.__cause__
    return None


def _of_folder(error: OSError, folder: Path | None) -> OSError:
    name = error.filename
    if folder is None or error.errno not in _OF_A_FILE_SYSTEM or not isinstance(name, str):
        return error
    if not Path(name).is_relative_to(folder):
        return error
    return OSError(error.errno, error.strerror, str(folder))


def _who_may(path: Path) -> str:
    """Say whose the file or folder is that refuses, and what its owner can do about it."""
    refusing = _refusing(path)
    try:
        status = refusing.stat()
    except OSError:
        return "name another place, or ask its owner"
    owner, me = _user(status.st_uid), _user(os.geteuid())
    rights = f"{refusing} is {owner}'s ({stat.filemode(status.st_mode)}), and you are {me}"
    if status.st_gid in {os.getegid(), *os.getgroups()}:
        help_of_owner = f"`chmod -R g+rwX {shell_path(refusing)}` by {owner} opens it to "
        return f"{rights}; {help_of_owner}the group {_group(status.st_gid)}"
    return f"{rights}; ask {owner} for the right, or name another place"


def _refusing(path: Path) -> Path:
    path = Path(os.path.abspath(path))  # noqa: PTH100 - links stay
    for folder in reversed(path.parents):
        if folder.is_dir() and not _may(folder, os.X_OK):
            return folder
    if os.path.lexists(path) and not _may(path, os.R_OK):
        return path
    existing = next(folder for folder in path.parents if os.path.lexists(folder))
    return path if os.path.lexists(path) and _may(existing, os.W_OK) else existing


def _may(path: Path, right: int) -> bool:
    return os.access(path, right, effective_ids=os.access in os.supports_effective_ids)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
