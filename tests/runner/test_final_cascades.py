"""A run that ends chooses its cascades from the predictions that lie beside its record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ensemble_switchover.analysis.cascade.run_cascades import cascades_of
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.predictions import Predictions
from ensemble_switchover.results.store import read_record
from ensemble_switchover.runner import final_cascades
from ensemble_switchover.runner.final_cascades import choose_cascades
from ensemble_switchover.runner.job import run_job
from tests.measurement.cascade.brute_force import draw_logs

SMALL = ("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2")
HELD_OUT = ("dataset.train_size=100", "dataset.validation_size=40", "dataset.evaluate_on=test")


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), HELD_OUT])
def test_a_record_has_the_cascades_that_its_predictions_give(words, tiny_spec):
    spec, config = tiny_spec(*SMALL, *words)
    run_job(spec, config, concurrent_jobs=1)
    record = read_record(spec.folder / RECORD_FILE)
    assert [cascade.rule for cascade in record.cascades] == ["confidence", "margin"]
    assert cascades_of(replace(record, cascades=[]), spec.folder) == record.cascades
    expected = ("validation", "validation error") if words else ("folds", "training")
    for cascade in record.cascades:
        assert (cascade.chosen_on, cascade.ordered_by) == expected
        assert cascade.num_images == spec.sizes.test
        assert cascade.whole_error_percent == pytest.approx(record.error_percent)


def test_single_networks_and_runs_without_predictions_have_none():
    assert choose_cascades(None, None) == []
    assert choose_cascades(Predictions(*draw_logs(1, 20, 3)), None) == []
    assert len(choose_cascades(Predictions(*draw_logs(2, 20, 3)), None)) == 2


def test_want_of_memory_costs_the_cascades_alone(monkeypatch, caplog):
    def too_much(kept, held_out):
        raise MemoryError

    monkeypatch.setattr(final_cascades, "make_cascades", too_much)
    assert choose_cascades(Predictions(*draw_logs(2, 20, 3)), None) == []
    assert caplog.messages == ["no cascade: the memory of this machine does not suffice"]


@pytest.mark.slow
def test_without_kept_predictions_there_is_a_quality_and_no_cascade(tiny_spec):
    spec, config = tiny_spec(*SMALL, "record.predictions=none")
    run_job(spec, config, concurrent_jobs=1)
    record = read_record(spec.folder / RECORD_FILE)
    assert record.cascades == []
    assert record.quality is not None
