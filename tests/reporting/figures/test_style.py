"""Labels and colours that all figures share."""

from __future__ import annotations

import itertools
import re
from importlib.resources import files

import pytest
from matplotlib.container import ErrorbarContainer

from ensemble_switchover.reporting.figures.dark_mode import DARK_COLOURS
from ensemble_switchover.reporting.figures.gallery import draw_costs, draw_first, draw_others
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    DASHES,
    MARKERS,
    PALE_COLOURS,
    label_parameters,
    reach_of_bars,
)
from tests.factories import make_record
from tests.reporting.figures.heat_maps import finding_of


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


def explorer(*name: str) -> str:
    return files("ensemble_switchover.reporting.explorer").joinpath(*name).read_text("utf-8")


def test_the_explorer_has_the_same_colours_in_light_and_dark() -> None:
    light, dark = re.findall(r":root \{(.*?)\}", explorer("explorer.css"), re.DOTALL)[:2]
    for of_class, suffix in ((COLOURS, ""), (PALE_COLOURS, "-pale")):
        for name, colour in of_class.items():
            assert f"--{name}{suffix}: {colour};" in light
            assert f"--{name}{suffix}: {DARK_COLOURS[colour]};" in dark
    assert f"--ground: {DARK_COLOURS['#ffffff']};" in dark


def test_the_explorer_has_the_same_lines_and_markers() -> None:
    script = explorer("script", "charts.js")
    shapes = {"o": "circle", "s": "square", "^": "triangle"}
    for name, dashes in DASHES.items():
        drawn = f'"{",".join(f"{2 * length:g}" for length in dashes)}"' if dashes else "undefined"
        assert re.search(rf"DASHES = {{.*\b{name}: {drawn}[, ]", script)
        assert re.search(rf'SYMBOLS = {{.*\b{name}: "{shapes[MARKERS[name]]}"', script)


def test_no_two_classes_have_one_line_or_one_marker() -> None:
    assert len(set(DASHES.values())) == len(set(MARKERS.values())) == len(DASHES) == 3


def test_error_bars_of_percentages_end_at_0_and_100() -> None:
    errors = {"single": (0.1, 0.2, 9.0), "deq": (99.0, 99.5, 80.0), "weq": (1.0, 50.0, 99.0)}
    records = [
        make_record(design_class=name, seed=seed, test_errors=(error, error))  # type: ignore[arg-type]
        for name, of_seeds in errors.items()
        for seed, error in enumerate(of_seeds)
    ]
    finding = finding_of(records)
    drawn = [*draw_first(finding), *draw_others(finding), *draw_costs(finding)]
    ends = [
        float(y)
        for one in drawn
        for axes in one.figure.axes
        if "error, %" in axes.get_ylabel()
        for container in axes.containers
        if isinstance(container, ErrorbarContainer)
        for segment in container.lines[2][0].get_segments()
        for _, y in segment
    ]
    assert len(ends) > 20
    assert min(ends) >= 0.0
    assert max(ends) <= 100.0
    assert reach_of_bars([5.0, 5.0], [None, 7.0]) == [[0.0, 5.0], [0.0, 7.0]]
