"""Paths and names as people type and read them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ensemble_switchover.errors import ConfigError

_SURROGATE = re.compile("[\ud800-\udfff]")
_FIRST_BYTE = 0xDC00
"""Python stands for the byte 0xe9 of a name that is not UTF-8 with the character 0xdce9."""
MAX_NAME_BYTES = 255
"""What common file systems allow for the name of a file or folder."""
MAX_PATH_BYTES = 4096 - 512
"""What Linux allows for a path, without what the program adds below a folder."""


def is_text(name: str) -> bool:
    """Return whether a name is UTF-8, so that it can be stored and printed.

    >>> is_text("caf\N{LATIN SMALL LETTER E WITH ACUTE}"), is_text("caf" + chr(0xDCE9))
    (True, False)
    """
    return _SURROGATE.search(name) is None


def readable(name: str | Path) -> str:
    r"""Return a name or a text with the bytes of it that are not UTF-8 escaped.

    >>> print(readable("caf" + chr(0xDCE9)))
    caf\xe9
    """
    return _SURROGATE.sub(_escape, str(name))


def on_one_line(name: str | Path) -> str:
    r"""Return a name of a file in the middle of a sentence: with control characters escaped, too.

    >>> print(on_one_line("caf" + chr(0xDCE9) + chr(10)))
    caf\xe9\n
    """
    text = readable(name)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    byte = code - _FIRST_BYTE
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else f"\\u{code:04x}"


def user_path(text: str, key: str = "") -> Path:
    """Return the path that a user typed; `~` and `~name` at its beginning are home folders.

    Args:
        text: What the user typed.
        key: What it is the value of, such as `results=`, for the message.

    Raises:
        ConfigError: if there is no such user, or no home folder.
    """
    if not text.startswith("~"):
        return Path(text)
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        user = text.partition("/")[0]
        raise ConfigError(
            f"{key}{on_one_line(text)}: the home folder of {on_one_line(user)} is not known; "
            f"expected another path, or ./{on_one_line(text)} for a folder of that name"
        ) from error


def path_problem(text: str) -> str | None:
    """Say what is expected instead of a path that no file system takes; None for another."""
    names = os.fsencode(text).split(b"/")
    if max(map(len, names)) > MAX_NAME_BYTES:
        return f"expected names of at most {MAX_NAME_BYTES} bytes in the path"
    if sum(map(len, names)) + len(names) > MAX_PATH_BYTES:
        return f"expected a path of at most {MAX_PATH_BYTES} bytes"
    return None
