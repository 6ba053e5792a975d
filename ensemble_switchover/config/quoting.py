"""Overrides as Hydra reads them: texts in quotes where Hydra would read something else."""

from __future__ import annotations

import re

from hydra.core.override_parser.types import Quote, QuotedString

from ensemble_switchover.machine.shell import shell_word

_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]*")
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9_.+:/-]+")
"""Hydra reads these characters as they are."""
_KEYWORDS = {"null", "true", "false"}
_REFERENCE = re.compile(r"(\\*)\$\{")


def hydra_text(text: str) -> str:
    r"""Write a text as the value of an override, in quotes where Hydra needs them.

    >>> hydra_text("demo"), hydra_text("a b"), hydra_text("007"), hydra_text("${seed}")
    ('demo', "'a b'", "'007'", "'\\${seed}'")
    """
    if _WHOLE_NUMBER.fullmatch(text):
        return text
    plain = _PLAIN_TEXT.fullmatch(text) and text.lower() not in _KEYWORDS
    return text if plain and not _is_number(text) else quoted_text(text)


def quoted_text(text: str) -> str:
    """Write a text in Hydra's quotes, of which every character counts as it is."""
    escaped = _REFERENCE.sub(lambda found: f"{found[1] * 2}\\${{", text)
    return QuotedString(escaped, Quote.single).with_quotes()


def shell_override(key: str, text: str) -> str:
    """Return the word for a shell that sets a key to a text.

    >>> print(shell_override("study", "a,b"))
    "study='a,b'"
    """
    return shell_word(f"{key}={quoted_text(text)}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
