"""A study with odd records: they are set aside with a line each, and everything else is shown."""

import io
import json
import math
from copy import deepcopy

import polars as pl
import pytest

from ensemble_switchover import advise, dashboard, explore, report
from ensemble_switchover.results import __main__ as listing
from ensemble_switchover.results import epochs_file
from ensemble_switchover.results.epochs_file import dump_epochs_file
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.layout import FAILURE_FILE, RECORD_FILE, unfinished_folder
from ensemble_switchover.results.store import read_folders, read_records, write_record
from tests.factories import make_record, make_study, planted_error, write_signed
from tests.reporting.undrawn import ENCODE, draw_nothing

ABSENT = object()
UNREADABLE = [
    ("seed", 2**70),
    ("seed", -1),
    ("seed", 1.5),
    ("seed", "many"),
    ("seed", "many\nlines"),
    ("seed", 2**10000),
    ("budget.width", {"a": [2**10000]}),
    ("design.k", 0),
    ("design.k", 2**62),
    ("design.depth", 0),
    ("design.member_flops", 2**63),
    ("design.budget_fill", math.nan),
    ("design.source", "a rule"),
    ("design.design_class", ABSENT),
    ("budget.parameters", 10**40),
    ("dataset.test_size", None),
    ("recipe.learning_rate", math.inf),
    ("recipe.epochs", 2**64),
    ("environment.num_threads", [1]),
    ("latencies.0.median_ms_per_image", math.nan),
    ("latencies.0.batch_size", 2**80),
    ("layer_times.0.median_ms", -1.0),
    ("wall_seconds", 1e308),
    ("summary.training_seconds", math.inf),
    ("summary.peak_rss_bytes", 2**63),
    ("summary.num_epochs", 0),
    ("study", "\ud800"),
]
SHOWN = [
    ("name", "a\x00b"),
    ("study", "\x1b[2J"),
    ("design.family", ""),
    ("dataset.options", {"a": 2**70, "b": math.nan}),
    ("config", {"measurement": [math.nan], "arch": 7, "k": 2**70}),
    ("member_seeds", [2**66]),
    ("summary.quality.error_percent", math.nan),
    ("started_at", "yesterday"),
]
EPOCHS = [
    lambda frame: frame.head(1),
    lambda frame: frame.clear(),
    lambda frame: frame.with_columns(epoch=pl.col("epoch").reverse()),
    lambda frame: frame.with_columns(epoch=pl.lit(2**40)),
    lambda frame: frame.with_columns(epoch=pl.lit("one")),
    lambda frame: frame.with_columns(training_seconds=pl.lit(math.nan)),
    lambda frame: frame.with_columns(training_seconds=pl.lit(-1.0)),
    lambda frame: frame.with_columns(error_percent=pl.lit(1e308)),
    lambda frame: frame.with_columns(error_percent=pl.lit(None, pl.Float64)),
    lambda frame: frame.with_columns(nll_nats=pl.lit(None, pl.Float64)),
    lambda frame: frame.with_columns(error_percent=pl.col("error_percent").shift(1)),
    lambda frame: frame.drop("ece"),
    lambda frame: frame.with_columns(peak_rss_bytes=pl.lit(-5)),
    lambda frame: frame.with_columns(member_error_percent=pl.lit([], pl.List(pl.Float64))),
    lambda frame: frame.with_columns(member_error_percent=pl.lit([None, 2.0], pl.List(pl.Float64))),
    lambda frame: frame.drop("learning_rate"),
]


def put(values, path, value):
    *places, last = (int(part) if part.isdecimal() else part for part in path.split("."))
    for place in places:
        values = values[place]
    if value is ABSENT:
        del values[last]
    else:
        values[last] = value


def forge(folder, path, value):
    """Change a value in a `record.json` as an older or another program would have written it."""
    file = folder / RECORD_FILE
    values = json.loads(file.read_text())
    put(values, path, value)
    write_signed(file, values)


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "demo"
    for record in make_study(planted_error, widths=(8, 10), num_epochs=3, seeds=(0, 1)):
        write_record(folder / record.name, record)
    return folder


def write_odd(folder, number, **fields):
    record = make_record(design_class="deq", width=8, name=f"odd{number}", seed=9, **fields)
    write_record(folder / f"odd{number}", record)
    return folder / f"odd{number}"


