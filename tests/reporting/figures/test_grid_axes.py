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
