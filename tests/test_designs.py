"""`python -m ensemble_switchover.designs`, as a user calls it."""

import csv
import io
import json
import subprocess
import sys

import pytest

from ensemble_switchover.designs import main
from ensemble_switchover.planning.design_rows import (
    DESIGN_ROW_COLUMNS,
    PaperRow,
    list_designs,
    list_paper_tables,
)

WORDS = ["arch=densenet", "dataset=cifar10", "k=4,64", "budget.depth=40", "budget.width=12,20"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read_back(form, text, schema):
    """Read rows as another program would, as values of the schema's types."""
    if form == "json":
        return [schema(**row) for row in json.loads(text)]
    rows = []
    for row in csv.DictReader(io.StringIO(text)):
        types = {name: str(entry.type) for name, entry in schema.__dataclass_fields__.items()}
        rows.append(schema(**{name: typed(types[name], row[name]) for name in types}))
    return rows


def typed(kind, text):
    if text == "" and "None" in kind:
        return None
    if "bool" in kind:
        return {"True": True, "False": False}[text]
    return int(text) if "int" in kind else float(text) if "float" in kind else text


@pytest.mark.parametrize("form", ["csv", "json"])
def test_designs_are_read_back_as_the_solvers_values(form, capsys):
    assert main([*WORDS, "--format", form]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    rows = json.loads(out) if form == "json" else list(csv.DictReader(io.StringIO(out)))
    expected = list_designs(WORDS)
    if form == "csv":
        expected = [{n: "" if v is None else str(v) for n, v in row.items()} for row in expected]
    assert rows == expected
    assert list(rows[0]) == list(DESIGN_ROW_COLUMNS)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_papers_tables_are_read_back(form, capsys):
    assert main(["--paper", "dataset=cifar10", "--format", form]) == 0
    rows, _ = list_paper_tables(["dataset=cifar10"])
    assert read_back(form, capsys.readouterr().out, PaperRow) == rows


def test_a_table_shows_every_design_and_why_one_is_not_there(capsys):
    assert main(WORDS) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.lstrip().startswith("40x")]
    assert rows[0][:6] == ["40x12", "1,019,722", "single", "1", "40", "12"]
    assert [row[2:4] for row in rows[:5]] == [
        ["single", "1"], ["deq", "4"], ["weq", "4"], ["deq", "64"], ["weq", "64"],
    ]  # fmt: skip
    assert rows[0][6:8] == ["1,019,722", "1,019,722"]
    reasons = [line for line in lines if line.startswith("No such design: ")]
    assert any("design=deq k=64: 64 networks of depth 40 do not fit" in line for line in reasons)
    assert len(set(reasons)) == len(reasons)


def test_every_family_and_data_set_has_its_table(capsys):
    assert main(["arch=resnet,densenet", "dataset=cifar10,digits", "arch.family="]) == 2
    capsys.readouterr()
    assert main(["arch=resnet,densenet", "dataset=cifar10,digits", "design=single"]) == 0
    out = capsys.readouterr().out
    for title in ("resnet on cifar10", "resnet on digits", "densenet on cifar10"):
        assert out.count(title) == 1


def test_the_papers_tables_mark_what_overspends(capsys):
    assert main(["--paper", "dataset=cifar10"]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Table C"))
    rows = [line for line in lines[start:] if line.lstrip().startswith("26x16")]
    assert rows[0].rstrip().endswith("!")
    assert "369" not in rows[0]  # the budget is the single network's
    assert lines[-1] == (
        "cifar10: Table D: 9 of 9 rows as printed (9 of 9 weq depths, 9 of 9 deq widths)"
    )


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["k=0,65"], "2 problems:\n  - k=0: expected 1 to 64 members\n  - k=65"),
        (["budget.network=40"], "budget.network=40: expected depth x width in one word, as 40x12"),
        (["budget.depth="], "budget.depth=: expected a value of type Integer"),
        (["sweep=nope"], "sweep=nope: expected one of demo"),
        (["bugdet.width=3"], "bugdet.width: no such key; did you mean budget.width"),
        (["arch=resnett"], "arch=resnett: expected one of"),
        (["hello"], "hello: cannot be read; expected key=value"),
        (["budget=parameters", "budget.parameters=abc"],
         "budget.parameters=abc: expected a number of parameters such as 1.5M or 200k"),
        (["dataset.image_size=0"], "dataset.image_size=0: expected 1 to 1024"),
        (["--paper", "k=4"],
         "k=4: --paper takes all but the data set from the tables; expected dataset="),
        (["--paper", "dataset=nope"], "dataset=nope: expected one of cifar10"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_message(overrides, message, capsys):
    assert main(overrides) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)


def run(*overrides, pipe="", **environment):
    """Run the command in a shell, with its output in a pipe."""
    import os

    command = f"{sys.executable} -W error -m ensemble_switchover.designs {' '.join(overrides)}"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} {pipe}"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.process
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_reader_that_has_seen_enough_is_no_failure(form):
    overrides = ("sweep=demo", f"k={','.join(map(str, range(2, 33)))}", f"--format={form}")
    ended = run(*overrides, pipe="| head -1")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.count(b"\n") == 1


@pytest.mark.process
def test_an_output_of_ascii_alone_shows_what_it_can():
    ended = run("k=64", "design=deq", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"No such design: design=deq k=64" in ended.stdout
    assert ended.stdout.isascii()


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as ending:
        main(["--help"])
    assert ending.value.code == 0
    out = capsys.readouterr().out
    assert "--paper" in out
    assert "--format" in out
