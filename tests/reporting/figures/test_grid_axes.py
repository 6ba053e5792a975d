"""The axes of a grid of budgets and epochs."""

from __future__ import annotations

import pytest

from tests.factories import make_study, planted_error
from tests.reporting.figures.heat_maps import draw, finding_of


@pytest.mark.parametrize(("num_epochs", "first"), [(6, ["1", "2"]), (20, ["2", "4"])])
def test_labels_of_epochs_do_not_touch(num_epochs: int, first: list[str]) -> None:
    figure = draw(finding_of(make_study(planted_error, num_epochs=num_epochs)))

    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[:2] == first
    assert labels[-1] == str(num_epochs)


@pytest.mark.parametrize(
    ("evaluate_every", "num_epochs", "expected"),
    [
        ("3", 7, ["3", "6", "7"]),
        ("5", 250, ["5", *(str(epoch) for epoch in range(25, 251, 25))]),
    ],
)
def test_labels_are_of_evaluated_epochs(
    evaluate_every: str, num_epochs: int, expected: list[str]
) -> None:
    records = make_study(
        planted_error, num_epochs=num_epochs, evaluate_every=evaluate_every, seeds=[0]
    )

    figure = draw(finding_of(records))

    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == expected
