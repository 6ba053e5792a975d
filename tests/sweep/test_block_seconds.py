"""Seconds of a block: runs of a design are one job."""

from dataclasses import replace

import pytest
from omegaconf import OmegaConf

from ensemble_switchover.planning.calibration import calibration_folder, write_calibration
from ensemble_switchover.planning.overheads import Overheads, write_overheads
from ensemble_switchover.runner import calibrate as calibrate_module
from ensemble_switchover.runner import time_overheads as overheads_module
from ensemble_switchover.sweep import block_seconds as block_module
from ensemble_switchover.sweep.block_seconds import (
    as_in_jobs,
    block_predictor,
    jobs_of_block,
    known_predictor,
    measured_seconds,
    workplace_here,
    workplace_of_sweep,
)
from ensemble_switchover.sweep.next_runs import FinishedRuns
from ensemble_switchover.sweep.seed_seconds import SeedSeconds
from tests.planning.synthetic import make_calibration
from tests.planning.test_job_cost import rescaled


def make_config(n_jobs=None):
    launcher = {"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"}
    launcher |= {} if n_jobs is None else {"n_jobs": n_jobs}
    hydra = {"launcher": launcher, "overrides": {"hydra": []}}
    return OmegaConf.create({"sweep": {"jobs_per_device": None}, "hydra": hydra})


@pytest.fixture
def specs(tiny_spec):
    return [
        tiny_spec("epochs=2", *words, f"seed={seed}")[0]
        for words in (("design=single",), ("design=deq", "k=2"))
        for seed in range(3)
    ]


@pytest.fixture
def example_machine(monkeypatch, tmp_path):
    from ensemble_switchover.planning import basis

    monkeypatch.setattr(basis, "processor_name", lambda: "Example CPU")
    monkeypatch.setattr(basis, "main_memory_bytes", lambda: 2**34)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_seeds_of_a_design_are_a_job_unless_they_are_trained_apart(specs):
    jobs = jobs_of_block(specs, "auto", make_config())
    assert [([spec.seed for spec in runs], number) for runs, number in jobs] == [
        ([0, 1, 2], 1), ([0, 1, 2], 1),
    ]  # fmt: skip
    assert [len(runs) for runs, _ in jobs_of_block(specs, "none", make_config())] == [1] * 6
    two = jobs_of_block(specs, "auto", make_config(n_jobs=2))
    assert [([spec.seed for spec in runs], number) for runs, number in two] == [
        ([0, 1], 2), ([2], 2), ([0, 1], 2), ([2], 2),
    ]  # fmt: skip


def test_measured_jobs_are_the_shares_of_their_runs_or_what_a_smaller_group_takes(specs):
    seconds = {spec.name: 10.0 for spec in specs}
    of_seed = {spec.name: SeedSeconds(10.0, 25.0, 3) for spec in specs[:3]}
    finished = FinishedRuns({}, seconds, of_seed)
    assert measured_seconds(specs, finished, "auto", make_config()) == [30.0, 30.0]
    assert measured_seconds(specs[1:4], finished, "auto", make_config()) == [30.0, 10.0]
    assert measured_seconds(specs[:1], finished, "auto", make_config()) == [25.0]


def make_overheads(**changes):
    known = {
        "start_seconds": 5.0,
        "job_seconds": 1.0,
        "load_seconds": 0.5,
        "loaded_bytes": 10**6,
        "decode_seconds": 8.0,
        "decoded_images": 1000,
        "run_seconds": 0.25,
        "epoch_seconds": 0.1,
    }
    return Overheads(**{**known, **changes})


def configs_of(specs):
    return dict.fromkeys((spec.name for spec in specs), "the configuration")


@pytest.fixture
def known_machine(monkeypatch, example_machine, specs):
    monkeypatch.setattr(calibrate_module, "calibrate", lambda *_: pytest.fail("timed"))
    for calibration in (make_calibration(), rescaled(0.1)):
        write_calibration(calibration, calibration_folder(None))
    write_overheads(specs[0], make_overheads())


@pytest.mark.usefixtures("known_machine")
def test_predictions_are_those_of_the_groups_and_time_nothing_that_is_known(specs):
    together, apart = (
        block_predictor(specs, {}, workplace_of_sweep(make_config(), asked))
        for asked in ("auto", "none")
    )
    assert (len(together.jobs(specs)), len(apart.jobs(specs))) == (2, 6)
    assert 0 < together.jobs(specs)[0] < 3 * apart.jobs(specs)[0]


