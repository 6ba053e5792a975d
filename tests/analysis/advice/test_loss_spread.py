"""How much the losses of images vary, from planted predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.loss_spread import (
    read_loss_spread,
    spread_of_losses,
    spread_reader,
)
from ensemble_switchover.analysis.advice.rule import advise
from ensemble_switchover.analysis.advice.trained_designs import (
    Candidate,
    CascadeFacts,
    collect_designs,
    list_candidates,
)
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.results.predictions import Predictions, dump_predictions, predictions_file
from ensemble_switchover.results.quality_metrics import ERROR_METRIC, QUALITY_METRICS
from ensemble_switchover.results.store import write_record
from tests.factories import make_record
from tests.planted_metrics import with_nll

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.record import Record

NLL = QUALITY_METRICS["nll"]


def plant(seed: int, k: int) -> Predictions:
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(k, 60, 5)) * 2.0
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    labels = draw.integers(5, size=60).astype(np.int32)
    return Predictions(np.log(probabilities).astype(np.float32), labels)


def plain_spread(members: Predictions) -> float:
    """Return it by a loop over images, in double precision."""
    losses = []
    for image, label in enumerate(members.labels):
        likelihoods = [np.exp(float(member[image, label])) for member in members.log_probabilities]
        losses.append(-np.log(sum(likelihoods) / len(likelihoods)))
    mean = sum(losses) / len(losses)
    return float((sum((loss - mean) ** 2 for loss in losses) / (len(losses) - 1)) ** 0.5 / mean)


@pytest.mark.parametrize("k", [1, 3])
def test_it_is_the_deviation_over_the_mean_of_the_ensembles_losses(k: int) -> None:
    members = plant(k, k)
    assert spread_of_losses(members) == pytest.approx(plain_spread(members), rel=1e-5)


def test_where_a_likelihood_vanished_there_is_none() -> None:
    members = plant(0, 1)
    gone = members.log_probabilities.copy()
    gone[0, 3, members.labels[3]] = -np.inf
    assert spread_of_losses(replace(members, log_probabilities=gone)) is None
    assert spread_of_losses(Predictions(np.zeros((1, 1, 1), np.float32), np.zeros(1, int))) is None  # type: ignore[arg-type]


@pytest.fixture
def runs(tmp_path: Path) -> tuple[list[Record], dict[tuple[str, str], Path]]:
    """Return the runs of two designs of nearly the same losses, with predictions but of one."""
    records = [
        with_nll(
            make_record(design_class=name, seed=seed, dataset={"num_classes": 5}),
            [0.9, 0.5, level + 0.01 * seed],
        )  # type: ignore[arg-type]
        for name, level in (("single", 0.31), ("deq", 0.30))
        for seed in range(3)
    ]
    folders = {}
    for record in records:
        folder = tmp_path / record.name
        folders[record.study, record.name] = folder
        files: dict[str, bytes | Path] = {}
        if record.design.design_class == "single" or record.seed < 2:
            files = {predictions_file(3): dump_predictions(plant(record.seed, record.design.k))}
        write_record(folder, record, files)
    return records, folders


def test_it_is_the_mean_over_the_runs_that_kept_predictions(
    runs: tuple[list[Record], dict[tuple[str, str], Path]],
) -> None:
    records, folders = runs
    (deq,) = (d for d in collect_designs(records, metric=NLL) if d.design_class == "deq")
    expected = np.mean([plain_spread(plant(seed, 4)) for seed in range(2)])
    assert read_loss_spread(deq, folders) == pytest.approx(expected, rel=1e-4)
    assert read_loss_spread(deq, {}) is None
    assert read_loss_spread(replace(deq, metric=ERROR_METRIC), folders) is None
    for folder in folders.values():
        (folder / predictions_file(3)).write_bytes(b"damaged")
    assert read_loss_spread(deq, folders) is None


def test_the_margin_of_equally_good_designs_rests_on_it(
    runs: tuple[list[Record], dict[tuple[str, str], Path]],
) -> None:
    records, folders = runs
    candidates = list_candidates(collect_designs(records, metric=NLL), "Example CPU")
    rule = DecisionRule(metric="nll")

    without, found = (
        advise(candidates, Limits(), rule, None, reader)
        for reader in (None, spread_reader(folders))
    )

    spread = np.mean([plain_spread(plant(seed, 4)) for seed in range(2)])
    assert without.short_list is not None
    assert found.short_list is not None
    assert without.short_list.margin == pytest.approx(0.31 / np.sqrt(1497))
    assert found.short_list.margin == pytest.approx(0.31 * spread / np.sqrt(1497), rel=1e-4)
    assert "is taken to be their mean, since no predictions" in " ".join(describe_advice(without))
    told = " ".join(describe_advice(found))
    assert f"losses is {spread:.2g} times their mean in kept predictions" in told
    assert "test NLL" in told
    assert "error" not in told.replace("standard error", "")


def test_that_of_a_cascade_is_not_known(
    runs: tuple[list[Record], dict[tuple[str, str], Path]],
) -> None:
    records, folders = runs
    (deq,) = (d for d in collect_designs(records, metric=NLL) if d.design_class == "deq")
    facts = CascadeFacts("confidence", ("folds",), 1.5, 3, 9.0, {})
    cascade = replace(deq, cascade=facts)
    assert read_loss_spread(deq, folders) is not None
    assert read_loss_spread(cascade, folders) is None

    (single,) = (d for d in collect_designs(records, metric=NLL) if d.design_class == "single")
    candidates = [*list_candidates([single], "Example CPU"), Candidate(cascade, None)]
    rule = DecisionRule(metric="nll")
    advice = advise(candidates, Limits(), rule, None, spread_reader(folders))
    assert "since that of a cascade is not known" in " ".join(describe_advice(advice))
