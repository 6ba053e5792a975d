"""Names of files for people: bytes that are no text are written as escapes."""

from __future__ import annotations

import os
import shlex


def is_text(name: str | os.PathLike[str]) -> bool:
    r"""Return whether a file name is UTF-8, as records, logs and metadata must be.

    >>> is_text("café"), is_text("caf\udce9")
    (True, False)
    """
    try:
        os.fspath(name).encode()
    except UnicodeEncodeError:
        return False
    return True


def readable_name(name: str | os.PathLike[str]) -> str:
    r"""Return a file name on one line, with escapes for control characters and what is not UTF-8.

    >>> print(readable_name("caf\udce9/1\n.jpg"))
    caf\xe9/1\n.jpg
    """
    text = os.fsencode(name).decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shell_word(path: str | os.PathLike[str]) -> str:
    r"""Quote a path for bash and zsh, whatever bytes it has.

    >>> print(shell_word("my photos"), shell_word("caf\udce9"))
    'my photos' $'caf\xe9'
    """
    text = os.fspath(path)
    if is_text(path) and text.isprintable():
        return shlex.quote(text)
    return f"$'{''.join(map(_escaped, os.fsencode(path)))}'"


def _escaped(byte: int) -> str:
    character = chr(byte)
    if not 32 <= byte < 127:
        return f"\\x{byte:02x}"
    return f"\\{character}" if character in "\\'" else character
