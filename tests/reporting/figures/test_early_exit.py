"""Error against the mean cost of inference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from matplotlib.colors import to_hex

from ensemble_switchover.analysis.cascade.cascade_table import tabulate_cascades
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.early_exit import (
    FLOPS,
    draw_early_exit,
    early_exit_numbers,
    mean_curves,
)
from tests.analysis.cascade.planted_cascades import with_cascades
from tests.factories import make_record
from tests.reporting.figures.reading import texts_of

if TYPE_CHECKING:
    from pathlib import Path

ERRORS = {"single": 6.0, "deq": 5.0, "weq": 4.0}


def _study(folder: Path, *, known: bool = True) -> tuple[pl.DataFrame, pl.DataFrame]:
    records = [
        make_record(
            design_class=name,
            width=width,
            seed=seed,
            test_errors=(error + seed - width / 8,),
            name=f"{name}-{width}-{seed}",
        )
        for name, error in ERRORS.items()
        for width in (8, 16)
        for seed in (0, 1)
    ]
    if known:
        records = [with_cascades(record, 1.5) for record in records]
    folders = {(record.study, record.name): folder for record in records}
    return tabulate_runs(records), tabulate_cascades(records, folders).table


def test_cascades_are_hollow_and_thin_lines_lead_to_the_whole_ensembles(tmp_path: Path) -> None:
    runs, cascades = _study(tmp_path)
    numbers = early_exit_numbers(runs, cascades, "flops_per_image")
    assert numbers.height == 2 * (1 + 2 + 2)
    assert numbers["flops_per_image_mean"].is_sorted()
    curves = mean_curves(runs, cascades, pl.col("member_flops"))
    texts = FigureTexts("title", "conditions")
    figure = draw_early_exit(numbers, curves, FLOPS, "test error", texts)
    (axes,) = figure.axes
    drawn = {container.get_label(): container.lines[0] for container in axes.containers}
    assert set(drawn) == {"single", "deq", "weq", "deq, early exit", "weq, early exit"}
    assert to_hex(drawn["deq, early exit"].get_markerfacecolor()) == "#ffffff"
    assert to_hex(drawn["deq"].get_markerfacecolor()) != "#ffffff"
    rows = numbers.filter(pl.col("design_class") == "deq", pl.col("answered_by") == "confidence")
    expected = [1e-6 * flops for flops in rows["flops_per_image_mean"]]
    assert sorted(drawn["deq, early exit"].get_xdata()) == pytest.approx(sorted(expected))
    thin = [line for line in axes.lines if line.get_alpha() is not None]
    assert len(thin) == 4
    whole = numbers.filter(pl.col("design_class") == "deq", pl.col("answered_by") == "whole")
    ends = [line.get_xdata()[-1] for line in thin]
    for flops in whole["flops_per_image_mean"]:
        assert any(end == pytest.approx(1e-6 * flops) for end in ends)
    shown = texts_of(figure)
    assert "Mean cost of an image, million operations" in shown
    assert not any("$" in text for text in shown)  # no formula is left as it is written


def test_the_front_is_over_singles_ensembles_and_cascades(tmp_path: Path) -> None:
    runs, cascades = _study(tmp_path)
    numbers = early_exit_numbers(runs, cascades, "flops_per_image")
    front = numbers.filter("on_front")
    errors = front["error_percent_mean"].to_list()
    assert errors == sorted(errors, reverse=True)
    assert not (front["design_class"] == "single").any()
    assert {"whole", "confidence"} == set(front["answered_by"])


def test_nothing_is_drawn_where_no_cascade_is_known(tmp_path: Path) -> None:
    runs, cascades = _study(tmp_path, known=False)
    assert early_exit_numbers(runs, cascades, "flops_per_image").is_empty()
