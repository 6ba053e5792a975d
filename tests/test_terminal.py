"""What a terminal is given."""

from __future__ import annotations

import io

from rich.console import Console

from ensemble_switchover.analysis.display import show_summary
from ensemble_switchover.analysis.table import summarise_runs, tabulate_runs
from ensemble_switchover.terminal import rich_table
from tests.factories import make_record, make_study, planted_error


def shown_text(title: str, width: int = 118) -> str:
    """Print the table of a small study."""
    shown = show_summary(summarise_runs(tabulate_runs(make_study(planted_error))), brief=True)
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
    shown = show_summary(summarise_runs(tabulate_runs(records)), brief=True)

    assert shown.headers[:2] == ("Condition", "Budget")
    assert rich_table(shown, "title").row_count == 2
