"""Words and paths as bash and zsh read them, for the commands that the program prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9_./,:+@%-][A-Za-z0-9_./,:+@%=-]*")
"""Both shells read such a word as it is; zsh would look for a command behind an = at the front."""
_SPECIAL_WITHIN_QUOTES = frozenset('"$`\\!')
"""What bash or zsh would read within double quotes."""


def shell_word(text: str) -> str:
    r"""Quote a word where bash or zsh would not read it as it is.

    >>> print(shell_word("study=demo"), shell_word("=a"), shell_word("it's [1]"))
    study=demo '=a' "it's [1]"
    >>> print(shell_word("caf" + chr(0xDCE9)), shell_word("a" + chr(9)))
    $'caf\xe9' $'a\x09'
    """
    if _PLAIN.fullmatch(text):
        return text
    if text.isprintable():
        if "'" in text and _SPECIAL_WITHIN_QUOTES.isdisjoint(text):
            return f'"{text}"'
        return "'" + text.replace("'", "'\"'\"'") + "'"
    return "$'" + "".join(map(_escape, text)) + "'"


def _escape(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode(errors="surrogateescape"))


def shell_path(path: Path | str) -> str:
    """Quote a path that no command shall take for an option or a home folder.

    >>> shell_path("results/demo"), shell_path("-x"), shell_path("~")
    ('results/demo', './-x', "'./~'")
    """
    text = str(path)
    return shell_word(f"./{text}" if text.startswith(("-", "~")) else text)


def shell_command(*words: str) -> str:
    """Return the line that runs a command of these words.

    >>> print(shell_command("python", "-m", "module", "study='a b'"))
    python -m module "study='a b'"
    """
    return " ".join(map(shell_word, words))
