"""How a sweep stands, in words that a file of output keeps."""

import re
import time
from contextlib import ExitStack

import pytest
from omegaconf import OmegaConf

from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.results.layout import LOG_FILE, checkpoint_folder, unfinished_folder
from ensemble_switchover.results.lock import take_lock
from ensemble_switchover.results.store import write_failure, write_record
from ensemble_switchover.sweep import progress as watch_module
from ensemble_switchover.sweep import sweep_plan as sweep
from ensemble_switchover.sweep.progress import SweepProgress
from ensemble_switchover.sweep.sweep_plan import SweepPlan, run_plan
from ensemble_switchover.sweep.worklist import build_worklist
from tests.factories import make_record


@pytest.fixture
def watched(tiny_spec):
    def make(*words_of_runs, retry="none"):
        pairs = [tiny_spec(*words) for words in words_of_runs]
        study = resolve_study(config for _, config in pairs)
        watch = SweepProgress(study, build_worklist(study, retry), concurrent_jobs=1, share=None)
        return [spec for spec, _ in pairs], watch

    return make


def test_running_failed_and_done_are_counted(watched, capsys):
    (first, second, third), watch = watched(("seed=0",), ("seed=1",), ("seed=2",))
    with take_lock(unfinished_folder(second.folder)):
        write_record(first.folder, make_record(name=first.name))
        watch.update()
        write_failure(third.folder, third.name, "not finite")
        watch.update()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "runs: 3 runs, 0 of them finished before"
    assert lines[1].endswith("[1/3 done, 1 running, ~24 s left]")
    assert "seed 2: FAILED: not finite  [1/3 done, 1 running, 1 failed" in lines[2]
    assert "\x1b" not in "".join(lines)


def test_seeds_of_one_process_are_one_job_in_the_time_that_is_left(watched, capsys):
    runs, watch = watched(*((f"seed={seed}",) for seed in range(5)))
    with ExitStack() as stack:
        for spec in runs[1:]:
            stack.enter_context(take_lock(unfinished_folder(spec.folder)))
        write_record(runs[0].folder, make_record(name=runs[0].name))
        watch.update()
        assert "[1/5 done, 4 in 1 job, ~48 s left]" in capsys.readouterr().out
        folder = checkpoint_folder(runs[1].folder)
        folder.mkdir(parents=True)
        (folder / f"{runs[1].recipe.epochs:06}.checkpoint").touch()
        watch._report(watch._status())
        assert "4 in 1 job, ~36 s left" in capsys.readouterr().out


def test_the_time_left_on_slurm_is_by_what_runs_and_not_by_what_might(
    tiny_spec, monkeypatch, capsys
):
    """The word bounds an array of jobs, and the queue may give less."""
    study = resolve_study(tiny_spec(f"seed={seed}")[1] for seed in range(3))
    array = "hydra.launcher.array_parallelism"
    hydra = {
        "launcher": {"_target_": "Slurm's", "array_parallelism": 8},
        "overrides": {"hydra": [f"{array}=8"]},
        "runtime": {"choices": {"hydra/launcher": "submitit_slurm"}},
    }
    config = OmegaConf.create(
        {"sweep": {"jobs_per_device": None, "together": "none"}, "hydra": hydra}
    )

    def dispatch(jobs, watch, launcher):
        first, second, _ = (job.specs[0] for job in jobs)
        with take_lock(unfinished_folder(second.folder)):
            write_record(first.folder, make_record(name=first.name))
            watch.update()

    monkeypatch.setattr(sweep, "dispatch", dispatch)
    overrides = {spec.name: [f"seed={seed}"] for seed, spec in enumerate(study.specs)}
    run_plan(SweepPlan(study, overrides, {}, False, "none"), config, lambda _: None)
    assert "[1/3 done, 1 running, ~24 s left]" in capsys.readouterr().out


def test_what_fewer_evaluations_cost_is_told_once_at_the_beginning(watched, capsys):
    asked = ("epochs=4", "evaluate_every=3")
    watched((*asked, "seed=0"), (*asked, "seed=1"), ("epochs=4",))
    _, told = capsys.readouterr().out.splitlines()
    assert told.startswith("  evaluate_every=3: evaluated after 2 of 4 epochs (3, 4); ")


def test_a_failure_is_shown_and_never_obeyed(watched, capsys):
    (spec,), watch = watched(("seed=0",))
    write_failure(spec.folder, spec.name, "\x1b[2Jnot finite")
    watch.finish()
    out = capsys.readouterr().out
    assert out.count("[2Jnot finite") == 2  # as it ended, and in the table
    assert "\x1b" not in out


def test_a_long_silence_is_broken_by_how_it_stands(watched, monkeypatch, capsys):
    monkeypatch.setattr(watch_module, "PROGRESS_POLL_SECONDS", 0.01)
    monkeypatch.setattr(watch_module, "status_seconds", lambda _: 0.05)
    _, watch = watched(("seed=0",), ("seed=1",))
    watch.start()
    said = ""
    while "0/2 done" not in said:
        time.sleep(0.01)
        said += capsys.readouterr().out
    watch.stop()
    assert "runs: 0/2 done, the next starts" in said


def test_the_epoch_within_the_runs_is_told(watched, capsys):
    (first, second, third), watch = watched(("seed=0",), ("seed=1",), ("seed=2",))
    with ExitStack() as stack:
        for spec in (first, second):
            stack.enter_context(take_lock(unfinished_folder(spec.folder)))
        watch._report(watch._status())
        assert "0/3 done, 2 in 1 job\n" in capsys.readouterr().out
        line = "2026-11-29 01:00:00  epoch  3/14  loss 1.000  not evaluated  1.00 s training\n"
        for spec in (first, second):
            (unfinished_folder(spec.folder) / LOG_FILE).write_text(line)
        watch._report(watch._status())
        assert "0/3 done, 2 in 1 job (epoch 4 of 14)" in capsys.readouterr().out
    write_record(third.folder, make_record(name=third.name))
    watch.update()
    assert "[1/3 done, the next starts" in capsys.readouterr().out


def test_a_failure_of_before_is_no_new_one(watched, tiny_spec):
    spec, _ = tiny_spec("seed=0")
    write_failure(spec.folder, spec.name, "not finite")
    _, watch = watched(("seed=0",), retry="failed")
    watch.update()
    assert list(watch.pending) == [spec.name]
    write_failure(spec.folder, spec.name, "out of memory")
    watch.update()
    assert [reason for _, reason in watch.tally.failed.values()] == ["out of memory"]


def test_the_table_of_failures_names_each_with_its_reason(watched, capsys):
    (first, second), watch = watched(("seed=0",), ("seed=1",))
    write_record(second.folder, make_record(name=second.name))
    write_failure(first.folder, first.name, "member 0: the training loss is not finite")
    watch.finish()
    out = capsys.readouterr().out
    assert re.search(r"1 runs trained in .* s, 0 shared, 0 reused, 1 failed, 0 left", out)
    row = next(line for line in out.splitlines() if line.strip().startswith(first.name))
    assert row.split(maxsplit=1)[1].strip() == "member 0: the training loss is not finite"
    assert watch.num_missing == 1
