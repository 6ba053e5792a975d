"""Labels and colours that all figures share."""

from __future__ import annotations

import itertools

import pytest

from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    PALE_COLOURS,
    label_parameters,
)


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        ([850], ["850"]),
        ([143_840, 206_734, 1_019_722], ["144 k", "207 k", "1.0 M"]),
        ([999_499, 999_500], ["999 k", "1.0 M"]),
        ([92_100, 92_900], ["92 k", "93 k"]),
        ([92_100, 92_200], ["92.1 k", "92.2 k"]),
        ([5, 5], ["5", "5"]),
    ],
)
def test_labels_of_unequal_budgets_differ(counts: list[int], labels: list[str]) -> None:
    assert label_parameters(counts) == labels


def test_the_palette_can_be_read_in_grey() -> None:
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    full = sorted(lightness(colour) for colour in COLOURS.values())
    assert min(b - a for a, b in itertools.pairwise(full)) > 0.15
    assert min(lightness(colour) for colour in PALE_COLOURS.values()) > full[-1] + 0.05
