"""Files that are there whole or not at all."""

import pytest

from ensemble_switchover.machine.files import whole_file, write_flushed_file


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with whole_file(path) as temporary:
        temporary.write_text("first")

    def fail_half_way():
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail_half_way()
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_a_flushed_file_replaces_the_old_one(tmp_path):
    path = tmp_path / "a" / "timings.json"
    for content in (b"first", b"second"):
        write_flushed_file(path, content)
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]
