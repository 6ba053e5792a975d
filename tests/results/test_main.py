"""`python -m ensemble_switchover.results`, as a user calls it."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import polars as pl
import pytest
import yaml

from ensemble_switchover.results.__main__ import main
from ensemble_switchover.results.layout import (
    CONFIG_FILE,
    EPOCHS_FILE,
    RECORD_FILE,
    checkpoint_folder,
    unfinished_folder,
)
from ensemble_switchover.results.lock import take_lock
from ensemble_switchover.results.record import RunDescription
from ensemble_switchover.results.store import (
    read_records,
    write_description,
    write_failure,
    write_record,
)
from ensemble_switchover.results.table import RUN_TABLE_COLUMNS
from tests.factories import make_record

DESCRIPTION = RunDescription(
    family="vgg", dataset="svhn", design_class="weq", k=2, depth=8, width=16, budget_depth=11,
    budget_width=16, budget_parameters=900, parameters=800, epochs=50, seed=4, fingerprint="abc",
)  # fmt: skip


@pytest.fixture
def study(tmp_path):
    """Three finished runs, and one in every other state."""
    folder = tmp_path / "study"
    for number, name in enumerate(("single", "deq", "weq")):
        errors = [30.0 - number, 20.0 - number]
        record = make_record(design_class=name, name=name, study="study", test_errors=errors)
        write_record(folder / name, record)
    write_failure(folder / "failed", "failed", "out of [red]memory", description=DESCRIPTION)
    (folder / "damaged").mkdir()
    (folder / "damaged" / RECORD_FILE).write_text("{")
    checkpoints = checkpoint_folder(folder / "stopped")
    checkpoints.mkdir(parents=True)
    (checkpoints / "000007.checkpoint").touch()
    write_description(folder / "stopped", DESCRIPTION)
    lock = take_lock(unfinished_folder(folder / "busy"))
    write_description(folder / "busy", DESCRIPTION)
    yield folder
    lock.release()


def run(capsys, *arguments):
    code = main([*map(str, arguments)])
    return code, *capsys.readouterr()


def rows(capsys, *arguments):
    code, out, _ = run(capsys, *arguments, "--format", "json")
    assert code == 0
    return json.loads(out)


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


def test_a_table_tells_states_and_names_what_is_not_finished(study, capsys):
    code, out, err = run(capsys, study)
    assert (code, err) == (0, "")
    assert "failed: failed: out of [red]memory" in out
    assert "unreadable: damaged: " in out
    last = out.splitlines()[-1]
    assert last == "7 runs: 1 running, 1 interrupted, 3 finished, 1 failed, 1 unreadable"


def test_where_selects(study, capsys):
    def names(where):
        return [row["name"] for row in rows(capsys, study, "--where", where)]

    assert names("design='deq' and dataset='digits'") == ["deq"]
    assert names("test_error_percent < 19.5") == ["deq", "weq"]
    assert names("state in ('failed', 'interrupted')") == ["failed", "stopped"]
    assert names("k = 99") == []


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("design=deq", 'unable to find column "deq"'),
        ("no_such = 1", 'unable to find column "no_such"'),
        ("design='deq' and", "sql parser error"),
        ("k", "must be of type `Boolean`"),
        ("", "sql parser error"),
        ("k = 2; DROP TABLE runs", "sql parser error"),
    ],
)
def test_a_wrong_expression_is_one_sentence_with_the_columns(where, reason, study, capsys):
    code, out, err = run(capsys, study, "--where", where)
    assert (code, out) == (2, "")
    assert err.startswith(f"--where {where}: ")
    assert reason in err
    assert "text in single quotes, over the columns state, note, study" in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


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


def test_epochs_are_a_row_each(study, tmp_path, capsys):
    found = rows(capsys, study, "--epochs", "--where", "design='deq'")
    assert [(row["name"], row["epoch"], row["test_error_percent"]) for row in found] == [
        ("deq", 1, 29.0), ("deq", 2, 19.0),
    ]  # fmt: skip
    assert found[0]["member_test_errors_percent"] == [31.0] * 4
    run(capsys, study, "--epochs", "--export", tmp_path / "epochs.csv")
    with (tmp_path / "epochs.csv").open() as file:
        written = list(csv.DictReader(file))
    assert len(written) == 6
    assert json.loads(written[0]["member_test_errors_percent"]) == [31.0] * 4
    code, out, _ = run(capsys, study, "--epochs")
    assert code == 0
    assert "29.00" in out


def test_csv_has_every_column(study, capsys):
    _, out, err = run(capsys, study, "--format", "csv")
    found = list(csv.DictReader(io.StringIO(out)))
    assert list(found[0]) == list(RUN_TABLE_COLUMNS)
    assert len(found) == 7
    assert err.startswith("unreadable: damaged: ")


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


# Check


def test_a_check_takes_every_record(study, capsys):
    with pytest.raises(SystemExit) as ending:
        main([str(study), "--check", "--where", "k=4"])
    assert ending.value.code == 2
    assert "--check takes every record" in capsys.readouterr().err


@pytest.fixture
def sound(tiny_spec):
    """A record as a run writes it, its configuration and fingerprint included."""
    spec, config = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=4")
    record = make_record(name=spec.name)
    values = {"fingerprint": spec.fingerprint, "config": asdict(config)}
    write_record(spec.folder, replace(record, **values), {"predictions": b"1234"})
    return spec.folder


def test_a_sound_record_is_found_sound(sound, capsys):
    assert run(capsys, sound.parent, "--check") == (0, "1 record checked, 0 of them wrong\n", "")


def test_a_record_of_version_1_is_found_sound(tmp_path, capsys):
    data = Path(__file__).parent / "data" / "version_1"
    name = json.loads((data / RECORD_FILE).read_text())["name"]
    shutil.copytree(data, tmp_path / name)
    code, out, _ = run(capsys, tmp_path, "--check")
    assert code == 0
    assert out.splitlines()[-1] == "1 record checked, 0 of them wrong"


def edit(path, old, new):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


def change_seed(folder):
    record = read_records(folder).records[0]
    shutil.rmtree(folder)
    write_record(folder, replace(record, config={**record.config, "seed": 5}))


DAMAGES = {
    "a digit of the record": (
        lambda run: edit(run / RECORD_FILE, b'"parameters": ', b'"parameters": 1'),
        f"{RECORD_FILE}: its checksum is another",
    ),
    "a bit of the epochs": (
        lambda run: edit(run / EPOCHS_FILE, b"PAR1", b"PAR2"),
        f"{EPOCHS_FILE}: damaged: its checksum is another",
    ),
    "a cut file": (lambda run: (run / "predictions").write_bytes(b"123"), "it has 3 bytes"),
    "a missing file": (lambda run: (run / "predictions").unlink(), "No such file"),
    "the configuration beside it": (
        lambda run: edit(run / CONFIG_FILE, b"seed: 0", b"seed: 1"),
        f"{CONFIG_FILE}: damaged",
    ),
    "another configuration": (change_seed, "its configuration has"),
    "a folder of another name": (lambda run: run.rename(run.with_name("other")), "another"),
    "no record": (lambda run: (run / RECORD_FILE).write_text("{}"), "not a record"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_any_damage_is_found(damage, sound, capsys):
    harm, message = DAMAGES[damage]
    harm(sound)
    code, out, _ = run(capsys, sound.parent, "--check")
    assert code == 1
    assert any(line.startswith("wrong: ") and message in line for line in out.splitlines()), out
    assert out.splitlines()[-1] == "1 record checked, 1 of them wrong"


def test_a_configuration_of_another_version_is_told_and_not_wrong(sound, capsys):
    import shutil

    record = read_records(sound).records[0]
    config = {key: value for key, value in record.config.items() if key != "compile"}
    shutil.rmtree(sound)
    write_record(sound, replace(record, config=config))
    code, out, _ = run(capsys, sound.parent, "--check")
    assert code == 0
    assert "its fingerprint cannot be compared: compile: is new since then" in out
    assert yaml.safe_load((sound / CONFIG_FILE).read_text()) == config


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
