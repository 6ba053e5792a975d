"""Times that are added to a finished run lie beside its record, whole or not at all."""

from dataclasses import replace

import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.added_timings import add_timings, read_added_timings
from ensemble_switchover.results.layout import RECORD_FILE, TIMINGS_FILE
from ensemble_switchover.results.timing_file import read_measured_file
from tests.results.added import measured_values
from tests.results.test_timing_file import write_json


@pytest.fixture
def timing(tmp_path):
    measured = read_measured_file(write_json(tmp_path / "timing.json", measured_values("abc")))
    return measured.timing_of(measured.models[0])


def test_what_was_added_is_read(timing, tmp_path):
    assert read_added_timings(tmp_path, "abc") == []
    other = replace(timing, threads=1)
    assert add_timings(tmp_path, "abc", [timing]) == 0
    assert add_timings(tmp_path, "abc", [other]) == 0
    assert read_added_timings(tmp_path, "abc") == [timing, other]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device_name", "another"),
        ("name", "mine"),
        ("runtime", "torch"),
        ("threads", 2),
        ("precision", "int8"),
        ("execution", "fused"),
    ],
)
def test_the_same_twice_replaces_and_another_adds(field, value, timing, tmp_path):
    later = replace(timing, date="2026-11-30T00:00:00+00:00", sha256="cd" * 32)
    add_timings(tmp_path, "abc", [timing])
    assert add_timings(tmp_path, "abc", [later]) == 1
    assert read_added_timings(tmp_path, "abc") == [later]
    assert add_timings(tmp_path, "abc", [replace(timing, **{field: value})]) == 0
    assert len(read_added_timings(tmp_path, "abc")) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("Board", "Bored"), "changed since it was written"),
        (lambda text: "{}", "changed since it was written"),
        (lambda text: text[:100], "changed since it was written"),
    ],
)
def test_damage_is_found(change, said, timing, tmp_path):
    add_timings(tmp_path, "abc", [timing])
    path = tmp_path / TIMINGS_FILE
    path.write_text(change(path.read_text()))
    with pytest.raises(RecordError, match=said):
        read_added_timings(tmp_path, "abc")


def test_times_of_another_run_are_refused(timing, tmp_path):
    add_timings(tmp_path, "abc", [timing])
    with pytest.raises(RecordError, match="is of the run abc, and its record of other"):
        read_added_timings(tmp_path, "other")


def test_the_record_itself_is_not_touched(timing, tmp_path):
    (tmp_path / RECORD_FILE).write_text("as it was")
    add_timings(tmp_path, "abc", [timing])
    assert (tmp_path / RECORD_FILE).read_text() == "as it was"
    assert {path.name for path in tmp_path.iterdir()} == {
        RECORD_FILE,
        TIMINGS_FILE,
        "timing.json",
    }
