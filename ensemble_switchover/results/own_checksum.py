"""JSON files that hold a checksum of themselves, so that any change of their text is found."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.system_errors import sentence_of

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

NO_CHECKSUM = "0" * 64
"""What stands in the entry `sha256` while the checksum is computed."""
_OWN_CHECKSUM = re.compile(rb'"sha256": "([0-9a-f]{64})"')


class OwnChecksum(NamedTuple):
    """The checksum that a file states of itself, and that of its text."""

    stated: str
    found: str


def checksum(content: bytes) -> str:
    """Return the SHA-256 of some bytes as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sign_text(text: bytes) -> bytes:
    """Put the checksum of a text in place of `NO_CHECKSUM`, which its first `sha256` has."""
    return text.replace(NO_CHECKSUM.encode(), checksum(text).encode(), 1)


def own_checksum(content: bytes) -> OwnChecksum | None:
    """Return the checksum that a signed text states, and the one it has; None if it states none.

    >>> own_checksum(sign_text(b'{"sha256": "%s"}' % NO_CHECKSUM.encode())) is None
    False
    >>> own_checksum(b"{}") is None
    True
    """
    stated = _OWN_CHECKSUM.search(content)
    if stated is None:
        return None
    start, end = stated.span(1)
    unsigned = content[:start] + NO_CHECKSUM.encode() + content[end:]
    return OwnChecksum(stated[1].decode(), checksum(unsigned))


def read_signed(
    path: Path, adapter: TypeAdapter[T], version: int, what: str, remedy: str
) -> T | None:
    """Read a file that was added beside a record, which signs itself; None where there is none.

    Args:
        path: The file.
        adapter: Reads its values, without the checksum.
        version: Schema version of the values.
        what: What the file is of, for the message.
        remedy: What to do about a damaged one.

    Raises:
        RecordError: if it is damaged, something else, or of another version.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordError(sentence_of(error)) from error
    signed = own_checksum(content)
    if signed is None or signed.stated != signed.found:
        raise RecordError(f"{path}: changed since it was written; {remedy}")
    try:
        values = from_json(content)
        if values["schema_version"] != version:
            raise RecordError(
                f"{path}: schema version {values['schema_version']}; this program reads {version}"
            )
        return adapter.validate_python({k: v for k, v in values.items() if k != "sha256"})
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path}: is no file of {what}; {remedy}") from error
