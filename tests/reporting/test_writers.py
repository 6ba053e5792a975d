"""Tests of the processes that write a report's sections."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.report import report
from ensemble_switchover.reporting.answer_tables import show_sensitivity
from ensemble_switchover.results.store import write_record
from tests.factories import make_record
from tests.planted_metrics import with_quality
from tests.reporting.undrawn import ENCODE, draw_nothing, prepare_to_draw_nothing

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.machine.terminal import ShownTable

WRITERS = "ensemble_switchover.reporting.writers"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    records = [make_record(), make_record(design_class="deq", k=2), make_record(design_class="deq")]
    for record in records:
        # what pages tell of records themselves: confusions, members, doubtful ECE, an early end
        told = with_quality(
            record, confusions=[(1, 2, 9), (2, 1, 3)], num_confusions=2,
            disagreement_error_ratio=1.2 if record.design.k > 1 else None,
        )  # fmt: skip
        told = replace(
            told,
            recipe=replace(told.recipe, epochs=len(told.epochs) + 3),
            config={**told.config, "callbacks": {"mine": {"_target_": "some.Callback"}}},
        )
        write_record(tmp_path / "demo" / told.name, told)
    return tmp_path / "demo"


@pytest.fixture
def _two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{WRITERS}._SECTIONS_PER_PROCESS", 1)
    monkeypatch.setattr(f"{WRITERS}.num_processors", lambda: 2)


@pytest.fixture
def written_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the sections that this process writes."""
    labels: list[str] = []

    def show(finding: Finding) -> ShownTable:
        labels.append(finding.comparison.label)
        return show_sensitivity(finding)

    # Other processes have the function itself.
    monkeypatch.setattr("ensemble_switchover.reporting.section.show_sensitivity", show)
    return labels


def contents(page: Path) -> dict[str, bytes]:
    folder = page.parent
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


@pytest.mark.process
def test_several_processes_write_the_same_report(
    study: Path, tmp_path: Path, written_here: list[str], request: pytest.FixtureRequest
) -> None:
    alone = report(study, tmp_path / "alone")
    assert len(written_here) == 2
    request.getfixturevalue("_two_processes")

    together = report(study, tmp_path / "together")

    assert len(written_here) == 2
    assert len(contents(alone)) > 20
    assert contents(together) == contents(alone)
    page = alone.read_text("utf-8")
    for told in ("confusions_resnet", "Would more members help", "stopped early"):
        assert told in page


@pytest.mark.process
@pytest.mark.usefixtures("_two_processes")
def test_killed_processes_cost_no_report(
    study: Path, tmp_path: Path, written_here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at_once = partial(signal.raise_signal, signal.SIGKILL)
    monkeypatch.setattr(f"{WRITERS}._prepare", killed_at_once)
    monkeypatch.setattr(ENCODE, draw_nothing)

    page = report(study, tmp_path / "out")

    assert len(written_here) == 2
    assert page.read_text("utf-8").count("<section id=") == 2


@pytest.mark.process
@pytest.mark.usefixtures("_two_processes")
def test_a_fault_of_another_process_is_told(
    study: Path, tmp_path: Path, written_here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{WRITERS}._prepare", prepare_to_draw_nothing)
    out = tmp_path / "out"
    (out / "figures" / "verdicts_resnet_on_digits_k_2.svg").mkdir(parents=True)

    with pytest.raises(IsADirectoryError, match="verdicts_resnet_on_digits_k_2"):
        report(study, out)

    assert written_here == []
