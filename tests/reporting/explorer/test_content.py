"""What the page is given, against the analysis."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from ensemble_switchover.reporting.explorer import content as explorer_content
from tests.factories import make_record, make_study
from tests.reporting.explorer.page_content import content_of, floats_of, random_error


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
        curve = [np.float32(epoch.error_percent) for epoch in record.epochs]
        assert found[design.k, design.depth, design.width, record.seed] == curve


def test_seconds_are_counted_up_to_each_epoch() -> None:
    records = [make_record(seed=s, epoch_seconds=[9.0, 2.0 + s, 2.0 + s]) for s in (0, 1)]
    content = content_of(records)

    (cost,) = content["designs"][0]["costs"]
    floats = floats_of(content)
    assert floats[cost["seconds"] : cost["seconds"] + 3].tolist() == [2.5, 5.0, 7.5]
    stds = floats[cost["secondsStd"] : cost["secondsStd"] + 3]
    assert stds == pytest.approx([math.sqrt(0.5), math.sqrt(2.0), math.sqrt(4.5)])


def test_long_curves_are_thinned_and_keep_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer_content, "MAX_CURVE_NUMBERS", 200)
    records = [make_record(width=w, test_errors=[5.0] * 50) for w in (8, 10, 12, 14, 16)]

    content = content_of(records)

    assert content["stride"] == 2
    kept = content["designs"][0]["epochs"]
    assert kept[-1] == 50
    assert set(np.diff(kept)) == {2}
    assert floats_of(content).size == 3 * 5 * 25  # errors, and as many losses and seconds


def test_every_design_of_every_comparison_is_there() -> None:
    records = [
        *make_study(random_error, k=2),
        *make_study(random_error, k=4, holes=[("deq", 0)]),
        *make_study(random_error, dataset={"name": "svhn", "image_size": 32}, study="other"),
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


def test_curves_of_fewer_evaluations_have_those_alone() -> None:
    records = make_study(
        random_error, widths=(8, 12), seeds=(3, 5), num_epochs=11, evaluate_every="5"
    )
    content = content_of(records)
    floats = floats_of(content)

    assert {tuple(design["epochs"]) for design in content["designs"]} == {(5, 10, 11)}
    assert content["comparisons"][0]["epochs"] == [5, 10, 11]
    single = next(design for design in content["designs"] if design["k"] == 1)
    (cost,) = single["costs"]
    assert floats[cost["seconds"] : cost["seconds"] + 3].tolist() == [5.0, 10.0, 11.0]
    assert cost["condition"].endswith("evaluated every 5 epochs")
    assert {row["condition"] for row in content["rows"]} == {cost["condition"]}
