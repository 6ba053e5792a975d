"""`python -m ensemble_switchover.results`, as a user calls it."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from ensemble_switchover.analysis.design_table import RUN_FRAME_COLUMNS
from ensemble_switchover.results.__main__ import main
from ensemble_switchover.results.run_table import RUN_TABLE_COLUMNS
from ensemble_switchover.results.time_spent import SECONDS_PARTS
from tests.results.conftest import DESCRIPTION
from tests.results.program import rows, run


def test_every_run_is_listed_with_its_state(study, capsys):
    found = {row["name"]: row for row in rows(capsys, study)}
    assert {name: row["state"] for name, row in found.items()} == {
        "busy": "running", "damaged": "unreadable", "deq": "finished", "failed": "failed",
        "single": "finished", "stopped": "interrupted", "weq": "finished",
    }  # fmt: skip
    assert list(found["deq"]) == list(RUN_TABLE_COLUMNS)
    deq, stopped = found["deq"], found["stopped"]
    assert (deq["design_class"], deq["k"], deq["epochs"]) == ("deq", 4, 2)
    assert (deq["error_percent"], deq["training_seconds"], deq["epoch_seconds"]) == (19, 9, 4)
    assert DESCRIPTION.items() <= stopped.items()
    assert stopped["note"] == "goes on after 7 epochs"
    assert found["failed"]["note"] == "out of [red]memory"
    assert f"process {os.getpid()} of " in found["busy"]["note"]
    assert "not a record" in found["damaged"]["note"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_runs_are_exported_to_one_file(suffix, study, tmp_path, capsys):
    path = tmp_path / f"runs.{suffix}"
    code, out, err = run(capsys, study, "--export", path)
    assert (code, out) == (0, f"7 rows in {path}\n")
    assert err.startswith("unreadable: damaged: ")
    frame = pl.read_csv(path) if suffix == "csv" else pl.read_parquet(path)
    assert frame.columns == list(RUN_TABLE_COLUMNS)
    assert frame.filter(pl.col("name") == "weq")["error_percent"].to_list() == [18.0]
    assert {path.name for path in tmp_path.iterdir()} == {"study", f"runs.{suffix}"}


@pytest.mark.parametrize("name", ["runs.xlsx", "runs", "no/such/folder/runs.csv"])
def test_an_export_that_cannot_be_is_refused_at_once(name, study, tmp_path, capsys):
    with pytest.raises(SystemExit) as ending:
        main([str(study), "--export", str(tmp_path / name)])
    assert ending.value.code == 2
    assert "--export: expected a " in capsys.readouterr().err


def test_the_columns_are_printed_and_in_the_docs(capsys):
    code, out, err = run(capsys, "--columns")
    assert (code, err) == (0, "")
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    assert out in page, "write the table anew: make docs"
    described = [line.split(" | ")[0].strip("| `") for line in out.splitlines()[2:]]
    assert set(described) == {*RUN_TABLE_COLUMNS, *RUN_FRAME_COLUMNS}
    assert all(line.count(" | ") == 2 and line.endswith(". |") for line in out.splitlines()[2:])


@pytest.mark.process
def test_the_columns_end_quietly_when_their_reader_has_left():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "ensemble_switchover.results", "--columns"]
    ended = subprocess.run(command, check=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_without_a_folder_there_is_nothing_to_list(capsys):
    with pytest.raises(SystemExit) as ending:
        main([])
    assert ending.value.code == 2
    assert "expected a folder" in capsys.readouterr().err


def test_an_absent_folder_is_one_sentence(tmp_path, capsys):
    code, out, err = run(capsys, tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path / 'nowhere'}: no such folder")


def test_an_empty_folder_has_no_runs(tmp_path, capsys):
    code, out, _ = run(capsys, tmp_path)
    assert code == 0
    assert out.splitlines()[-1] == "0 runs"


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as ending:
        main(["--help"])
    assert ending.value.code == 0
    out = capsys.readouterr().out
    for option in ("--where", "--epochs", "--export", "--format", "--check"):
        assert option in out


def test_where_the_time_went_is_a_row_for_each_design(study, capsys):
    found = rows(capsys, study, "--where-time-went")
    assert [(row["design_class"], row["k"], row["runs"]) for row in found] == [
        ("single", 1, 1), ("deq", 4, 1), ("weq", 4, 1),
    ]  # fmt: skip
    (deq,) = rows(capsys, study, "--where-time-went", "--where", "design_class='deq'")
    assert deq in found
    parts = [f"{part}_seconds" for part in SECONDS_PARTS if part != "waiting"]
    assert sum(deq[part] for part in parts) == pytest.approx(deq["wall_seconds"])
    code, out, err = run(capsys, study, "--where-time-went")
    assert (code, err) == (0, "")
    assert "Seconds per run" in out
    assert "3 finished" in out


@pytest.mark.parametrize("other", ["--epochs", "--check"])
def test_where_the_time_went_is_a_table_of_its_own(other, study, capsys):
    with pytest.raises(SystemExit) as ending:
        main([str(study), "--where-time-went", other])
    assert ending.value.code == 2
    assert "expected" in capsys.readouterr().err
