"""The figures of a comparison: which there are, under which conditions, and what they leave out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.switchover.across_comparisons import tabulate_switchovers
from ensemble_switchover.reporting.figures.gallery import (
    draw_costs,
    draw_first,
    draw_others,
    draw_trends,
    list_left_out,
    say_costs,
)
from tests.factories import make_record, make_study, of_timing_pass, planted_error
from tests.reporting.figures.reading import bars_of, texts_of

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.figures.gallery import Drawn
    from ensemble_switchover.results.record import Record

FUSED = {"execution": "fused", "device": "cuda", "device_name": "Example GPU"}


def findings_of(records: list[Record]) -> list[Finding]:
    return [derive_finding(comparison) for comparison in group_comparisons(records)]


def errors_of(finding: Finding) -> list[Drawn]:
    return [*draw_first(finding), *draw_others(finding)]


def study(**overrides: object) -> list[Record]:
    return make_study(planted_error, widths=(8, 12, 16), **overrides)  # type: ignore[arg-type]


def test_every_figure_tells_its_conditions_and_has_its_numbers() -> None:
    (finding,) = findings_of(study(peak_device_bytes=10**8))

    drawn = [*errors_of(finding), *draw_costs(finding)]

    assert len({figure.name for figure in drawn}) == len(drawn) == 14
    for one in drawn:
        shown = texts_of(one.figure)
        for condition in ("resnet on digits, k = 4", "3 seeds", "source rule", "cpu (Example CPU)"):
            assert condition in shown, one.name
        assert "sequential execution" in shown
        assert one.numbers.height > 0
        assert "budget_parameters" in one.numbers.columns


def test_each_condition_has_figures_of_its_own() -> None:
    slow, fast = study(), study(environment=FUSED, epoch_seconds=[0.5] * 6)
    (finding,) = findings_of([*slow, *fast[:-1]])

    drawn = {one.name: one for one in draw_costs(finding)}

    first, second = drawn["figure_6_epoch_time"], drawn["figure_6_epoch_time_condition_2"]
    assert bars_of(first.figure.axes[0])["deq"] == [4.0] * 3
    assert bars_of(second.figure.axes[0])["deq"] == [0.5] * 3
    assert "Example GPU" not in texts_of(first.figure)
    assert "cuda (Example GPU), fused execution" in texts_of(second.figure)
    assert list_left_out(finding) == []
    errors = next(one for one in errors_of(finding) if one.name == "figure_3_test_error")
    assert "sequential execution / fused execution" in texts_of(errors.figure)


def test_figures_of_times_are_of_runs_themselves_or_of_timing_passes() -> None:
    own, passes = study(), [of_timing_pass(record, [0.5]) for record in study()]
    alone = {one.name: one for one in draw_costs(findings_of(passes)[0])}
    drawn = {one.name: one for one in draw_costs(findings_of([*own, *passes[:-1]])[0])}

    first, second = drawn["figure_6_epoch_time"], drawn["figure_6_epoch_time_condition_2"]
    assert bars_of(first.figure.axes[0])["deq"] == [4.0] * 3
    assert bars_of(second.figure.axes[0])["deq"] == [0.5] * 3
    assert "timing pass" not in texts_of(first.figure) + first.caption
    for one in (second, *alone.values()):
        assert "times of a timing pass" in " ".join(texts_of(one.figure).split())
        assert "times of a timing pass" in one.caption


def test_ensembles_without_times_of_their_single_networks_kind_have_no_figure_of_them() -> None:
    records = [
        record if record.design.design_class == "single" else of_timing_pass(record)
        for record in study()
        if record.design.design_class != "weq"
    ]
    (finding,) = findings_of(records)

    assert list(draw_costs(finding)) == []
    assert any(note.startswith("No figure and no ratio") for note in finding.notes)
    assert any("times of a timing pass" in note for note in list_left_out(finding))


def test_runs_that_compare_with_none_are_named_and_left_out() -> None:
    odd = make_record(name="odd", width=8, seed=9, test_errors=[9.0] * 6, environment=FUSED)
    other_batch = make_record(
        name="small", width=8, seed=8, test_errors=[9.0] * 6, latencies={1: 2.0}
    )
    (finding,) = findings_of([*study(), odd, other_batch])

    notes = list_left_out(finding)

    assert len(notes) == 2
    assert "latency batch size 128 like the others: small." in notes[0]
    assert "cuda (Example GPU), fused execution" in notes[1]
    assert notes[1].endswith("1 thread, 2 concurrent runs): odd.")
    names = [one.name for one in draw_costs(finding)]
    assert "figure_7_inference_time" in names
    assert not any(name.endswith("_condition_2") for name in names)


def test_runs_that_asked_for_the_fastest_execution_say_so() -> None:
    auto = {"execution_requested": "auto"}
    (finding,) = findings_of(study(environment=auto))

    drawn = next(iter(draw_costs(finding)))

    assert "each design with its fastest execution" in texts_of(drawn.figure)


def test_the_error_comes_first() -> None:
    (comparison,) = group_comparisons(make_study(planted_error))
    drawn = [entry.name for entry in draw_first(derive_finding(comparison))]

    assert drawn == ["figure_3_test_error", "verdicts"]


def test_trends_need_several_comparisons() -> None:
    two_k = findings_of([*study(k=2), *study(k=4)])
    two_sets = findings_of([*study(), *study(dataset={"name": "hard"})])

    names = [[one.name for one in draw_trends(tabulate_switchovers(f))] for f in (two_k, two_sets)]

    assert names == [["switchover_by_k"], ["switchover_by_data"]]
    assert list(draw_trends(tabulate_switchovers(two_k[:1]))) == []
    (trend,) = draw_trends(tabulate_switchovers(two_k))
    assert "90 % Welch intervals over seeds\n3 seeds, source rule, cpu (Example CPU)" in texts_of(
        trend.figure
    )


def test_single_networks_alone_have_figures_too() -> None:
    (finding,) = findings_of([make_record(seed=seed) for seed in (0, 1)])

    names = [one.name for one in (*errors_of(finding), *draw_costs(finding))]

    assert "figure_3_test_error" in names
    assert "verdicts" not in names
    numbers = next(one for one in draw_costs(finding) if one.name == "figure_6_epoch_time").numbers
    assert numbers.select(pl.col("design_class").unique()).item() == "single"


def test_long_conditions_stay_within_the_figure_and_below_its_words() -> None:
    machines = [
        ("cuda", "NVIDIA H100 80GB HBM3", "sequential, channels last"),
        ("cpu", "AMD EPYC 9354 32-Core Processor", "fused"),
        ("cuda", "NVIDIA A100-SXM4-80GB", "parallel, fused within"),
    ]
    held_out = {"evaluated_on": "validation", "validation_size": 60, "test_size": 0}
    records = [
        record
        for device, name, execution in machines
        for record in study(
            seeds=(0, 1),
            holes=[("weq", 1)],
            dataset={**held_out, "name": "cifar100_randaugment"},
            environment={
                "device": device,
                "device_name": name,
                "execution": execution,
                "precision": "bf16-mixed",
                "compiled": True,
                "residence": "host",
            },
        )
    ]
    (finding,) = findings_of(records)

    for one in (*errors_of(finding), *draw_costs(finding)):
        one.figure.draw_without_rendering()  # type: ignore[no-untyped-call]
        extents = {text.get_text(): text.get_window_extent() for text in one.figure.texts}
        assert max(extent.x1 for extent in extents.values()) < one.figure.bbox.x1, one.name
        (footer,) = [extent for text, extent in extents.items() if "2 seeds" in text]
        words = [
            text.get_window_extent()
            for axes in one.figure.axes
            for text in (axes.xaxis.label, *axes.get_xticklabels(), *axes.texts)
            if text.get_text()
        ]
        assert footer.y1 < min(extent.y0 for extent in words), one.name


def test_memory_of_a_process_that_is_the_same_for_all_is_a_sentence_and_no_figure() -> None:
    (alike,) = findings_of(study())
    records = [
        replace(record, epochs=[replace(e, peak_rss_bytes=2 * e.peak_rss_bytes) for e in r.epochs])
        if (r := record).design.design_class == "deq"
        else record
        for record in study()
    ]
    (unlike,) = findings_of(records)
    (on_gpu,) = findings_of(study(peak_device_bytes=10**8))

    (told,) = say_costs(alike)
    assert told.startswith("Peak memory of training is 300 MiB for every design")
    assert "figure_8_memory" not in [one.name for one in draw_costs(alike)]
    for finding in (unlike, on_gpu):
        assert say_costs(finding) == []
        assert "figure_8_memory" in [one.name for one in draw_costs(finding)]
