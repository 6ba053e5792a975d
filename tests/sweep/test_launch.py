"""What is launched, and launched again, whatever a launcher does; no run trains here."""

import os

import pytest
from hydra.core.utils import JobReturn, JobStatus

from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.results.layout import checkpoint_folder, unfinished_folder
from ensemble_switchover.results.lock import take_lock
from ensemble_switchover.results.store import write_failure, write_record
from ensemble_switchover.sweep.launch import dispatch
from ensemble_switchover.sweep.progress import SweepProgress
from ensemble_switchover.sweep.seed_jobs import SeedJob
from ensemble_switchover.sweep.worklist import build_worklist
from tests.factories import make_record


class Launcher:
    """A launcher whose jobs do what the test says of their seed."""

    def __init__(self, specs, behaviour):
        self.specs = specs
        self.behaviour = behaviour
        self.launched = []

    def launch(self, job_overrides, initial_job_idx):
        seeds = [int(overrides[0]) for overrides in job_overrides]
        self.launched.append(seeds)
        return [self._run(seed) for seed in seeds]

    def _run(self, seed):
        answer = self.behaviour(self.specs[seed], len(self.launched))
        return JobReturn(status=JobStatus.COMPLETED, _return_value=answer)


def finish(spec):
    write_record(spec.folder, make_record(name=spec.name))
    return "trained"


def leave_a_dead_lock(spec):
    """Do as a process that was killed."""
    folder = unfinished_folder(spec.folder)
    folder.mkdir(parents=True, exist_ok=True)
    child = os.fork()
    if child == 0:
        take_lock(folder)
        os._exit(0)
    os.waitpid(child, 0)


def refuse(spec, number):
    """Do as a launcher that does not work."""
    raise OSError("sbatch: invalid partition")


@pytest.fixture
def launch(tiny_spec, capsys):
    def start(behaviour, num_specs=4):
        pairs = [tiny_spec(f"seed={seed}") for seed in range(num_specs)]
        specs = [spec for spec, _ in pairs]
        study = resolve_study(config for _, config in pairs)
        watch = SweepProgress(study, build_worklist(study, "none"), concurrent_jobs=1, share=None)
        launcher = Launcher(specs, behaviour)
        jobs = [SeedJob([spec], [str(spec.seed)]) for spec in specs]
        dispatch(jobs, watch, launcher)
        watch.finish()
        return launcher.launched, watch

    return start


def reasons(watch):
    return {spec.seed: reason for spec, reason in watch.tally.failed.values()}


def test_all_are_launched_together_once(launch, capsys):
    launched, watch = launch(lambda spec, _: finish(spec))
    assert launched == [[0, 1, 2, 3]]
    assert watch.num_missing == 0
    out = capsys.readouterr().out
    assert "[1/4 done, the next starts, ~" in out
    assert "[4/4 done]" in out


def test_a_killed_process_costs_no_other_run_and_is_tried_alone(launch):
    def behave(spec, number):
        if spec.seed == 1 and number == 1:
            leave_a_dead_lock(spec)
            raise RuntimeError("A worker was terminated")
        return finish(spec)

    launched, watch = launch(behave)
    assert launched == [[0, 1, 2, 3], [2, 3], [1]]
    assert watch.num_missing == 0


def test_a_run_that_is_killed_again_is_given_up_and_named(launch, capsys):
    def behave(spec, number):
        if spec.seed == 1:
            leave_a_dead_lock(spec)
            raise RuntimeError("A worker was terminated")
        return finish(spec)

    launched, watch = launch(behave)
    assert launched == [[0, 1, 2, 3], [2, 3], [1]]
    assert reasons(watch) == {
        1: "its process was killed, twice; after 0 epochs of 1, where the same command goes on"
    }
    assert watch.num_missing == 1
    assert "1 failed" in capsys.readouterr().out


def test_a_launcher_that_does_not_work_is_not_tried_for_ever(launch):
    launched, watch = launch(refuse)
    assert launched == [[0, 1, 2, 3]]
    assert set(reasons(watch).values()) == {"could not be launched: sbatch: invalid partition"}
    assert watch.num_missing == 4


def test_a_lock_of_an_earlier_sweep_is_no_kill_of_this_one(launch, tiny_spec):
    left_behind, _ = tiny_spec("seed=1")
    leave_a_dead_lock(left_behind)

    launched, watch = launch(refuse)
    assert launched == [[0, 1, 2, 3]]
    assert set(reasons(watch).values()) == {"could not be launched: sbatch: invalid partition"}


def test_a_killed_run_whose_second_job_does_not_begin_says_so(launch):
    def behave(spec, number):
        if spec.seed == 1 and number == 1:
            leave_a_dead_lock(spec)
        if spec.seed == 1:
            raise OSError("queue is closed")
        return finish(spec)

    launched, watch = launch(behave)
    assert launched == [[0, 1, 2, 3], [2, 3], [1]]
    assert reasons(watch) == {1: "could not be launched: queue is closed"}


def test_a_killed_run_that_is_cancelled_then_is_left(launch, capsys):
    def behave(spec, number):
        if spec.seed == 1 and number == 1:
            leave_a_dead_lock(spec)
            raise RuntimeError("A worker was terminated")
        if spec.seed == 1:
            raise RuntimeError("has not produced any output (state: CANCELLED by 0)")
        return finish(spec)

    _, watch = launch(behave)
    assert reasons(watch) == {}
    assert watch.num_missing == 1
    assert "what is left is not launched again" in capsys.readouterr().err


def test_jobs_that_were_cancelled_are_not_launched_again(launch, capsys):
    def behave(spec, number):
        if spec.seed == 2:
            raise RuntimeError("has not produced any output (state: CANCELLED by 0)")
        return finish(spec)

    launched, watch = launch(behave)
    assert launched == [[0, 1, 2, 3]]
    assert watch.num_missing == 2
    assert "what is left is not launched again" in capsys.readouterr().err


def test_a_failure_in_the_store_is_told_and_nothing_is_launched_again(launch):
    def behave(spec, number):
        if spec.seed == 0:
            write_failure(spec.folder, spec.name, "member 0: not finite")
            return "failed"
        return finish(spec)

    launched, watch = launch(behave)
    assert len(launched) == 1
    assert reasons(watch) == {0: "member 0: not finite"}


def test_a_run_that_came_further_is_launched_again_when_its_job_did_not_return(launch):
    """A job that made room and could not return to the queue released its lock."""

    def behave(spec, number):
        if number < 3:
            folder = checkpoint_folder(spec.folder)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number:06}.checkpoint").touch()
            raise RuntimeError("job 7 of Slurm ended without an answer (state: FAILED)")
        return finish(spec)

    launched, watch = launch(behave, num_specs=1)
    assert launched == [[0], [0], [0]]
    assert watch.num_missing == 0


def test_what_could_not_begin_says_why(launch):
    def behave(spec, number):
        return "not run: no network" if spec.seed == 3 else finish(spec)

    launched, watch = launch(behave)
    assert len(launched) == 1
    assert reasons(watch) == {3: "not run: no network"}


def test_a_run_that_was_held_by_a_process_which_then_ended_is_launched_again(launch):
    def behave(spec, number):
        return "busy" if spec.seed == 1 and number == 1 else finish(spec)

    launched, watch = launch(behave)
    assert launched == [[0, 1, 2, 3], [1]]
    assert watch.num_missing == 0
