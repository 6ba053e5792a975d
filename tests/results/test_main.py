"""`python -m ensemble_switchover.results`, as a user calls it."""

import os
import subprocess
import sys

import polars as pl
import pytest

from ensemble_switchover.results.__main__ import main
from ensemble_switchover.results.table import RUN_TABLE_COLUMNS
from tests.results.program import rows, run


def test_every_run_is_listed_with_its_state(study, capsys):
    found = {row["name"]: row for row in rows(capsys, study)}
    assert {name: row["state"] for name, row in found.items()} == {
        "busy": "running", "damaged": "unreadable", "deq": "finished", "failed": "failed",
        "single": "finished", "stopped": "interrupted", "weq": "finished",
    }  # fmt: skip
    assert list(found["deq"]) == list(RUN_TABLE_COLUMNS)
    deq, stopped = found["deq"], found["stopped"]
    assert (deq["design"], deq["k"], deq["epochs"], deq["test_error_percent"]) == ("deq", 4, 2, 19)
    assert (deq["train_seconds"], deq["epoch_seconds"]) == (9, 4)
    assert (stopped["family"], stopped["design"], stopped["budget_depth"]) == ("vgg", "weq", 11)
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
    assert frame.filter(pl.col("name") == "weq")["test_error_percent"].to_list() == [18.0]
    assert {path.name for path in tmp_path.iterdir()} == {"study", f"runs.{suffix}"}


@pytest.mark.parametrize("name", ["runs.xlsx", "runs", "no/such/folder/runs.csv"])
def test_an_export_that_cannot_be_is_refused_at_once(name, study, tmp_path, capsys):
    with pytest.raises(SystemExit) as ending:
        main([str(study), "--export", str(tmp_path / name)])
    assert ending.value.code == 2
    assert "--export: expected a " in capsys.readouterr().err


def test_an_absent_folder_is_one_sentence(tmp_path, capsys):
    code, out, err = run(capsys, tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path / 'nowhere'}: no such folder")


def test_an_empty_folder_has_no_runs(tmp_path, capsys):
    code, out, _ = run(capsys, tmp_path)
    assert code == 0
    assert out.splitlines()[-1] == "0 runs"


def test_neither_torch_nor_wandb_is_imported(tmp_path):
    code = (
        "import sys\n"
        "from ensemble_switchover.results.__main__ import main\n"
        f"code = main([{str(tmp_path)!r}, '--check']) or main([{str(tmp_path)!r}])\n"
        "sys.exit(', '.join({'torch', 'wandb', 'sklearn'} & set(sys.modules)) or code)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True)


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as ending:
        main(["--help"])
    assert ending.value.code == 0
    out = capsys.readouterr().out
    for option in ("--where", "--epochs", "--export", "--format", "--check"):
        assert option in out
