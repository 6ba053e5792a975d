"""The explorer's metrics of each design, against the analysis."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from ensemble_switchover.reporting.explorer.metrics import METRICS
from tests.factories import make_record
from tests.reporting.explorer.page_content import content_of


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


def test_the_time_to_accuracy_is_that_to_the_common_target_with_the_own_seeds_beside_it() -> None:
    records = [
        *(make_record(seed=s, test_errors=[30.0, lowest]) for s, lowest in enumerate((10.0, 8.0))),
        *(make_record(design_class="deq", seed=s, test_errors=[30.0, 8.5]) for s in (0, 1)),
        *(
            make_record(design_class="weq", seed=s, test_errors=[30.0, 12.0 - 4 * s])
            for s in (0, 1)
        ),
    ]
    rows = {row["designClass"]: row for row in content_of(records)["rows"]}
    place = [key for key, _, _ in METRICS].index("accuracy")

    assert rows["single"]["ownTarget"] == [2.0, 0.0, 2, 2]
    assert rows["deq"]["values"][place] == [8.0, 0.0, 2]
    assert rows["deq"]["reached"] == [2, 2]
    assert rows["deq"]["ownTarget"] == [None, None, 1, 2]
    assert rows["weq"]["values"][place] == [None, None, 2]
    assert rows["weq"]["reached"] == [1, 2]


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