@pytest.mark.usefixtures("known_machine")
def test_a_job_has_everything_that_it_does(specs):
    """The difference between two machines that differ in their overheads alone."""
    place = workplace_here(1, "none")
    usual = known_predictor(specs, place)
    slow = make_overheads(job_seconds=4.0, run_seconds=0.75, epoch_seconds=0.4)
    write_overheads(specs[0], slow)
    (before,), (after,) = (p.jobs(specs[:1]) for p in (usual, known_predictor(specs, place)))
    assert after - before == pytest.approx(2 * 0.3 + 3.0 + 0.5)  # a network, two epochs


@pytest.mark.usefixtures("known_machine")
def test_a_block_begins_with_the_start_of_its_processes(specs):
    here, beside = (known_predictor(specs, workplace_here(jobs, "none")) for jobs in (1, 2))
    jobs = here.jobs(specs)
    assert here.seconds(specs) == pytest.approx(sum(jobs))  # torch is imported in these tests
    assert beside.seconds(specs) == pytest.approx(5.0 + sum(jobs) / 2)
    images = specs[0].train_size + specs[0].sizes.evaluated
    longer = here.seconds(specs, decoded=False) - here.seconds(specs)
    assert longer == pytest.approx(8.0 * images / 1000)
    fresh = replace(here, is_started=False)
    assert fresh.seconds(specs) == pytest.approx(5.0 + sum(jobs))
    each = replace(here, workplace=replace(here.workplace, starts_each=True))
    assert each.seconds(specs) == pytest.approx(sum(jobs) + 5.0 * len(jobs))
    assert here.seconds([]) == 0.0


@pytest.mark.usefixtures("example_machine")
def test_jobs_side_by_side_divide_the_processors(specs, tiny_spec, monkeypatch):
    monkeypatch.setattr(block_module, "threads_of_environment", lambda: None)
    monkeypatch.setattr(block_module, "num_processors", lambda: 8)
    monkeypatch.setattr(block_module, "this_device", lambda _: ("cpu", "Example CPU"))

    def threads(jobs, runs=specs[:1]):
        return [spec.threads for spec in as_in_jobs(runs, workplace_here(jobs, "none"))]

    assert [threads(jobs) for jobs in (1, 2, 3, 16)] == [[None], [4], [2], [1]]
    assert threads(2, [tiny_spec("threads=3")[0]]) == [3]
    monkeypatch.setattr(block_module, "this_device", lambda _: ("cuda", "Example GPU"))
    assert threads(2) == [None]
    monkeypatch.setattr(block_module, "this_device", lambda _: ("cpu", "Example CPU"))
    monkeypatch.setattr(block_module, "threads_of_environment", lambda: 5)
    assert threads(2) == [None]


@pytest.mark.usefixtures("known_machine")
def test_runs_that_share_a_training_are_counted_once(tiny_spec):
    words = ("design=weq", "k=4", "epochs=2")
    one, _ = tiny_spec("budget.network=26x16", *words)
    other, _ = tiny_spec("budget.network=38x16", *words)
    assert one.training_fingerprint == other.training_fingerprint
    assert one.name != other.name
    predictor = known_predictor([one, other], workplace_here(1, "none"))
    assert predictor.jobs([one, other]) == predictor.jobs([one])


@pytest.mark.usefixtures("example_machine")
def test_nothing_is_predicted_without_timings(specs):
    place = workplace_here(1, "none")
    assert known_predictor(specs, place) is None
    write_calibration(make_calibration(), calibration_folder(None))
    assert known_predictor(specs, place) is None
    write_overheads(specs[0], make_overheads())
    assert known_predictor(specs, place) is not None


@pytest.mark.usefixtures("example_machine")
def test_groups_that_were_never_timed_are_timed_first(specs, monkeypatch):
    write_calibration(make_calibration(), calibration_folder(None))
    timed = []

    def calibrate(asked, seconds):
        timed.append(([spec.execution.name for spec in asked], seconds))
        return [rescaled(0.1)]

    asked = []

    def time_overheads(config, start_seconds):
        asked.append(config)
        return make_overheads()

    monkeypatch.setattr(calibrate_module, "calibrate", calibrate)
    monkeypatch.setattr(overheads_module, "time_overheads", time_overheads)
    place = workplace_of_sweep(make_config(), "seeds")
    predictor = block_predictor(specs, configs_of(specs), place, 7.0)
    assert timed == [(["auto"] * 6 + ["fused"] * 2, 7.0)]
    assert asked == ["the configuration"]
    assert all(seconds > 0 for seconds in predictor.jobs(specs))
    block_predictor(specs, configs_of(specs), place, 7.0)
    assert asked == ["the configuration"]  # it was kept
    timed.clear()
    for calibration in (make_calibration(), rescaled(0.1)):
        write_calibration(calibration, calibration_folder(None))
    block_predictor(specs, {}, place, 7.0)
    assert timed == []
    block_predictor(specs, {}, place, 7.0, again=True)
    assert len(timed) == 1
