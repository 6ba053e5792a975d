"""Runs and epochs as a table: selection, columns and export."""

import csv
import io
import json

import pytest

from ensemble_switchover.results.run_table import RUN_TABLE_COLUMNS
from tests.results.program import rows, run


def test_where_selects(study, capsys):
    def names(where):
        return [row["name"] for row in rows(capsys, study, "--where", where)]

    assert names("design_class='deq' and dataset='digits'") == ["deq"]
    assert names("error_percent < 19.5") == ["deq", "weq"]
    assert names("state in ('failed', 'interrupted')") == ["failed", "stopped"]
    assert names("k = 99") == []


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("design_class=deq", 'unable to find column "deq"'),
        ("no_such = 1", 'unable to find column "no_such"'),
        ("design_class='deq' and", "sql parser error"),
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


def test_epochs_are_a_row_each(study, tmp_path, capsys):
    found = rows(capsys, study, "--epochs", "--where", "design_class='deq'")
    assert [(row["name"], row["epoch"], row["error_percent"]) for row in found] == [
        ("deq", 1, 29.0), ("deq", 2, 19.0),
    ]  # fmt: skip
    assert found[0]["member_error_percent"] == [31.0] * 4
    run(capsys, study, "--epochs", "--export", tmp_path / "epochs.csv")
    with (tmp_path / "epochs.csv").open() as file:
        written = list(csv.DictReader(file))
    assert len(written) == 6
    assert json.loads(written[0]["member_error_percent"]) == [31.0] * 4
    code, out, _ = run(capsys, study, "--epochs")
    assert code == 0
    assert "29.00" in out


def test_csv_has_every_column(study, capsys):
    _, out, err = run(capsys, study, "--format", "csv")
    found = list(csv.DictReader(io.StringIO(out)))
    assert list(found[0]) == list(RUN_TABLE_COLUMNS)
    assert len(found) == 7
    assert err.startswith("unreadable: damaged: ")
