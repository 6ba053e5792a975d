"""Runs that train the same networks: trained once, a record for each."""

from dataclasses import replace

import pytest

from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.check import check_record
from ensemble_switchover.results.layout import RECORD_FILE, checkpoint_folder
from ensemble_switchover.results.store import read_record, write_failure
from ensemble_switchover.runner.job import run_cell
from ensemble_switchover.sweep.shared_training import finished_trainings, share_record, spared_runs
from ensemble_switchover.sweep.worklist import draw_up

TWO_BUDGETS = [("budget.depth=14", "budget.width=8"), ("budget.depth=20", "budget.width=8")]
"""Two ResNets do not fit into 20x8 any deeper than into 14x8: both weq are two of 8x8."""


@pytest.fixture
def twins(tiny_cell):
    """Two budgets whose weq is the same, with their configurations."""
    return [tiny_cell("design=weq", "k=2", *budget) for budget in TWO_BUDGETS]


def run(cell, config):
    return run_cell(cell, config, concurrent_jobs=1, tell=list, warn=pytest.fail)


def test_equal_designs_are_one_training_and_different_runs(twins, tiny_cell):
    (first, _), (second, _) = twins
    assert first.design.depth == second.design.depth == 8
    assert first.training == second.training
    assert first.name != second.name
    others = [
        tiny_cell("design=weq", "k=2", *TWO_BUDGETS[0], word)[0]
        for word in ("seed=1", "k=3", "precision=64", "epochs=2", "threads=1", "dataset=fractals")
        if not word.startswith("k")
    ]
    assert len({first.training, *(cell.training for cell in others)}) == 1 + len(others)


def test_a_shared_record_is_the_others_measurements_under_its_own_request(twins):
    (first, config), (second, own_config) = twins
    run(first, config)
    assert finished_trainings(first.results) == {first.training: first.folder}
    share_record(second, own_config, first.folder)
    source = read_record(first.folder / RECORD_FILE)
    shared = read_record(second.folder / RECORD_FILE)
    assert (shared.epochs, shared.layer_times) == (source.epochs, source.layer_times)
    assert {entry.model for entry in source.latencies} == {"run", "single"}
    # the single network that was timed beside it is of the other budget
    assert shared.latencies == [entry for entry in source.latencies if entry.model == "run"]
    assert shared.environment == source.environment
    assert shared.shared_from == source.name
    assert source.shared_from is None
    assert (shared.budget.depth, source.budget.depth) == (20, 14)
    assert shared.design.budget_fill == second.design.budget_fill != source.design.budget_fill
    assert shared.name == second.folder.name
    assert shared.config["budget"]["depth"] == 20
    for cell in (first, second):
        found = check_record(cell.folder)
        assert (found.problems, found.remarks) == ([], [])
    for name in ("weights.safetensors", "predictions-epoch-0001.npz"):
        ours, theirs = ((cell.folder / name).read_bytes() for cell in (first, second))
        assert ours == theirs


def test_a_shared_run_equals_the_same_run_trained(twins, tmp_path):
    (first, config), (second, own_config) = twins
    run(first, config)
    share_record(second, own_config, first.folder)
    elsewhere = replace(second, results=tmp_path / "elsewhere")
    run(elsewhere, own_config)
    shared, trained = (read_record(cell.folder / RECORD_FILE) for cell in (second, elsewhere))
    assert shared.fingerprint == trained.fingerprint
    assert shared.design == trained.design
    assert [e.test_error for e in shared.epochs] == [e.test_error for e in trained.epochs]
    assert [e.train_loss for e in shared.epochs] == [e.train_loss for e in trained.epochs]


def test_a_record_of_another_training_is_not_taken_over(twins, tiny_cell):
    (first, config), _ = twins
    run(first, config)
    other, other_config = tiny_cell("design=weq", "k=2", *TWO_BUDGETS[1], "seed=1")
    with pytest.raises(RecordError, match="expected training"):
        share_record(other, other_config, first.folder)
    assert not other.folder.exists()


def test_one_of_equal_trainings_is_launched(twins):
    study = resolve_study(config for _, config in twins)
    agenda = draw_up(study, "none")
    (training,) = agenda.trainings
    assert [cell.name for cell in training.cells] == [cell.name for cell, _ in twins]
    assert spared_runs(study, set()) == {twins[1][0].name}


def test_what_was_trained_in_another_study_is_found(twins, tiny_cell):
    (first, config), _ = twins
    run(first, config)
    cell, own = tiny_cell("design=weq", "k=2", *TWO_BUDGETS[1], "study=night")
    study = resolve_study([own])
    agenda = draw_up(study, "none")
    assert agenda.trainings == []
    assert [(entry.name, source) for entry, source in agenda.shares] == [(cell.name, first.folder)]
    assert spared_runs(study, set()) == {cell.name}


def test_a_failure_is_that_of_all_who_share_it_until_it_is_tried_again(twins):
    (first, _), (second, _) = twins
    study = resolve_study(config for _, config in twins)
    write_failure(second.folder, second.name, "not finite")
    agenda = draw_up(study, "none")
    assert agenda.trainings == []
    reasons = {name: reason for name, (_, reason) in agenda.failed.items()}
    assert reasons == {
        first.name: f"shares the training of {second.name}, which failed",
        second.name: "not finite",
    }
    (training,) = draw_up(study, "failed").trainings
    assert training.lead.name == second.name


def test_retry_failed_leaves_what_never_began(twins, tiny_cell):
    failed, _ = tiny_cell("seed=5")
    interrupted, _ = tiny_cell("seed=6")
    write_failure(failed.folder, failed.name, "not finite")
    checkpoint_folder(interrupted.folder).mkdir(parents=True)
    (checkpoint_folder(interrupted.folder) / "000001.checkpoint").touch()
    configs = [tiny_cell(f"seed={seed}")[1] for seed in (4, 5, 6)]
    agenda = draw_up(resolve_study(configs), "failed")
    assert [entry.lead.name for entry in agenda.trainings] == [failed.name, interrupted.name]
    assert [cell.seed for cell in agenda.left_out] == [4]
    agenda = draw_up(resolve_study(configs), "none")
    assert [entry.lead.seed for entry in agenda.trainings] == [4, 6]
    assert list(agenda.failed) == [failed.name]
