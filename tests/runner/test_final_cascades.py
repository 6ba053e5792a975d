"""A run that ends chooses its cascades from the predictions that lie beside its record."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from ensemble_switchover.analysis.cascade.run_cascades import cascades_of
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import read_record
from ensemble_switchover.runner.final_cascades import choose_cascades
from ensemble_switchover.runner.job import run_job

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


def test_single_networks_and_runs_without_predictions_have_none(tmp_path):
    assert choose_cascades(1, tmp_path / "any", None) == []
    assert choose_cascades(2, None, None) == []


def test_a_file_that_cannot_be_read_costs_the_cascades_only(tmp_path, caplog):
    damaged = tmp_path / "predictions-epoch-0002.npz"
    damaged.write_bytes(b"no archive")
    with caplog.at_level(logging.WARNING):
        assert choose_cascades(2, damaged, None) == []
        assert choose_cascades(2, tmp_path / "absent", None) == []
    assert [record.message.count("no cascade") for record in caplog.records] == [1, 1]
