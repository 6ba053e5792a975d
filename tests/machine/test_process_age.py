"""The age of a process is told where the system tells it."""

import sys
import time
from pathlib import Path

import pytest

from ensemble_switchover.machine.process_age import process_age_seconds


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")
def test_it_grows_with_the_clock():
    first, begin = process_age_seconds(), time.perf_counter()
    time.sleep(0.05)
    second, passed = process_age_seconds(), time.perf_counter() - begin
    assert first > 0
    assert 0.05 <= second - first <= passed + 0.01


def test_it_is_unknown_where_the_system_does_not_tell(monkeypatch):
    def absent(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", absent)
    assert process_age_seconds() is None
