"""Figures on a page whose colours follow its scheme."""

from __future__ import annotations

import re

import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.switchover.across_comparisons import tabulate_switchovers
from ensemble_switchover.reporting.figures.dark_mode import DARK_COLOURS, follow_scheme
from ensemble_switchover.reporting.figures.gallery import (
    draw_costs,
    draw_first,
    draw_others,
    draw_trends,
)
from ensemble_switchover.reporting.figures.style import encode_figure
from tests.factories import make_study, planted_error

pytestmark = pytest.mark.slow

SHEET = re.compile(
    r"<style>:root\{color-scheme:light dark;(.*?)\}@media.*?\{:root\{(.*?)\}\}</style>"
)


def figures() -> list[bytes]:
    """Draw every figure of a study that has all that figures show."""
    widths = {"widths": (8, 12, 16), "num_epochs": 4, "peak_device_bytes": 10**8}
    records = make_study(planted_error, seeds=(0, 1), holes=[("weq", 0)], **widths)
    records += make_study(planted_error, seeds=(0,), k=2, **widths)
    findings = [derive_finding(comparison) for comparison in group_comparisons(records)]
    drawn = [one for f in findings for one in (*draw_first(f), *draw_others(f), *draw_costs(f))]
    drawn += draw_trends(tabulate_switchovers(findings))
    return [encode_figure(one.figure, "svg") for one in drawn]


def test_every_colour_of_every_figure_has_another_one_where_the_ground_is_dark() -> None:
    drawn = figures()
    assert len(drawn) > 20
    for svg in drawn:
        text = follow_scheme(svg).decode()
        sheet = SHEET.search(text)
        assert sheet is not None
        rest = text.replace(sheet[0], "")
        assert set(re.findall(r"#[0-9a-f]{6}\b", rest)) == set()
        used = set(re.findall(r"var\((--c[0-9a-f]{6})\)", rest))
        assert "--cffffff" in used
        assert len(used) > 3
        for values in sheet.groups():
            assert used <= {entry.partition(":")[0] for entry in values.split(";")}


def test_nothing_but_colours_is_changed() -> None:
    for svg in figures()[:2]:
        text = follow_scheme(svg).decode()
        sheet = SHEET.search(text)
        assert sheet is not None
        back = re.sub(r"var\(--c([0-9a-f]{6})\)", r"#\1", text.replace(sheet[0], ""))
        light = re.sub(r'fill="(#[0-9a-f]{6})"', r'style="fill: \1"', svg.decode())
        assert back == light


def test_a_dark_ground_has_light_ink() -> None:
    def grey(colour: str) -> float:
        return sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) / 3 / 255

    assert grey(DARK_COLOURS["#ffffff"]) < 0.15
    assert grey(DARK_COLOURS["#22272e"]) > 0.85
