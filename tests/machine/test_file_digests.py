"""Hashes of files' bytes."""

import errno
import os
import re
from pathlib import Path

import pytest

from ensemble_switchover.machine.file_digests import digest_of_contents, digests_of_files


def make(root):
    root.mkdir()
    for name, content in (("a", "one"), ("b", "two")):
        (root / name).write_text(content)
    return root


def digest(root, memory):
    return digest_of_contents(digests_of_files(root, ["a", "b", "none"], memory))


def test_files_that_swap_their_bytes_are_noticed_and_the_place_is_not(tmp_path):
    root, memory = make(tmp_path / "one"), tmp_path / "memory"
    before = digest(root, memory)
    assert digest(make(tmp_path / "two"), memory) == before
    (root / "a").write_text("two")
    (root / "b").write_text("one")
    for name in "ab":
        os.utime(root / name, (1, 1))
    assert digest(root, memory) != before


def test_what_is_remembered_is_not_read_again(tmp_path, monkeypatch):
    root, memory = make(tmp_path / "one"), tmp_path / "memory"
    before = digest(root, memory)
    opened = []
    real = Path.open

    def note(path, *arguments, **keywords):
        opened.append(path)
        return real(path, *arguments, **keywords)

    monkeypatch.setattr(Path, "open", note)
    assert digest(root, memory) == before
    assert not [path for path in opened if path.parent == root]


def test_a_memory_that_cannot_be_written_or_read_does_not_matter(tmp_path):
    root = make(tmp_path / "one")
    before = digest(root, tmp_path / "memory")
    assert digest(root, root / "a") == before
    (kept,) = (tmp_path / "memory").iterdir()
    kept.write_text("{")
    assert digest(root, tmp_path / "memory") == before


@pytest.mark.parametrize("kept", ["5", '""', '"x"', "null", "[]"])
def test_a_remembered_hash_that_is_none_is_not_believed(kept, tmp_path):
    root = make(tmp_path / "one")
    before = digest(root, tmp_path / "memory")
    (memory,) = (tmp_path / "memory").iterdir()
    memory.write_text(re.sub('"[0-9a-f]{64}"', kept, memory.read_text()))
    assert digest(root, tmp_path / "memory") == before


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ESTALE])
def test_a_machine_that_fails_to_read_changes_no_hash(number, tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"content")

    def fail(*arguments, **keywords):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        digests_of_files(tmp_path, ["a.png"], tmp_path / "memory")
