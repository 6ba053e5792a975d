"""The planned runs of a sweep, and when they are a picture."""

from __future__ import annotations

from ensemble_switchover.reporting.planned_runs import PlannedRun, PlannedRuns


def planned(*cells: str, classes: tuple[str, ...] = ("single", "deq")) -> PlannedRuns:
    runs = tuple(PlannedRun(f"{cell}-{name}", cell, name) for cell in cells for name in classes)
    return PlannedRuns(runs, all_are_trained=True)


def test_two_budgets_with_all_of_their_classes_are_a_picture() -> None:
    runs = planned("small", "middle", "large")

    assert not runs.show_something(frozenset())
    assert not runs.show_something({"small-single", "middle-single", "large-single", "small-deq"})
    assert runs.show_something({"small-single", "small-deq", "large-single", "large-deq"})


def test_a_study_of_one_budget_is_a_picture_when_it_is_complete() -> None:
    assert not planned("only").show_something({"only-single"})
    assert planned("only").show_something({"only-single", "only-deq"})


def test_a_budget_without_some_class_is_complete_with_those_that_are_planned() -> None:
    few = planned("large", classes=("single",)).runs
    runs = PlannedRuns((*planned("small").runs, *few), all_are_trained=True)

    assert runs.show_something({"small-single", "small-deq", "large-single"})


def test_one_line_holds_them_all() -> None:
    runs = planned("small", "a\nb")
    line = runs.to_json()

    assert "\n" not in line
    assert PlannedRuns.from_json(line) == runs
    assert runs.names == {"small-single", "small-deq", "a\nb-single", "a\nb-deq"}
