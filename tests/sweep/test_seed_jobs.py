"""The jobs of a sweep."""

import pytest
from hydra import compose, initialize_config_dir

from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.sweep.seed_jobs import (
    configs_of_seeds,
    group_seeds,
    job_of_one,
    runs_beside,
)

SMALL = ("budget.depth=8", "budget.width=8")


@pytest.fixture
def study(tiny_spec):
    """Return the runs of two designs and five seeds, and their overrides."""
    designs = [("design=single",), ("design=deq", "k=2")]
    specs, overrides = [], {}
    for seed in range(5):
        for design in designs:
            spec, _ = tiny_spec(*SMALL, *design, f"seed={seed}")
            specs.append(spec)
            overrides[spec.name] = [*design, f"seed={seed}", "sweep.hours=1"]
    return specs, overrides


def test_without_it_each_run_is_a_job_with_its_own_overrides(study):
    specs, overrides = study
    jobs = group_seeds(specs, overrides, "none", 2)
    assert [job.specs for job in jobs] == [[spec] for spec in specs]
    assert [job.overrides for job in jobs] == [overrides[spec.name] for spec in specs]


@pytest.mark.parametrize(
    ("num_jobs", "sizes"), [(None, [5, 5]), (1, [5, 5]), (2, [3, 2, 3, 2]), (9, [1] * 10)]
)
def test_the_seeds_of_a_design_are_one_job_or_as_many_as_are_needed(study, num_jobs, sizes):
    specs, overrides = study
    jobs = group_seeds(specs, overrides, "seeds", num_jobs)
    assert [len(job.specs) for job in jobs] == sizes
    assert {spec.name for job in jobs for spec in job.specs} == {spec.name for spec in specs}
    for job in jobs:
        seeds = ",".join(str(spec.seed) for spec in job.specs)
        assert job.overrides[-3:] == [
            "sweep.together=seeds",
            f"sweep.seeds=[{seeds}]",
            "sweep.beside=['single k=1','deq k=2']",
        ]
        assert "sweep.hours=1" not in job.overrides


def test_one_run_of_a_job_is_launched_with_its_seed(study):
    specs, overrides = study
    job = group_seeds(specs, overrides, "auto", 1)[1]
    alone = job_of_one(job.specs[2], job)
    assert alone.specs == [job.specs[2]]
    assert alone.overrides[-2:] == ["seed=2", "sweep.seeds=[2]"]
    assert "seed=0" not in alone.overrides
    assert job_of_one(alone.specs[0], alone) is alone


def test_each_seed_of_a_job_has_the_values_that_refer_to_it():
    words = ["sweep.seeds=[1,4]", "logger.name=of_${seed}"]
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        node = compose("config", words)
    configs = configs_of_seeds(node)
    assert [(own.seed, own.logger.name) for own in configs] == [(1, "of_1"), (4, "of_4")]
    node.sweep.seeds = []
    assert [own.logger.name for own in configs_of_seeds(node)] == ["of_0"]


def test_a_job_resolves_the_designs_beside_its_own(tiny_spec):
    spec, config = tiny_spec(*SMALL, "design=deq", "k=2", "seed=1")
    beside = runs_beside(config, [1, 4], ["single k=1", "deq k=2", "weq k=50"])
    labels = [(run.design_label, run.seed) for run in beside]
    assert labels == [("single k=1", 1), ("single k=1", 4), ("deq k=2", 1), ("deq k=2", 4)]
    assert beside[2].name == spec.name
    single, _ = tiny_spec(*SMALL, "design=single", "seed=1")
    assert beside[0].name == single.name


def test_a_run_with_callbacks_is_a_job_by_itself(study, tiny_spec):
    specs, overrides = study
    watched = [tiny_spec(*SMALL, "callbacks=lr_monitor", f"seed={seed}")[0] for seed in (5, 6)]
    overrides |= {spec.name: [f"seed={spec.seed}", "sweep.hours=1"] for spec in watched}
    jobs = group_seeds([*watched, *specs], overrides, "seeds", 1)
    assert [len(job.specs) for job in jobs] == [5, 5, 1, 1]
    assert jobs[-1].overrides == ["seed=6", "sweep.together=none"]
