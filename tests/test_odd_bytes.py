"""What lies on the disk under names that are not UTF-8 is read and shown with escapes."""

import json
import os
from pathlib import Path

import pytest

from ensemble_switchover import advise, dashboard, explore, export, plan, report
from ensemble_switchover.results import __main__ as results
from ensemble_switchover.results.store import write_failure, write_record
from tests.factories import make_record
from tests.reporting.undrawn import ENCODE, draw_nothing

pytestmark = pytest.mark.slow

CAFE = os.fsdecode(b"caf\xe9")
SHOWN = r"caf\xe9"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Make a store whose study, failed run, damaged run and unfinished run are named so."""
    root = tmp_path_factory.mktemp("odd") / "results"
    for seed in (0, 1):
        for design_class in ("single", "deq"):
            record = make_record(design_class=design_class, seed=seed)
            write_record(root / CAFE / record.name, record)
    write_failure(root / CAFE / f"failed {CAFE}", "a", f"{CAFE} is full")
    damaged = root / CAFE / f"damaged {CAFE}"
    damaged.mkdir()
    (damaged / "record.json").write_text("{")
    (root / CAFE / ".unfinished" / CAFE).mkdir(parents=True)
    return root


def ended(command, *arguments, capsys):
    """Run a command that does not fail; everything that it prints is text."""
    assert command.main([*map(str, arguments)]) == 0
    shown = capsys.readouterr()
    (shown.out + shown.err).encode()
    return shown.out


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_results_lists_every_run(store, form, capsys):
    shown = ended(results, store, "--format", form, capsys=capsys).replace(r"\\", "\\")
    assert f"failed {SHOWN}" in shown
    assert f"damaged {SHOWN}" in shown
    assert f"{SHOWN} is full" in shown


def test_results_lists_epochs_and_exports(store, tmp_path, capsys):
    epochs = ended(results, store, "--epochs", "--format", "json", capsys=capsys)
    assert {Path(row["folder"]).parent.name for row in json.loads(epochs)} == {SHOWN}
    assert len(json.loads(epochs)) == 12
    for name in ("runs.csv", "runs.parquet"):
        assert "6 rows" in ended(results, store, "--export", tmp_path / name, capsys=capsys)


def test_results_checks_and_names_what_is_wrong(store, capsys):
    assert results.main([str(store), "--check"]) == 1
    shown = capsys.readouterr().out
    assert f"damaged {SHOWN}/record.json" in shown
    assert "5 records checked, " in shown


def test_pages_name_what_is_missing(store, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ENCODE, draw_nothing)
    ended(report, store, "--out", tmp_path / "report", capsys=capsys)
    ended(explore, store, "--out", tmp_path / "explorer.html", capsys=capsys)
    for page in ("report/index.html", "report/summary.json", "explorer.html"):
        text = (tmp_path / page).read_text(encoding="utf-8").replace(r"\\", "\\")
        assert f"{SHOWN}/failed {SHOWN}" in text


def test_advice_plan_and_dashboard_go_on(store, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ENCODE, draw_nothing)
    ended(advise, store, capsys=capsys)
    ended(plan, f"results={store}", capsys=capsys)
    ended(dashboard, store, "--dry-run", "--out", tmp_path / "dashboard.json", capsys=capsys)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (report, [CAFE]),
        (report, ["results", f"--out={CAFE}"]),
        (explore, [CAFE]),
        (advise, [CAFE]),
        (results, [CAFE]),
        (results, ["results", "--where", CAFE]),
        (export, [CAFE, "--format", "onnx"]),
        (dashboard, [CAFE]),
        (plan, [f"dataset.root={CAFE}"]),
        (plan, [f"study='{CAFE}'"]),
        (plan, [f"results={CAFE}"]),
    ],
)
def test_a_command_refuses_such_a_word_in_one_sentence(command, arguments, capsys):
    try:
        code = command.main(arguments)
    except SystemExit as ending:
        code = ending.code
    assert code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{SHOWN}" in line
    assert "is not UTF-8; expected a name without such bytes; to rename a file or folder: " in line
    assert line.endswith(f"mv $'{SHOWN}' NEW_NAME")
