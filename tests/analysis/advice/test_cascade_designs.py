"""Cascades are candidates of their own, with their own honest error and time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ensemble_switchover.analysis.advice.cascade_designs import collect_cascades, read_cascades
from ensemble_switchover.analysis.advice.headline import headline
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import AdviceAnswer, advise
from ensemble_switchover.analysis.advice.trained_designs import collect_designs, list_candidates
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.results.measure_cascades import make_cascades
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    predictions_file,
)
from ensemble_switchover.results.quality_metrics import QUALITY_METRICS
from ensemble_switchover.results.store import write_record
from tests.analysis.advice.planted_cascades import make_cascade, planted_runs, with_cascades
from tests.factories import make_record

DEVICE = "Example CPU"


def cascades_in(records):
    return {(r.study, r.name): r.cascades for r in records if r.cascades}


def with_their_cascades(records, rule="confidence", **options):
    designs = collect_designs(records, **options)
    return [*designs, *collect_cascades(designs, cascades_in(records), rule).designs]


def asked(records, rule="confidence", **limits):
    designs = with_their_cascades(records, rule)
    return advise(list_candidates(designs, DEVICE), Limits(**limits))


def test_a_cascade_has_the_error_of_its_record_after_the_last_epoch():
    whole, cascade = (d for d in with_their_cascades(planted_runs()) if d.k > 1)
    assert whole.errors == {0: (30.0, 9.0), 1: (30.0, 10.0)}
    assert cascade.errors == cascade.losses == {0: (10.0,), 1: (11.0,)}
    assert (cascade.epochs, whole.epochs) == ((2,), (1, 2))
    assert cascade.key != whole.key
    assert cascade.network_key == whole.network_key
    assert cascade.label == f"{whole.label}, cascade"
    facts = cascade.cascade
    assert (facts.mean_members, facts.members_p99, facts.whole_error_percent) == (1.75, 3, 9.0)
    assert with_their_cascades(planted_runs(), "margin")[-1].errors == {0: (12.0,), 1: (13.0,)}


def test_within_a_time_that_the_whole_ensemble_exceeds_its_cascade_is_advised():
    records = planted_runs()
    free = asked(records)
    assert free.best.design.cascade is None
    assert free.best.error == pytest.approx(9.5)

    within = asked(records, latency_ms=2.0)  # single: 1, whole: 4, cascade: 1.75
    assert within.best.design.cascade.rule == "confidence"
    assert within.best.error == pytest.approx(10.5)
    assert within.best.candidate.cost.latency_ms == pytest.approx(4.0 * 1.75 / 4)
    assert within.num_feasible == 2
    assert asked(records, latency_ms=1.2).best.design.design_class == "single"


def test_the_slowest_images_count_where_they_are_limited():
    records = planted_runs()
    within = asked(records, latency_ms=2.0, latency_p99_ms=3.0)  # 3 of 4 members of 1 ms each
    assert within.best.design.cascade is not None
    assert within.best.candidate.cost.latency_p99_ms == pytest.approx(3.0)
    assert asked(records, latency_p99_ms=2.9).best.design.design_class == "single"
    assert "latency_p99_ms" in dict(within.cheapest)
    assert "latency_p99_ms" not in dict(asked(records).cheapest)
    nothing = asked(records, latency_p99_ms=0.5)
    assert nothing.answer is AdviceAnswer.INFEASIBLE
    assert "inference time of 99 % of the images" in headline(nothing)


def test_runs_count_once_and_the_sentences_name_the_cascade():
    advice = asked(planted_runs(), latency_ms=2.0, latency_p99_ms=3.5)
    assert advice.num_runs == 4
    assert advice.num_designs == 3
    text = " ".join(describe_advice(advice))
    assert text.startswith("Build deq")
    assert ", cascade (resnet on digits), 2 epochs" in text
    assert "Its mean test error is 10.50 %" in text
    assert (
        "chosen on other folds of the test images than those it is read on; its error is that of "
        "the cascade. It asks 1.75 of 4 members on average, and 3 are enough for 99 % of the "
        "images. The error of all 4 together is 9.00 %."
    ) in text
    assert "The time of the cascade is that of all its members by the share" in text
    assert "without what else delays a call" in text


def test_collapsed_runs_are_left_out_of_the_error_as_elsewhere():
    errors = (9.0, 9.1, 9.2, 60.0, 8.9)
    records = [
        with_cascades(
            make_record(design_class="deq", seed=seed, test_errors=[error]), error=error + 1.0
        )
        for seed, error in enumerate(errors)
    ]
    designs = collect_designs(records)
    (left,) = collect_cascades(designs, cascades_in(records), "confidence").designs
    assert set(left.errors) == {0, 1, 2, 4}
    kept = collect_cascades(
        collect_designs(records, keep_collapsed=True),
        cascades_in(records),
        "confidence",
        keep_collapsed=True,
    ).designs[0]
    assert set(kept.errors) == {0, 1, 2, 3, 4}
    advice = advise(list_candidates([*designs, left], DEVICE), Limits())
    assert [record.seed for record in advice.collapsed] == [3]


def test_few_seeds_borrow_the_spread_of_cascades_beside_them():
    records = [
        with_cascades(
            make_record(design_class="deq", width=width, seed=seed, test_errors=[9.0]),
            error=10.0 + seed / 10 + width / 100,
        )
        for width in (10, 12, 14)
        for seed in (0, 1, 2)
    ]
    designs = collect_cascades(collect_designs(records), cascades_in(records), "confidence").designs
    assert [len(design.beside) for design in designs] == [1, 2, 1]
    assert designs[1].beside[0].errors == designs[0].errors


def test_ensembles_without_predictions_are_counted():
    records = [
        *planted_runs(),
        make_record(design_class="weq", test_errors=[9.0, 8.0]),
    ]
    found = collect_cascades(collect_designs(records), cascades_in(records), "confidence")
    assert (len(found.designs), found.without) == (1, 1)


def test_other_metrics_are_those_that_a_cascade_has():
    records = planted_runs()
    *_, cascade = with_their_cascades(records, metric=QUALITY_METRICS["nll"])
    assert cascade.losses == {0: (pytest.approx(0.4),), 1: (pytest.approx(0.44),)}
    assert cascade.errors == {0: (10.0,), 1: (11.0,)}
    other = replace(QUALITY_METRICS["nll"], name="balanced_error")
    with pytest.raises(ConfigError, match="--cascade: cascades are compared by error or nll"):
        with_their_cascades(records, metric=other)


def test_cascades_are_read_from_records_and_else_from_predictions(tmp_path):
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(4, 200, 10)).astype(np.float32)
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    predictions = Predictions(log_probabilities, draw.integers(0, 10, 200).astype(np.int32))
    old = make_record(design_class="deq", test_errors=[9.0, 8.0])
    new = replace(old, name="new", seed=1, cascades=[make_cascade(error=7.0)])
    none = replace(old, name="none", seed=2)
    single = make_record(test_errors=[9.0, 8.0])
    folders = {}
    for record in (old, new, none, single):
        folders[record.study, record.name] = tmp_path / record.name
        files = {predictions_file(2): dump_predictions(predictions)} if record is old else {}
        write_record(tmp_path / record.name, record, files)
    found = read_cascades([old, new, none, single], folders)
    assert found.keys() == {(old.study, old.name), (new.study, "new")}
    assert found[old.study, old.name] == make_cascades(predictions)
    assert found[new.study, "new"] == new.cascades
