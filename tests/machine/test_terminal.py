"""What a terminal is given."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from ensemble_switchover.analysis.design_table import summarise_runs, tabulate_runs
from ensemble_switchover.machine.terminal import (
    ShownTable,
    duration,
    fitted,
    percent,
    print_table,
    quantity,
    rich_table,
    rough_duration,
    write_rows,
)
from ensemble_switchover.reporting.summary_tables import show_summary
from tests.factories import make_record, make_study, planted_error


def shown_text(title: str, width: int = 118) -> str:
    """Print the table of a small study."""
    summary = summarise_runs(tabulate_runs(make_study(planted_error)))
    shown = show_summary(summary, "test error", brief=True)
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(rich_table(shown, title))
    return console.export_text()


def test_no_cell_is_broken_on_a_wide_terminal() -> None:
    lines = shown_text("resnet on digits").splitlines()

    assert any("206,734" in line and "15.35 ± 0.28" in line and "70 %" in line for line in lines)


def test_a_title_is_never_markup_nor_a_control_sequence() -> None:
    text = shown_text("[red]name[/red] \x1b[2J")

    assert "[red]name[/red]" in text
    assert "\x1b" not in text


def test_conditions_are_shown_where_they_differ() -> None:
    records = [make_record(), make_record(seed=1, environment={"execution": "stacked"})]
    shown = show_summary(summarise_runs(tabulate_runs(records)), "test error", brief=True)

    assert (shown.headers[0], shown.headers[-1]) == ("Budget", "Condition")
    assert [shown.is_text(i) for i in (0, 1, 2, -1 + len(shown.headers))] == [
        *(True, True),
        *(False, True),
    ]
    assert rich_table(shown, "title").row_count == 2


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_of_a_study_fits_a_terminal(width: int) -> None:
    table = summarise_runs(tabulate_runs(make_study(planted_error)))
    console = Console(width=width, file=io.StringIO())
    print_table(console, show_summary(table, "test error", brief=True), "resnet on digits, k = 4")
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]

    assert max(map(len, lines)) <= width
    rule = next(number for number, line in enumerate(lines) if set(line.strip()) == {"─"})
    assert len([line for line in lines[1:rule] if line.strip()]) <= 2  # of the headers
    assert ("wider terminal shows: Parameters" in " ".join(lines)) is (width == 80)


NUMBERS = ShownTable(
    caption="A caption that is longer than the narrow terminal on which it has to be shown",
    headers=("Budget", "Name", "Parameters", "Fill"),
    rows=(("28x100", "single network", "3,643,379,674", "100 %"), ("8x2", "deq", "7", "–")),  # noqa: RUF001
    num_text_columns=2,
)


@pytest.mark.parametrize("width", [10, 20, 40, 118])
def test_no_digit_is_lost_on_a_narrow_terminal(width: int) -> None:
    console = Console(width=width, file=io.StringIO())
    print_table(console, NUMBERS, "title")
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for cell in ("28x100", "3,643,379,674", "100 %", "8x2", "single", "network"):
        assert cell in text
    assert "…" not in text


def test_secondary_columns_give_way_one_after_another() -> None:
    shown = replace(NUMBERS, secondary=("Fill", "Name"))

    def headers(width: int) -> tuple[str, ...]:
        return fitted(shown, Console(width=width, file=io.StringIO())).headers

    assert headers(60) == NUMBERS.headers
    assert headers(40) == ("Budget", "Name", "Parameters")
    assert headers(26) == ("Budget", "Parameters")
    assert headers(20) == ("Budget", "Parameters")
    narrow = fitted(shown, Console(width=26, file=io.StringIO()))
    assert narrow.rows[0] == ("28x100", "3,643,379,674")
    assert narrow.num_text_columns == 1
    last = replace(NUMBERS, num_last_text_columns=1)
    assert last.without("Parameters").num_last_text_columns == 1
    assert last.without("Fill").num_last_text_columns == 0
    assert narrow.caption.endswith("A wider terminal shows: Fill; Name.")


@pytest.mark.parametrize(
    "last", [("16", "x", "1"), ("16", "a_long_name", "1"), ("16", "x", "9" * 9)]
)
def test_any_row_may_decide_whether_columns_fit(last: tuple[str, ...]) -> None:
    rows = (*(("16", "two words", str(number)) for number in range(20)), last, ("16", "x", "1"))
    shown = ShownTable("", ("Budget", "Name", "Count"), rows, 2, secondary=("Count",))
    console = Console(width=200, file=io.StringIO())
    table = max(map(len, _lines(shown, 200)[1:]))
    for width in range(table - 2, table + 3):
        console.width = width
        fits = max(map(len, _lines(shown, width)[1:])) <= width
        assert (fitted(shown, console) == shown) == fits


def _lines(shown: ShownTable, width: int) -> list[str]:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(rich_table(shown, ""), crop=False)
    return console.export_text().splitlines()


def test_rows_are_written_for_other_programs(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ("name", "count", "share")
    values = (("a,b", 1, None), ('"', 2, 0.1 + 0.2))
    rows = [dict(zip(columns, row, strict=True)) for row in values]
    write_rows(rows, columns, "csv")
    assert [*csv.DictReader(io.StringIO(capsys.readouterr().out))] == [
        {"name": "a,b", "count": "1", "share": ""},
        {"name": '"', "count": "2", "share": repr(0.1 + 0.2)},
    ]
    write_rows(rows, columns, "json")
    assert json.loads(capsys.readouterr().out) == rows
    write_rows([], columns, "csv")
    assert capsys.readouterr().out == "name,count,share\n"
    write_rows([], columns, "json")
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("seconds", "text", "rough"),
    [
        (0, "0 s", "0 s"),
        (0.004, "0 s", "0.004 s"),
        (59.4, "59 s", "59 s"),
        (59.6, "1 min 0 s", "60 s"),
        (3599.7, "1 h 0 min", "60 min"),
        (90, "1 min 30 s", "1.5 min"),
        (172_799, "47 h 59 min", "48 h"),
        (10 * 86_400, "10 days 0 h", "10 days"),
        (1000 * 86_400, "1000 days 0 h", "1000 days"),
    ],
)
def test_seconds_are_written_for_a_reader(seconds: float, text: str, rough: str) -> None:
    assert duration(seconds) == text
    assert rough_duration(seconds) == rough


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "–"), (0, "0"), (999, "999"), (1000, "1 k"), (999_999, "1 M"), (1.5e6, "1.5 M"),  # noqa: RUF001
     (3.13e19, "31.3 E"), (1e21, "1000 E")],
)  # fmt: skip
def test_large_numbers_have_three_digits(number: float | None, text: str) -> None:
    assert quantity(number) == text


def test_an_absent_share_is_a_dash() -> None:
    assert percent(None) == "–"  # noqa: RUF001
    assert percent(1.0, 1) == "100.0 %"
