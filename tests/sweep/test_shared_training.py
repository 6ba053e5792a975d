"""Runs that train the same networks: trained once, a record for each."""

import shutil
from dataclasses import replace

import pytest

from ensemble_switchover.config.schema import plain
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.check import check_record
from ensemble_switchover.results.layout import RECORD_FILE, checkpoint_folder
from ensemble_switchover.results.store import read_record, write_failure, write_record
from ensemble_switchover.runner.job import run_job
from ensemble_switchover.sweep.shared_training import finished_trainings, share_record, spared_runs
from ensemble_switchover.sweep.worklist import build_worklist
from tests.factories import make_record, of_timing_pass
from tests.log_lines import without_warnings

pytestmark = pytest.mark.slow

TWO_BUDGETS = [("budget.depth=14", "budget.width=8"), ("budget.depth=20", "budget.width=8")]
"""Two ResNets do not fit into 20x8 any deeper than into 14x8: both weq are two of 8x8."""


@pytest.fixture
def twins(tiny_spec):
    """Two budgets whose weq is the same, with their configurations."""
    return [tiny_spec("design=weq", "k=2", *budget) for budget in TWO_BUDGETS]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Keep the results of the first twin once it is trained."""
    return tmp_path_factory.mktemp("kept") / "results"


@pytest.fixture
def trained_twins(twins, kept):
    """The twins, the first of them trained."""
    first, config = twins[0]
    if kept.exists():
        shutil.copytree(kept, first.results)
    else:
        run(first, config)
        shutil.copytree(first.results, kept)
    return twins


def run(spec, config):
    with without_warnings():
        return run_job(spec, config, concurrent_jobs=1)


def test_equal_designs_are_one_training_and_different_runs(twins, tiny_spec):
    (first, _), (second, _) = twins
    assert first.design.depth == second.design.depth == 8
    assert first.training_fingerprint == second.training_fingerprint
    assert first.name != second.name
    others = [
        tiny_spec("design=weq", "k=2", *TWO_BUDGETS[0], word)[0]
        for word in ("seed=1", "k=3", "precision=64", "epochs=2", "threads=1", "dataset=fractals")
        if not word.startswith("k")
    ]
    assert len(
        {first.training_fingerprint, *(spec.training_fingerprint for spec in others)}
    ) == 1 + len(others)


def test_a_shared_record_is_the_others_measurements_under_its_own_request(trained_twins):
    (first, _), (second, own_config) = trained_twins
    assert finished_trainings(first.results) == {first.training_fingerprint: first.folder}
    share_record(second, own_config, first.folder)
    source = read_record(first.folder / RECORD_FILE)
    shared = read_record(second.folder / RECORD_FILE)
    assert (shared.epochs, shared.layer_times) == (source.epochs, source.layer_times)
    assert {entry.model for entry in source.latencies} == {"run", "single"}
    # the single network that was timed beside it is of the other budget
    assert shared.latencies == [entry for entry in source.latencies if entry.model == "run"]
    assert all(entry.single is not None for entry in source.cascade_latencies)
    assert shared.cascade_latencies == [
        replace(entry, single=None) for entry in source.cascade_latencies
    ]
    assert shared.cascade_latencies
    assert shared.environment == source.environment
    assert shared.shared_from == source.name
    assert source.shared_from is None
    assert (shared.budget.depth, source.budget.depth) == (20, 14)
    assert shared.design.budget_fill == second.design.budget_fill != source.design.budget_fill
    assert shared.name == second.folder.name
    assert shared.config["budget"]["depth"] == 20
    for spec in (first, second):
        found = check_record(spec.folder)
        assert (found.problems, found.remarks) == ([], [])
    for name in ("weights.safetensors", "predictions-epoch-0001.npz"):
        ours, theirs = ((spec.folder / name).read_bytes() for spec in (first, second))
        assert ours == theirs


def test_a_shared_record_has_the_timing_pass_of_the_other(twins):
    (first, config), (second, own_config) = twins
    record = replace(
        of_timing_pass(make_record(design_class="weq", k=2, depth=14, width=8)),
        name=first.name,
        fingerprint=first.fingerprint,
        training_fingerprint=first.training_fingerprint,
        config=plain(config),
    )
    steps = first.num_steps // first.recipe.epochs
    timing_pass = replace(record.timing_pass, epoch_steps=steps, beside=["single k=1", "weq k=2"])
    write_record(first.folder, replace(record, timing_pass=timing_pass), {})

    share_record(second, own_config, first.folder)

    shared = read_record(second.folder / RECORD_FILE)
    assert (shared.timing_pass, shared.seconds) == (timing_pass, record.seconds)
    assert shared.environment.times_of == "timing pass"
    assert shared.epochs == record.epochs
    for spec in (first, second):
        assert check_record(spec.folder).problems == []


def test_a_shared_run_equals_the_same_run_trained(trained_twins, tmp_path):
    (first, _), (second, own_config) = trained_twins
    share_record(second, own_config, first.folder)
    elsewhere = replace(second, results=tmp_path / "elsewhere")
    run(elsewhere, own_config)
    shared, trained = (read_record(spec.folder / RECORD_FILE) for spec in (second, elsewhere))
    assert shared.fingerprint == trained.fingerprint
    assert shared.design == trained.design
    assert [e.error_percent for e in shared.epochs] == [e.error_percent for e in trained.epochs]
    assert [e.train_loss_nats for e in shared.epochs] == [e.train_loss_nats for e in trained.epochs]


def test_a_record_of_another_training_is_not_taken_over(trained_twins, tiny_spec):
    (first, _), _ = trained_twins
    other, other_config = tiny_spec("design=weq", "k=2", *TWO_BUDGETS[1], "seed=1")
    with pytest.raises(RecordError, match="expected training"):
        share_record(other, other_config, first.folder)
    assert not other.folder.exists()


def test_one_of_equal_trainings_is_launched(twins):
    study = resolve_study(config for _, config in twins)
    worklist = build_worklist(study, "none")
    (training,) = worklist.trainings
    assert [spec.name for spec in training.specs] == [spec.name for spec, _ in twins]
    assert spared_runs(study, set()) == {twins[1][0].name}


def test_what_was_trained_in_another_study_is_found(trained_twins, tiny_spec):
    (first, _), _ = trained_twins
    spec, own = tiny_spec("design=weq", "k=2", *TWO_BUDGETS[1], "study=night")
    study = resolve_study([own])
    worklist = build_worklist(study, "none")
    assert worklist.trainings == []
    assert [(entry.name, source) for entry, source in worklist.shares] == [
        (spec.name, first.folder)
    ]
    assert spared_runs(study, set()) == {spec.name}


def test_a_failure_is_that_of_all_who_share_it_until_it_is_tried_again(twins):
    (first, _), (second, _) = twins
    study = resolve_study(config for _, config in twins)
    write_failure(second.folder, second.name, "not finite")
    worklist = build_worklist(study, "none")
    assert worklist.trainings == []
    reasons = {name: reason for name, (_, reason) in worklist.failed.items()}
    assert reasons == {
        first.name: f"shares the training of {second.name}, which failed",
        second.name: "not finite",
    }
    (training,) = build_worklist(study, "failed").trainings
    assert training.lead.name == second.name


def test_retry_failed_leaves_what_never_began(twins, tiny_spec):
    failed, _ = tiny_spec("seed=5")
    interrupted, _ = tiny_spec("seed=6")
    write_failure(failed.folder, failed.name, "not finite")
    checkpoint_folder(interrupted.folder).mkdir(parents=True)
    (checkpoint_folder(interrupted.folder) / "000001.checkpoint").touch()
    configs = [tiny_spec(f"seed={seed}")[1] for seed in (4, 5, 6)]
    worklist = build_worklist(resolve_study(configs), "failed")
    assert [entry.lead.name for entry in worklist.trainings] == [failed.name, interrupted.name]
    assert [spec.seed for spec in worklist.left_out] == [4]
    worklist = build_worklist(resolve_study(configs), "none")
    assert [entry.lead.seed for entry in worklist.trainings] == [4, 6]
    assert list(worklist.failed) == [failed.name]
