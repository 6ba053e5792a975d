"""The command that makes a run again, read back by Hydra."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import plain
from ensemble_switchover.config.search_path import with_config_dir
from ensemble_switchover.results.migrations import migrate_config
from ensemble_switchover.results.rerun_command import CommandWriter, same_treatment
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.store import read_records
from tests.example_project import nothing_registered
from tests.factories import make_record, of_timing_pass

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.results.record import Record

PREFIX = ["python", "-m", "ensemble_switchover"]


def composed(overrides: list[str]) -> list[Config]:
    register_schemas()
    return [config for _, configs in compose_overrides(overrides) for config in configs]


def with_config(config: Config) -> Record:
    record = make_record(seed=config.seed)
    record.config.update(plain(config))
    return record


def words_of(command: str | None) -> list[str]:
    assert command is not None
    overrides = shlex.split(command)
    assert overrides[:3] == PREFIX
    return [word for word in overrides[3:] if word != "--multirun"]


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["design=deq", "k=3", "budget.depth=20", "budget.width=24", "seed=7"],
        ["arch=densenet", "arch.bottleneck=true", "dataset=cifar100", "budget.network=40x12"],
        ["dataset=svhn", "dataset.extra=true", "precision=bf16", "recipe.learning_rate=0.05"],
        ["budget=parameters", "budget.parameters=1.5M", "budget.along=depth", "budget.width=16"],
        ["design=weq", "budget.source=nearest", "execution=fused", "compile=true", "threads=1"],
        ["dataset=fractals", "dataset.difficulty=0.25", "epochs=5", "study=y", "results=x"],
        ["measurement.latency_batch_sizes=[]", "measurement.latency_seconds=0.5", "device=cpu"],
        ["arch=densenet", "dataset=cifar10", "recipe.nesterov=false"],
        ["recipe=adamw_onecycle", "recipe.mixup=0.2", "recipe.schedule.drops=null"],
        ["recipe=adamw_onecycle", "recipe.optimizer.betas=[0.8,0.9]", "epochs=5"],
        ["recipe.optimizer._target_=torch.optim.RMSprop", "+recipe.optimizer.alpha=0.9"],
        ["recipe=sgd_cosine", "recipe.loss._target_=torch.nn.NLLLoss", "recipe.label_smoothing=0"],
        ["callbacks=[early_stopping,lr_monitor]", "callbacks.early_stopping.patience=3"],
        ["arch=vgg", "dataset.train_size=100", "execution=parallel", "execution.processes=2"],
    ],
)
def test_the_command_asks_for_the_run_that_was(overrides: list[str]) -> None:
    (config,) = composed(overrides)

    command = CommandWriter().write([with_config(config)])

    (again,) = composed(words_of(command))
    assert resolve(again).fingerprint == resolve(config).fingerprint


@pytest.mark.parametrize("family", ["densenet", "resnet"])
def test_the_command_of_a_run_of_before_nesterovs_momentum_asks_for_that_run(family: str) -> None:
    (config,) = composed([f"arch={family}", "dataset=cifar10", "recipe.nesterov=false"])
    values = plain(config)
    del values["recipe"]["nesterov"]
    record = make_record()
    record.config.update(migrate_config(values))

    words = words_of(CommandWriter().write([record]))

    (again,) = composed(words)
    assert resolve(again).fingerprint == resolve(config).fingerprint
    assert ("recipe.nesterov=false" in words) is (family == "densenet")


def test_seeds_are_swept_together() -> None:
    configs = composed(["design=deq", "seed=0,3,1"])

    command = CommandWriter().write([with_config(config) for config in configs])

    assert command is not None
    assert "--multirun" in command
    prints = {resolve(config).fingerprint for config in composed(words_of(command))}
    assert prints == {resolve(config).fingerprint for config in configs}


@pytest.mark.parametrize("seeds", ["4", "0,3,1"])
def test_the_times_of_what_is_made_again_are_of_the_same_kind(seeds: str) -> None:
    configs = composed(["design=deq", f"seed={seeds}"])
    own = [with_config(config) for config in configs]
    passes = [of_timing_pass(record) for record in own]
    writer, further = CommandWriter(), (plain(configs[0]), [record.seed for record in own])

    for records, times_of in ((own, "run"), (passes, "timing pass")):
        for command in (
            writer.write(records),
            writer.write_further([further], Path("study"), times_of=times_of),
        ):
            assert command is not None
            is_sweep = "--multirun" in command
            alone = not is_sweep or "sweep.together=none" in command
            assert alone is (times_of == "run")
            assert is_sweep or len(own) == 1
    assert same_treatment([*own, *passes, passes[0]]) == [*passes, passes[0]]


def test_every_run_of_the_demo_can_be_made_again(tmp_path: Path) -> None:
    records = read_records(unpack_study("demo", tmp_path)).records
    writer = CommandWriter()

    for record in records[::7]:
        (config,) = composed(words_of(writer.write([record])))
        spec = resolve(config)
        assert spec.seed == record.seed
        assert spec.design.parameters == record.design.parameters
        assert spec.recipe.epochs == record.recipe.epochs


def test_of_several_treatments_the_one_of_most_seeds_is_taken() -> None:
    sequential = composed(["seed=0,1,2", "execution=sequential"])
    fused = composed(["seed=0,1", "execution=fused"])

    chosen = same_treatment([with_config(config) for config in [*fused, *sequential]])

    assert [record.seed for record in chosen] == [0, 1, 2]
    assert chosen[0].config["execution"]["name"] == "sequential"


def test_what_this_version_does_not_have_has_no_command() -> None:
    (config,) = composed([])
    record = with_config(config)
    record.config["arch"] = {"family": "transformer"}

    assert CommandWriter().write([record]) is None
    record.config["arch"] = "resnet"
    assert CommandWriter().write([record]) is None
    assert CommandWriter().write([make_record()]) is None  # it has no configuration


def test_words_are_quoted_for_the_shell() -> None:
    (config,) = composed(["dataset=folder", r"dataset.root='/pictures of \'it\'; rm -rf'"])

    overrides = words_of(CommandWriter().write([with_config(config)]))

    (again,) = composed(overrides)
    assert again.dataset.root == "/pictures of 'it'; rm -rf"


def further(runs: list[tuple[list[str], list[int]]], folder: Path, num_jobs: int = 1) -> str | None:
    configured = [(plain(composed(overrides)[0]), seeds) for overrides, seeds in runs]
    return CommandWriter().write_further(configured, folder, num_jobs)


def specs_of(command: str | None) -> list[RunSpec]:
    assert command is not None
    return [resolve(c) for line in command.split(" && ") for c in composed(words_of(line))]


def test_further_runs_of_one_design_differ_in_their_seeds_and_lie_in_the_same_folder(
    tmp_path: Path,
) -> None:
    command = further([(["design=deq", "k=2", "logger=none"], [3, 5])], tmp_path / "a study")

    specs = specs_of(command)
    wanted = composed(["design=deq", "k=2", "logger=none", "seed=3,5"])
    assert [spec.fingerprint for spec in specs] == [resolve(c).fingerprint for c in wanted]
    assert {spec.study_folder for spec in specs} == {tmp_path / "a study"}
    assert command is not None
    assert "--multirun" in command
    assert "logger=none" in command


def test_further_runs_of_several_classes_and_k_are_one_sweep(tmp_path: Path) -> None:
    shared = ["budget.network=26x24", "threads=1", "record.weights=false"]
    runs = [
        (["design=single", *shared, "k=2"], [5]),
        *((["design=deq", *shared, f"k={k}"], [5]) for k in (2, 4)),
        *((["design=weq", *shared, f"k={k}"], [5]) for k in (2, 4)),
    ]

    command = further(runs, tmp_path / "study")

    assert command is not None
    assert " && " not in command
    made = {(spec.design.design_class.value, spec.design.k) for spec in specs_of(command)}
    assert made == {("single", 1), ("deq", 2), ("deq", 4), ("weq", 2), ("weq", 4)}
    assert {c.record.weights for c in composed(words_of(command))} == {False}


def test_further_runs_of_other_seeds_and_k_are_no_more_than_asked_for(tmp_path: Path) -> None:
    runs = [
        (["design=single"], [5, 6]),
        (["design=deq", "k=2"], [5]),
        (["design=weq", "k=4"], [5]),
        (["design=weq", "k=3"], [5]),
    ]

    specs = specs_of(further(runs, tmp_path / "study"))

    made = {(s.design.design_class.value, s.design.k, s.seed) for s in specs}
    assert made == {
        *(("single", 1, seed) for seed in (5, 6)),
        *(("deq", 2, 5), ("weq", 4, 5), ("weq", 3, 5)),
    }
    assert len(specs) == len(made)


def test_further_runs_go_as_many_at_a_time_as_those_before(tmp_path: Path) -> None:
    command = further([(["design=deq"], [5])], tmp_path / "study", num_jobs=2)

    assert command is not None
    assert "hydra/launcher=joblib hydra.launcher.n_jobs=2" in command
    assert "--multirun" in command


def test_further_runs_without_a_configuration_have_no_command(tmp_path: Path) -> None:
    assert CommandWriter().write_further([({}, [0])], tmp_path) is None


def test_parts_of_the_users_own_are_told_without_reading_their_files(example):
    overrides = [
        *("hydra.searchpath=[options]", "arch=mobilenet", "arch.expansion=3", "metrics=f1"),
        *("dataset=stripes", "dataset.train_size=50", "seed=7"),
    ]
    (config,) = composed(overrides)
    (example / "options" / "arch" / "mobilenet.yaml").rename(example / "moved.yaml")
    with nothing_registered():
        writer = CommandWriter()
        commands = [writer.write([with_config(config)]), writer.write_whole(plain(config))]
    (example / "moved.yaml").rename(example / "options" / "arch" / "mobilenet.yaml")
    for command in commands:
        option, folder, *words = words_of(command)
        assert (option, folder) == ("--config-dir", str(example / "options"))
        (again,) = composed(with_config_dir(words, Path(folder)))
        assert resolve(again).fingerprint == resolve(config).fingerprint


@pytest.mark.parametrize(
    "overrides",
    [
        [
            *("recipe/schedule=scheduler", "+recipe.schedule.scheduler.x={a:['1',1],b:'null'}"),
            "recipe.schedule.scheduler._target_=torch.optim.lr_scheduler.StepLR",
            "+recipe.schedule.scheduler.y='07'",
            "+recipe.schedule.scheduler.z='7'",
        ],
        ["recipe.name=of_my_own", "recipe/optimizer=adamw", "recipe.ema_decay=0.9"],
    ],
)
def test_recipes_are_told_entry_by_entry(overrides):
    (config,) = composed(overrides)
    (again,) = composed(words_of(CommandWriter().write([with_config(config)])))
    assert again.recipe == config.recipe
    assert resolve(again).fingerprint == resolve(config).fingerprint