def write_unreadable(folder, monkeypatch):
    """Write a run for each way in which one is unreadable."""
    odd = []
    for path, value in UNREADABLE:
        odd.append(write_odd(folder, len(odd)))
        forge(odd[-1], path, value)
    for change in EPOCHS:
        buffer = io.BytesIO()
        frame = pl.read_parquet(dump_epochs_file(make_record(design_class="deq").epochs))
        change(frame).write_parquet(buffer)
        with monkeypatch.context() as patched:
            patched.setattr(epochs_file, "dump_epochs_file", lambda _, b=buffer: b.getvalue())
            odd.append(write_odd(folder, len(odd)))
    return odd


def commands(folder, out):
    """Return every command that reads a study, by name."""
    return {
        "results": lambda: listing.main([str(folder)]),
        "csv": lambda: listing.main([str(folder), "--format", "csv"]),
        "epochs": lambda: listing.main([str(folder), "--epochs", "--format", "json"]),
        "export": lambda: listing.main([str(folder), "--export", str(out / "runs.parquet")]),
        "report": lambda: report.main([str(folder), "--out", str(out / "report")]),
        "explore": lambda: explore.main([str(folder), "--out", str(out / "page.html")]),
        "advise": lambda: advise.main([str(folder), "--format", "json"]),
        "dashboard": lambda: dashboard.main(
            [str(folder), "--dry-run", "--out", str(out / "dashboard.json")]
        ),
    }


def test_every_odd_record_is_set_aside_and_named(study, monkeypatch):
    sound = read_records(study).records
    odd = write_unreadable(study, monkeypatch)
    records, unreadable = read_folders(find_runs(study).recorded)
    assert list(records.values()) == sound
    assert {entry.path.parent for entry in unreadable} == set(odd)
    for entry in unreadable:
        assert entry.reason.startswith(f"{entry.path}: ")
        assert "\n" not in entry.reason


@pytest.mark.parametrize("command", commands("", ""))
def test_every_command_shows_the_others(command, study, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ENCODE, draw_nothing)
    run = commands(study, tmp_path)[command]
    assert run() == 0
    before = capsys.readouterr().out
    odd = write_unreadable(study, monkeypatch)
    assert run() == 0
    after, complaints = capsys.readouterr()
    told = after + complaints
    if command == "report":
        told += (tmp_path / "report" / "summary.json").read_text()
    if command in ("results", "csv", "export"):  # they read no epochs
        odd = odd[: len(UNREADABLE)]
    assert [path.name for path in odd if path.name not in told] == []
    if command in ("advise", "epochs"):
        assert after == before


def test_what_only_looks_odd_is_shown_without_a_trace(study, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ENCODE, draw_nothing)
    for number, (path, value) in enumerate(SHOWN):
        forge(write_odd(study, number), path, value)
    for name, run in commands(study, tmp_path).items():
        if name not in ("advise", "dashboard"):  # which take one data set, and one study
            assert run() == 0, capsys.readouterr().err
    assert len(read_records(study).records) == 12 + len(SHOWN)


@pytest.mark.parametrize(
    "text",
    [
        '{"seed": 1180591620717411303424, "k": true, "family": "\\ud800"}',
        '{"seed": NaN, "name": 5, "dataset": [], "budget_parameters": -99999999999999999999}',
        "[]",
        '"\\u0000"',
        "",
    ],
)
def test_what_failed_and_unfinished_runs_left_may_be_odd(text, study, capsys):
    (study / "failed").mkdir()
    (study / "failed" / FAILURE_FILE).write_text(f'{{"error": {text or 3}, "run": {text or 3}}}')
    busy = unfinished_folder(study / "busy")
    busy.mkdir(parents=True)
    (busy / "run.json").write_text(text)
    (busy / "1.lock").write_text(text)
    (busy / "2.lock").write_text('{"host": 3, "machine": 1, "pid": 99999999999999999999}')
    assert listing.main([str(study), "--format", "csv"]) == 0
    listed = capsys.readouterr().out
    assert ",failed," in f",{listed.replace(chr(10), ',')}"
    assert "running" in listed


def test_the_values_that_are_put_in_are_put_in():
    values = {"a": [{"b": 1}]}
    changed = deepcopy(values)
    put(changed, "a.0.b", 2)
    assert (values, changed) == ({"a": [{"b": 1}]}, {"a": [{"b": 2}]})
