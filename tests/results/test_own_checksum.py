"""Files that sign themselves, and what is said of those that were changed."""

import json
from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.own_checksum import (
    NO_CHECKSUM,
    own_checksum,
    read_signed,
    sign_text,
)


@dataclass
class Number:
    schema_version: int
    number: int


def write(path, **values):
    path.write_bytes(sign_text(json.dumps({"sha256": NO_CHECKSUM, **values}).encode()))


def read(path):
    return read_signed(path, TypeAdapter(Number), 1, "numbers", "remove it")


def test_what_was_signed_is_read_and_an_absent_file_is_none(tmp_path):
    path = tmp_path / "number.json"
    assert read(path) is None
    write(path, schema_version=1, number=7)
    assert read(path) == Number(1, 7)
    signed = own_checksum(path.read_bytes())
    assert signed.stated == signed.found != NO_CHECKSUM


def test_every_changed_byte_is_found(tmp_path):
    path = tmp_path / "number.json"
    write(path, schema_version=1, number=7)
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(RecordError, match="changed since it was written; remove"):
            read(path)


def test_another_version_and_other_values_are_told(tmp_path):
    path = tmp_path / "number.json"
    write(path, schema_version=2, number=7)
    with pytest.raises(RecordError, match="schema version 2; this program reads 1"):
        read(path)
    write(path, schema_version=1, number="many")
    with pytest.raises(RecordError, match="is no file of numbers; remove it"):
        read(path)
    write(path, number=7)
    with pytest.raises(RecordError, match="is no file of numbers; remove it"):
        read(path)
