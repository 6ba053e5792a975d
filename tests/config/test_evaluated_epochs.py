"""After which epochs a run is evaluated, and what is said of it."""

import pytest

from ensemble_switchover.config.evaluated_epochs import evaluated_epochs, evaluation_notes
from ensemble_switchover.config.table_a import DIGITS_RECIPE, table_a
from ensemble_switchover.results.predictions import kept_epochs


@pytest.mark.parametrize(
    ("evaluate_every", "expected"),
    [
        ("1", list(range(1, 21))),
        ("5", [5, 10, 15, 20]),
        ("7", [7, 14, 20]),
        ("20", [20]),
        ("999", [20]),
        ("milestones", [10, 15, 20]),
    ],
)
def test_every_nth_and_always_the_last(evaluate_every, expected):
    assert evaluated_epochs(evaluate_every, DIGITS_RECIPE) == expected


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 200])
def test_milestones_are_those_of_the_predictions(epochs):
    recipe = table_a("wide_resnet", "cifar10").scaled_to(epochs)
    every = range(1, epochs + 1)
    assert evaluated_epochs("milestones", recipe) == kept_epochs("milestones", recipe, every)


def test_the_default_costs_nothing_to_tell():
    assert evaluation_notes("1", "milestones", DIGITS_RECIPE) == []


def test_the_cost_is_told():
    (note,) = evaluation_notes("6", "final", DIGITS_RECIPE)
    assert note.startswith("evaluate_every=6: evaluated after 4 of 20 epochs (6, 12, 18, 20); ")
    assert "time to accuracy is known to 6 epochs;" in note
    assert note.endswith("compare only with runs of the same evaluate_every")
    (note,) = evaluation_notes("2", "all", DIGITS_RECIPE)
    assert "(2, 4, ..., 20)" in note
    (note,) = evaluation_notes("milestones", "milestones", DIGITS_RECIPE)
    assert "known to 10 epochs;" in note


def test_predictions_that_are_asked_for_in_vain_are_told():
    _, note = evaluation_notes("6", "milestones", DIGITS_RECIPE)
    assert note == (
        "record.predictions=milestones: no predictions of epochs 10, 15, which evaluate_every=6 "
        "does not evaluate; evaluate_every=milestones does"
    )


def test_the_notes_are_those_of_a_run(tiny_spec):
    spec, _ = tiny_spec("epochs=4", "evaluate_every=3")
    assert spec.evaluated_epochs == [3, 4]
    assert any(note.startswith("evaluate_every=3: ") for note in spec.notes)
    assert not any("evaluate_every" in note for note in tiny_spec("epochs=4")[0].notes)
