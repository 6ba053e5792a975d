"""Sweeps on the real command line, with real (tiny) trainings."""

import os
import re
import signal
import time

import pytest

from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import read_records
from tests import engines, program, troubled

pytestmark = pytest.mark.process

TINY = (
    "dataset=digits",
    "logger=none",
    "device=cpu",
    "threads=1",
    "epochs=1",
    "dataset.train_size=40",
    "dataset.test_size=60",
    "measurement.latency_batch_sizes=[1]",
    "measurement.latency_seconds=0.01",
    "sweep.together=none",
)


def sweep(folder, *overrides):
    return program.run("--multirun", *TINY, *overrides, folder=folder)


def records(folder, study="runs"):
    return read_records(folder / "results" / study).records


def records_of_seed(folder, seed):
    return list(folder.glob(f"results/runs/*_seed{seed}_*/{RECORD_FILE}"))


def has_begun(folder, seed):
    """Tell whether a run has its first checkpoint."""
    return any(folder.glob(f"results/runs/.unfinished/*_seed{seed}_*/checkpoints/*.checkpoint"))


def test_the_words_of_one_run_sweep_with_multirun(tmp_path):
    words = (
        "arch=resnet",
        "design=single,deq,weq",
        "k=2,4",
        "budget.depth=14",
        "budget.width=8,16",
    )
    first = sweep(tmp_path, *words)

    assert first.returncode == 0, first.stderr
    found = {
        (r.design.design_class, r.design.k, r.budget.width): r.design for r in records(tmp_path)
    }
    # a single network is one run whatever k is; weq with k=4 has no solution at these budgets
    assert set(found) == {
        *(("single", 1, width) for width in (8, 16)),
        *(("deq", k, width) for k in (2, 4) for width in (8, 16)),
        *(("weq", 2, width) for width in (8, 16)),
    }
    assert first.stdout.count("no such design: resnet on digits: design=weq k=4") == 2
    assert "8 runs trained" in first.stdout
    assert "8/8" in first.stdout
    assert "left]" in first.stdout
    assert "Traceback" not in first.stdout + first.stderr

    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob(RECORD_FILE)}
    second = sweep(tmp_path, *words)
    assert second.returncode == 0
    assert "0 runs trained" in second.stdout
    assert "8 reused" in second.stdout
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob(RECORD_FILE)}


def test_a_failing_run_stops_no_other_and_is_told(tmp_path):
    words = ("budget.depth=8", "budget.width=4", "recipe.learning_rate=0.1,1e6")
    first = sweep(tmp_path, *words)
    assert first.returncode == 1
    assert len(records(tmp_path)) == 1
    assert "1 failed" in first.stdout
    assert "not finite" in first.stdout
    assert "retry=failed" in first.stdout

    again = sweep(tmp_path, *words)
    assert again.returncode == 1
    assert "0 runs trained" in again.stdout

    retried = sweep(tmp_path, *words, "retry=failed")
    assert retried.returncode == 1
    assert "1 failed" in retried.stdout


