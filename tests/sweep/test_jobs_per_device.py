"""How many runs share a device: as asked, or as the memory that is planned allows."""

from collections import Counter

import pytest
from omegaconf import OmegaConf

from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.hardware import PROCESS_BYTES, Gpu, num_processors
from ensemble_switchover.planning.cost import memory_bytes
from ensemble_switchover.sweep import jobs_per_device as spread_module
from ensemble_switchover.sweep.jobs_per_device import (
    USABLE_MEMORY_SHARE,
    LaunchBatch,
    group_by_jobs_per_device,
    jobs_at_a_time,
    jobs_of_array,
)


def configuration(jobs_per_device=None, n_jobs=-1):
    launcher = {} if n_jobs is None else {"n_jobs": n_jobs}
    return OmegaConf.create(
        {
            "sweep": {"jobs_per_device": jobs_per_device},
            "hydra": {"launcher": launcher, "overrides": {"hydra": []}},
        }
    )


@pytest.fixture
def two_gpus(monkeypatch):
    def have(memory):
        monkeypatch.setattr(spread_module, "gpus", lambda: (Gpu("one", memory), Gpu("two", memory)))
        monkeypatch.setattr(spread_module, "assignable_gpus", lambda: ("0", "1"))
        monkeypatch.setattr(spread_module, "devices", lambda: ("cuda", "cpu"))
        monkeypatch.setattr(spread_module, "num_processors", lambda: 16)

    return have


def counts(batches):
    return [(len(batch.specs), batch.num_jobs) for batch in batches]


def test_one_run_a_gpu_unless_something_else_is_said(two_gpus, tiny_spec):
    two_gpus(2**34)
    specs = [tiny_spec("device=cuda", f"seed={seed}")[0] for seed in range(3)]
    assert counts(group_by_jobs_per_device(specs, configuration())) == [(3, 2)]
    assert counts(group_by_jobs_per_device(specs, configuration("3"))) == [(3, 6)]
    assert counts(group_by_jobs_per_device(specs, configuration(n_jobs=5))) == [(3, 5)]
    assert counts(group_by_jobs_per_device(specs, configuration(n_jobs=None))) == [
        (3, None)
    ]  # of Slurm, say


def test_on_a_cpu_the_launcher_decides_or_the_number_that_is_asked_for(tiny_spec):
    specs = [tiny_spec()[0]]
    assert counts(group_by_jobs_per_device(specs, configuration(n_jobs=3))) == [(1, 3)]
    assert counts(group_by_jobs_per_device(specs, configuration(n_jobs=-1))) == [
        (1, num_processors())
    ]
    all_but_one = max(1, num_processors() - 1)
    assert counts(group_by_jobs_per_device(specs, configuration(n_jobs=-2))) == [(1, all_but_one)]
    assert counts(group_by_jobs_per_device(specs, configuration("2"))) == [(1, 2)]
    assert group_by_jobs_per_device([], configuration("2")) == []


def test_nothing_is_one_job_at_a_time():
    assert jobs_at_a_time([]) == 1.0


@pytest.mark.parametrize(("words", "jobs"), [([], 1), (["array_parallelism=8"], 8)])
def test_jobs_at_a_time_on_slurm_are_those_that_the_words_bound(words, jobs):
    config = configuration(n_jobs=None)
    config.hydra.launcher = {"array_parallelism": 8}  # 256 by itself, which says nothing
    config.hydra.overrides.hydra = [f"hydra.launcher.{word}" for word in words]
    assert jobs_of_array(config) == jobs
    assert jobs_at_a_time([LaunchBatch(["one", "two", "three"], None)], jobs) == jobs


def test_auto_puts_small_runs_together_and_large_ones_alone(two_gpus, tiny_spec):
    memory = 2**33
    two_gpus(memory)
    words = ["device=cuda", "arch=wide_resnet", "dataset=cifar10", "recipe.batch_size=128"]
    specs = [
        tiny_spec(*words, f"budget.width={width}", f"seed={seed}")[0]
        for width in (1, 4, 24)
        for seed in (0, 1)
    ]
    batches = group_by_jobs_per_device(specs, configuration("auto"))
    assert Counter(spec.name for batch in batches for spec in batch.specs) == Counter(
        spec.name for spec in specs
    )
    numbers = {}
    for batch in batches:
        assert batch.num_jobs % 2 == 0  # two GPUs
        per_gpu = batch.num_jobs // 2
        for spec in batch.specs:
            numbers[spec.budget.width] = per_gpu
            needed = memory_bytes(spec, requested_plan(spec), "cuda", memory) + PROCESS_BYTES
            assert per_gpu == 1 or per_gpu * needed <= USABLE_MEMORY_SHARE * memory
            assert per_gpu == 8 or 2 * per_gpu * needed > USABLE_MEMORY_SHARE * memory
    assert numbers[1] > numbers[24] == 1
    assert [batch.num_jobs for batch in batches] == sorted(batch.num_jobs for batch in batches)


def test_every_job_is_told_how_many_there_are():
    (batch,) = [spread_module.LaunchBatch([], 4)]
    config = configuration()
    adjusted = batch.adjusted(config)
    assert adjusted.hydra.launcher.n_jobs == 4
    assert adjusted.hydra.overrides.hydra == ["hydra.launcher.n_jobs=4"]
    assert config.hydra.launcher.n_jobs == -1
    assert spread_module.LaunchBatch([], None).adjusted(config) is config


@pytest.mark.parametrize("asked", ["0", "-1", "many", "1.5", ""])
def test_anything_else_is_refused(asked, tiny_spec):
    with pytest.raises(ConfigError, match=rf"sweep.jobs_per_device={asked}: expected a number"):
        group_by_jobs_per_device([tiny_spec()[0]], configuration(asked))


def test_an_array_of_no_jobs_at_a_time_is_refused(tiny_spec):
    config = configuration(n_jobs=None)
    config.hydra.launcher = {"array_parallelism": 0}
    with pytest.raises(ConfigError, match="array_parallelism=0: expected how many jobs"):
        group_by_jobs_per_device([tiny_spec()[0]], config)


def test_no_jobs_at_a_time_are_refused(tiny_spec):
    with pytest.raises(ConfigError, match=r"hydra.launcher.n_jobs=0: expected how many runs"):
        group_by_jobs_per_device([tiny_spec()[0]], configuration(n_jobs=0))


def test_other_launchers_spread_runs_themselves(tiny_spec):
    with pytest.raises(ConfigError, match="is for hydra/launcher=joblib, which was not chosen"):
        group_by_jobs_per_device([tiny_spec()[0]], configuration("2", n_jobs=None))
