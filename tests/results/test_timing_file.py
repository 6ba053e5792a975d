"""`results --add-timing`: the times that `measure` wrote join the record they belong to."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ensemble_switchover.config.command_line import EXIT_USAGE
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.measurement.file_formats import TIMING_SCHEMA
from ensemble_switchover.results.added_timings import read_added_timings
from ensemble_switchover.results.layout import RECORD_FILE, TIMINGS_FILE
from ensemble_switchover.results.store import write_record
from ensemble_switchover.results.timing_file import read_measured_file
from tests.factories import make_record
from tests.results.added import BOARD, measured_model, measured_values
from tests.results.program import run


def write_json(path, values):
    path.write_text(json.dumps(values))
    return path


@pytest.fixture
def folder(tmp_path):
    """Two runs with fingerprints of their own."""
    for name in ("one", "two"):
        record = replace(make_record(name=name), fingerprint=f"of_{name}")
        write_record(tmp_path / "demo" / name, record)
    return tmp_path / "demo"


@pytest.mark.parametrize("place", ["", "one", f"one/{RECORD_FILE}"])
def test_times_join_the_record_of_their_fingerprint(place, folder, capsys):
    path = write_json(folder.parent / "t.json", measured_values("of_one", milliseconds=2.0))
    code, out, err = run(capsys, folder / place, "--add-timing", path)
    assert (code, out, err) == (0, f"one: 1 of {BOARD} added\n", "")
    (timing,) = read_added_timings(folder / "one", "of_one")
    assert (timing.device_name, timing.threads, timing.runtime_version) == (BOARD, 4, "1.32.0")
    assert [entry.batch_size for entry in timing.batches] == [1, 128]
    assert timing.batches[1].median_ms_per_image == pytest.approx(2.0)
    assert timing.batches[1].p99_ms_per_call == pytest.approx(2 * 2.0 * 128)
    assert read_added_timings(folder / "two", "of_two") == []

    code, out, _ = run(capsys, folder, "--add-timing", path)
    assert out == f"one: 1 of {BOARD} added, 1 of them in place of earlier ones\n"
    assert len(read_added_timings(folder / "one", "of_one")) == 1


def test_models_of_several_runs_join_each_and_strangers_are_told(folder, capsys):
    models = [
        measured_model("of_two"),
        measured_model("of_two", precision="int8"),
        measured_model("of_none", file="other.onnx"),
        measured_model(None, file="foreign.onnx"),
        measured_model("of_one", file="member-0.onnx", execution="member 0"),
    ]
    path = write_json(folder.parent / "t.json", measured_values("of_one", models=models, name="b"))
    code, out, _ = run(capsys, folder, "--add-timing", path)
    assert code == 0
    assert out.splitlines() == [
        "one: 1 of b added",
        "two: 2 of b added",
        "other.onnx (float32): is of the run with fingerprint of_none, which is no record; left "
        "out",
        "foreign.onnx (float32): names no run that it was exported from, so it is of no record; "
        "left out",
        "member-0.onnx (float32): is one member of a_run, and not the ensemble; left out",
    ]


def test_times_of_no_run_there_are_refused(folder, capsys):
    path = write_json(folder.parent / "t.json", measured_values("of_two"))
    code, out, err = run(capsys, folder / "one", "--add-timing", path)
    assert (code, out) == (EXIT_USAGE, "")
    assert "is of the run with fingerprint of_two, which is no record among 1 in" in err
    assert not (folder / "one" / TIMINGS_FILE).exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "expected what measure --json writes"),
        ('{"schema": "another/1"}', "found 'another/1'"),
        (json.dumps({"schema": TIMING_SCHEMA}), "date: "),
    ],
)
def test_another_file_is_one_sentence(text, said, tmp_path):
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_measured_file(path)


def test_a_file_without_end_is_refused():
    with pytest.raises(ConfigError, match="/dev/zero: expected what measure --json writes"):
        read_measured_file(Path("/dev/zero"))


def test_a_time_that_is_no_number_is_refused(tmp_path):
    values = measured_values("abc")
    values["models"][0]["timings"][0]["median_ms_per_image"] = -1.0
    with pytest.raises(ConfigError, match=r"models.0.timings.0.median_ms_per_image"):
        read_measured_file(write_json(tmp_path / "t.json", values))


def test_the_check_takes_them_too(folder, capsys):
    path = write_json(folder.parent / "t.json", measured_values("of_one"))
    run(capsys, folder, "--add-timing", path)
    _, before, _ = run(capsys, folder, "--check")
    assert TIMINGS_FILE not in before
    kept = folder / "one" / TIMINGS_FILE
    kept.write_text(kept.read_text().replace(BOARD, "Another board"))
    code, out, _ = run(capsys, folder, "--check")
    assert code == 1
    assert f"wrong: {kept}: changed since it was written" in out


@pytest.mark.parametrize("other", ["--check", "--recompute-quality"])
def test_adding_lists_nothing_else(folder, capsys, other):
    with pytest.raises(SystemExit):
        run(capsys, folder, "--add-timing", "t.json", other)
    assert "--add-timing adds times, and lists nothing" in capsys.readouterr().err