def test_a_wrong_word_stops_before_anything_runs(tmp_path):
    result = sweep(tmp_path, "budget.depth=8,9")
    assert result.returncode == 2
    assert "budget.depth=9: a resnet has depth 6n+2" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.rglob(RECORD_FILE))


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_an_interrupted_sweep_goes_on(tmp_path, launcher):
    """One run is finished, and every process waits in the middle of another: nothing is a race."""
    num_jobs = 2 if launcher == "joblib" else 1
    waiting = troubled.WAIT[:num_jobs]
    words = (
        "budget.depth=8",
        "budget.width=4",
        f"seed=0,{','.join(map(str, waiting))},4",
        "epochs=2",
        f"hydra/launcher={launcher}",
        *(["hydra.launcher.n_jobs=2"] if launcher == "joblib" else []),
    )
    process = program.start("--multirun", *TINY, *words, folder=tmp_path, module="tests.troubled")
    while not (records_of_seed(tmp_path, 0) and all(has_begun(tmp_path, s) for s in waiting)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate()

    assert process.returncode == 130
    assert "Interrupted" in errors
    assert "Traceback" not in errors
    assert [record.seed for record in records(tmp_path)] == [0]

    result = sweep(tmp_path, *words[:4])  # a checkpoint does not know its launcher
    assert result.returncode == 0, result.stderr
    assert f"{num_jobs + 1} runs trained" in result.stdout
    assert {record.seed for record in records(tmp_path)} == {0, *waiting, 4}
    for seed in waiting:
        (log,) = tmp_path.glob(f"results/runs/*_seed{seed}_*/run.log")
        assert "going on after epoch 1" in log.read_text()


def test_a_sweep_that_cannot_write_says_so_and_does_not_end_well(tmp_path):
    if os.geteuid() == 0:
        words = ["results=/proc/self/nowhere"]
    else:
        (tmp_path / "closed").mkdir(mode=0o500)
        words = [f"results={tmp_path / 'closed'}"]
    result = sweep(tmp_path, "budget.depth=8", "budget.width=4", *words)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "could not be launched" in result.stdout
    assert "nowhere" in result.stdout or "closed" in result.stdout


def test_a_study_over_sources_has_the_runs_of_each(tmp_path):
    result = sweep(
        tmp_path, "budget.depth=14", "budget.width=8", "design=single,deq", "k=2",
        "budget.source=rule,nearest",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = sorted((r.design.design_class, r.design.source) for r in records(tmp_path))
    assert found == [("deq", "nearest"), ("deq", "rule"), ("single", "rule")]


def test_a_run_that_raises_one_without_memory_and_one_that_is_killed_cost_no_other(tmp_path):
    words = ("budget.depth=8", "budget.width=4", "epochs=2", "seed=0,1,2,3,4,5")
    joblib = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    result = program.run(
        "--multirun", *TINY, *words, *joblib, folder=tmp_path, module="tests.troubled"
    )
    assert result.returncode == 1, result.stderr
    assert {record.seed for record in records(tmp_path)} == {0, 4, 5}
    table = " ".join(result.stdout.partition("Why")[2].split())
    assert "RuntimeError: shapes do not match" in table
    assert "out of memory with 1 x" in table
    assert "its process was killed, twice; after 2 epochs of 2" in table
    assert len(re.findall(r"resnet_digits_8x4_single_k1_seed[123]_", table)) == 3
    logs = {path.parent.name[-19:-13]: path.read_text() for path in tmp_path.rglob("run.log")}
    assert "Traceback" in logs["_seed1"]
    assert "epoch 2/2" in logs["_seed0"]

    again = sweep(tmp_path, *words)
    assert again.returncode == 1
    assert "1 runs trained" in again.stdout  # the killed one, to its end
    assert {record.seed for record in records(tmp_path)} == {0, 3, 4, 5}
    retried = sweep(tmp_path, *words, "retry=failed")
    assert retried.returncode == 0, retried.stdout
    assert "2 runs trained" in retried.stdout


def test_retry_failed_leaves_what_never_began(tmp_path):
    words = ("budget.depth=8", "budget.width=4", "recipe.learning_rate=1e6")
    assert sweep(tmp_path, *words).returncode == 1
    result = sweep(tmp_path, *words, "seed=0,1", "retry=failed")
    assert result.returncode == 1
    assert "1 failed, 1 left" in result.stdout
    assert "same command without retry=failed" in result.stdout
    assert len(list((tmp_path / "results" / "runs").glob("*/failure.json"))) == 1


def test_equal_designs_are_trained_once_and_each_has_its_record(tmp_path):
    words = ("design=weq", "k=2", "budget.network=14x8,20x8")
    result = sweep(tmp_path, *words)
    assert result.returncode == 0, result.stderr
    assert "1 share the training of another" in result.stdout
    assert "1 runs trained" in result.stdout
    assert "1 shared" in result.stdout
    first, second = sorted(records(tmp_path), key=lambda record: record.budget.depth)
    assert (first.budget.depth, second.budget.depth) == (14, 20)
    assert (first.design.depth, second.design.depth) == (8, 8)
    assert second.shared_from == first.name
    assert first.epochs == second.epochs
    in_another_study = sweep(tmp_path, *words, "study=night")
    assert "0 runs trained in" in in_another_study.stdout
    assert "2 shared" in in_another_study.stdout
    assert len(records(tmp_path, "night")) == 2


def test_jobs_of_a_study_that_is_run_beside_others_know_how_they_are_run(tmp_path):
    """By itself, the study of digits runs two at a time."""
    # what tells the runs of the two studies apart is left to them
    words = [word for word in TINY if "latency_batch_sizes" not in word]
    words += ["sweep=smoke,digits_resnet", "design=single", "budget.network=8x4", "seed=0"]
    result = program.run("--multirun", *words, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    found = [*records(tmp_path, "smoke"), *records(tmp_path, "digits")]
    assert [record.environment.concurrent_jobs for record in found] == [1, 1]


@pytest.mark.xdist_group("engines")
def test_the_study_smoke_gives_the_same_records_under_joblib(tmp_path, smoke_outcomes):
    joblib = ("hydra/launcher=joblib", "sweep.jobs_per_device=2")
    # both budgets: with fewer designs the seeds of each would be divided
    said = engines.run(tmp_path, "sweep=smoke", "sweep.together=seeds", *joblib)
    assert "[12/12 done]" in said
    assert smoke_outcomes.items() <= engines.outcomes(tmp_path).items()
    together = read_records(tmp_path / "results").records
    assert {record.environment.concurrent_jobs for record in together} == {2}
