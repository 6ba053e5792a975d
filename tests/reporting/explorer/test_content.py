"""What the page is given, against the analysis."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.analysis.switchover.threshold import find_threshold
from ensemble_switchover.reporting.explorer import content as explorer_content
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.reporting.explorer.maps import map_values
from ensemble_switchover.reporting.explorer.metrics import METRICS
from ensemble_switchover.reporting.figures.cell_face import face_cell
from tests.factories import make_record, make_study, planted_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import Record


def content_of(records: Sequence[Record]) -> dict[str, Any]:
    content = build_content(records, lambda runs: f"make {runs[0].name}")
    written: dict[str, Any] = json.loads(json.dumps(content, allow_nan=False))
    return written


def floats_of(content: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(content["floats"]), dtype="<f4")


def random_error(name: str, column: int, epoch: int, seed: int) -> float:
    draw = np.random.default_rng([len(name), ord(name[0]), column, epoch, seed])
    return 12.0 + 8.0 / epoch + float(draw.normal(0.0, 1.0))


@pytest.mark.parametrize("error", [planted_error, random_error])
@pytest.mark.parametrize("holes", [[], [("weq", 0), ("weq", 1), ("deq", 1), ("single", 3)]])
def test_the_map_is_the_reports_under_every_rule(error: Any, holes: Any) -> None:
    (comparison,) = group_comparisons(make_study(error, holes=holes))
    finding = derive_finding(comparison)
    grid = finding.grid

    for shown in map_values(finding):
        confidence = shown["confidence"]
        cells = {
            (column, row): (winner, decided, both)
            for column, first, last, winner, decided, both in shown["cells"]
            for row in range(first, last + 1)
        }
        assert len(cells) == len(grid.budgets) * len(grid.epochs)
        if confidence is None:
            for (column, row), (winner, _, _) in cells.items():
                lowest = [grid.mean_error(name, column, row) for name in DESIGN_CLASSES]
                measured = [mean for mean in lowest if mean is not None]
                if winner >= 0:
                    assert lowest[winner] == min(measured)
            continue
        thresholds = {
            name: find_threshold(grid, name, confidence=confidence) for name in finding.thresholds
        }
        for (column, row), (winner, decided, both) in cells.items():
            face = face_cell(grid, thresholds, column, row)
            assert (DESIGN_CLASSES[winner] if winner >= 0 else None) == face.winner
            assert (bool(decided), bool(both)) == (face.decided, face.both_ensembles_win)
        for name, threshold in thresholds.items():
            steps = [None if row is None else grid.epochs[row] for row in shown["boundaries"][name]]
            assert tuple(steps) == threshold.boundary_epochs


def test_single_networks_alone_have_no_map() -> None:
    (comparison,) = content_of([make_record(seed=seed) for seed in (0, 1)])["comparisons"]

    assert comparison["maps"] == []
    assert comparison["k"] == 1


def test_curves_are_the_records() -> None:
    records = make_study(random_error, widths=(8, 12), seeds=(3, 5))
    content = content_of(records)
    floats = floats_of(content)

    found = {}
    for design in content["designs"]:
        for index, seed in enumerate(design["seeds"]):
            start = design["errors"] + index * len(design["epochs"])
            curve = floats[start : start + len(design["epochs"])]
            found[design["k"], design["depth"], design["width"], seed] = curve.tolist()
    for record in records:
        design = record.design
        curve = [np.float32(epoch.test_error) for epoch in record.epochs]
        assert found[design.k, design.depth, design.width, record.seed] == curve


def test_seconds_are_counted_up_to_each_epoch() -> None:
    records = [make_record(seed=s, epoch_seconds=[9.0, 2.0 + s, 2.0 + s]) for s in (0, 1)]
    content = content_of(records)

    (cost,) = content["designs"][0]["costs"]
    floats = floats_of(content)
    assert floats[cost["seconds"] : cost["seconds"] + 3].tolist() == [2.5, 5.0, 7.5]
    stds = floats[cost["secondsStd"] : cost["secondsStd"] + 3]
    assert stds == pytest.approx([math.sqrt(0.5), math.sqrt(2.0), math.sqrt(4.5)])


def test_metrics_are_means_and_deviations_over_the_seeds() -> None:
    records = [
        make_record(
            design_class="deq",
            seed=seed,
            test_errors=[20.0, 10.0 + seed],
            epoch_seconds=[5.0, 2.0 + seed],
            latencies={128: 0.5 + 0.1 * seed},
            peak_device_bytes=(3 + seed) * 2**20,
        )
        for seed in (0, 2)
    ]
    (row,) = content_of(records)["rows"]
    keys = [key for key, _, _ in METRICS]
    values = dict(zip(keys, row["values"], strict=True))

    assert values["error"] == pytest.approx([11.0, math.sqrt(2.0), 2], rel=1e-5)
    assert values["epoch"] == pytest.approx([3.0, math.sqrt(2.0), 2], rel=1e-5)
    assert values["training"] == pytest.approx([6.0, math.sqrt(8.0), 2], rel=1e-5)
    assert values["latency"] == pytest.approx([0.6, math.sqrt(0.02), 2], rel=1e-5)
    assert values["memory"] == [5.0, None, 2]
    assert values["accuracy"][0] is None  # there is no single network to be as good as
    assert row["memoryKind"] == "device allocator"


def test_a_design_has_one_row_a_condition_and_each_metric_its_own_seeds() -> None:
    other = {"device_name": "Other CPU"}
    records = [
        *[make_record(seed=s, latencies={128: 0.5}) for s in (0, 1)],
        make_record(seed=2, latencies={}),
        make_record(seed=3, latencies={1: 9.0}),
        make_record(seed=4, environment=other, test_errors=[9.0, float("nan")]),
    ]
    records = [replace(record, recipe=records[0].recipe) for record in records]

    usual, alone = content_of(records)["rows"]

    keys = [key for key, _, _ in METRICS]
    values = dict(zip(keys, usual["values"], strict=True))
    assert {key: values[key][2] for key in ("error", "epoch", "latency", "memory")} == {
        "error": 4, "epoch": 4, "latency": 2, "memory": 4,
    }  # fmt: skip
    assert values["latency"][:2] == [0.5, 0.0]
    assert usual["latencyBatch"] == 128
    assert (usual["numSeeds"], alone["numSeeds"]) == (4, 1)


def test_long_curves_are_thinned_and_keep_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer_content, "MAX_CURVE_NUMBERS", 200)
    records = [make_record(width=w, test_errors=[5.0] * 50) for w in (8, 10, 12, 14, 16)]

    content = content_of(records)

    assert content["stride"] == 2
    kept = content["designs"][0]["epochs"]
    assert kept[-1] == 50
    assert set(np.diff(kept)) == {2}
    assert floats_of(content).size == 2 * 5 * 25  # errors, and as many seconds


def test_an_error_that_is_no_number_does_not_break_the_page() -> None:
    records = [make_record(seed=s, test_errors=[20.0, float("nan")]) for s in (0, 1)]

    content = content_of(records)

    assert np.isnan(floats_of(content)).sum() == 2
    assert content["rows"][0]["values"][0] == [None, None, 0]


def test_other_numbers_that_are_none_do_not_break_the_page_either() -> None:
    record = make_record(latencies={128: float("nan")})
    record.config["recipe"] = {"learning_rate": float("inf"), "batch_size": 64}

    content = content_of([record])

    assert content["config"] == {"recipe.learning_rate": None, "recipe.batch_size": 64}
    assert content["designs"][0]["costs"][0]["latency"] is None


def test_every_design_of_every_comparison_is_there() -> None:
    records = [
        *make_study(random_error, k=2),
        *make_study(random_error, k=4, holes=[("deq", 0)]),
        *make_study(random_error, dataset={"name": "svhn"}, study="other"),
    ]
    content = content_of(records)

    labels = [(c["data"], c["k"]) for c in content["comparisons"]]
    assert labels == [("digits", 2), ("digits", 4), ("svhn", 4)]
    for comparison in content["comparisons"]:
        for name, indices in comparison["designs"].items():
            for (parameters, *_), index in zip(comparison["budgets"], indices, strict=True):
                if index is None:
                    assert comparison["k"] == 4
                    continue
                design = content["designs"][index]
                assert design["data"] == comparison["data"]
                assert design["k"] == (1 if name == "single" else comparison["k"])
                assert design["parameters"] <= parameters
    assert content["studies"] == ["demo", "other"]


def test_folders_of_a_users_machine_are_not_in_the_page(demo_folder: Any) -> None:
    from ensemble_switchover.results.store import read_records

    records = read_records(demo_folder).records
    for record in records:
        record.config["results"] = "/home/someone/results"
        record.config["dataset"]["root"] = "/home/someone/data"

    assert "/home/someone" not in json.dumps(content_of(records))
