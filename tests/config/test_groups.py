"""The config groups: every option and every named sweep composes."""

import itertools
import math
import tempfile
from dataclasses import asdict, is_dataclass
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.groups import SCHEMAS, conf_folder
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schedule import SCHEDULES
from ensemble_switchover.config.schema import (
    ArchConfig,
    Config,
    NetworkBudgetConfig,
    ParametersBudgetConfig,
)
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.design import FAMILIES
from tests.config.image_folders import make_files

CONF = conf_folder()
OPTIONS = sorted(
    (path.parent.name, path.stem)
    for path in CONF.glob("*/*.yaml")
    if path.parent.name not in {"sweep", "hydra", "callbacks", "experiment"}
)
SWEEPS = sorted(path.stem for path in (CONF / "sweep").glob("*.yaml"))
_own_images = tempfile.TemporaryDirectory(prefix="ensemble_switchover_tests_")
make_files(Path(_own_images.name), {"cat": 2, "dog": 2})
NEEDS = {
    ("budget", "parameters"): ["budget.parameters=1M"],
    ("dataset", "folder"): [f"dataset.root={_own_images.name}"],
}
NODES = {"design": "design_class"}


def test_the_walk_finds_the_groups():
    assert {group for group, _ in OPTIONS} == {
        "arch", "budget", "dataset", "design", "execution", "logger", "metrics", "recipe",
        "trainer",
    }  # fmt: skip
    assert "demo" in SWEEPS


@pytest.mark.slow
@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_resolves(group, option, compose_config):
    config = compose_config(f"{group}={option}", *NEEDS.get((group, option), []))
    assert isinstance(config, Config)
    node = getattr(config, NODES.get(group, group))
    if group == "metrics":
        assert node == {}
        return
    assert is_dataclass(node)
    if group == "budget":
        assert type(node) is SCHEMAS["budget/schema"][option]
    elif group != "trainer":
        name = getattr(node, "family", None) or getattr(node, "kind", None) or node.name
        assert name == option
    assert resolve(config).seed == 0


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_key_of_every_file_arrives(group, option, compose_config):
    written = yaml.safe_load((CONF / group / f"{option}.yaml").read_text())
    config = compose_config(f"{group}={option}", *NEEDS.get((group, option), []))
    node = getattr(config, NODES.get(group, group))
    for key, value in written.items():
        if key != "defaults" and value != "???":
            assert arrives(getattr(node, key), value), key


def arrives(found, written):
    """Tell whether a value is what a file says, of a mapping or a node in as far as it says it."""
    if not isinstance(written, dict):
        return found == written
    values = found if isinstance(found, dict) else asdict(found)
    return all(arrives(values[key], value) for key, value in written.items())


@pytest.mark.slow
@pytest.mark.parametrize("arch", sorted(FAMILIES))
@pytest.mark.parametrize("dataset", sorted(option for of, option in OPTIONS if of == "dataset"))
def test_every_family_resolves_on_every_data_set(arch, dataset, compose_config):
    needs = NEEDS.get(("dataset", dataset), [])
    spec = resolve(compose_config(f"arch={arch}", f"dataset={dataset}", *needs))
    assert (spec.family.name, spec.dataset.name) == (arch, dataset)


@pytest.mark.parametrize(
    ("overrides", "schema"),
    [
        (["arch=densenet"], SCHEMAS["arch/schema"]["densenet"]),
        (["arch=resnet"], SCHEMAS["arch/schema"]["resnet"]),
        (["arch=vgg"], SCHEMAS["arch/schema"]["vgg"]),
        (["budget=network"], NetworkBudgetConfig),
        (["budget=parameters", "budget.parameters=1M"], ParametersBudgetConfig),
    ],
)
def test_an_option_has_its_own_schema(overrides, schema, compose_config):
    config = compose_config(*overrides)
    assert type(config.arch if schema.__mro__[1] is ArchConfig else config.budget) is schema


def compose_sweep(name, *overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", overrides=[f"sweep={name}", *overrides], return_hydra_config=True)


def made_of_others(name):
    return "\n  studies: [" in (CONF / "sweep" / f"{name}.yaml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", [*filter(made_of_others, SWEEPS)])
def test_a_sweep_of_sweeps_names_sweeps(name):
    whole = compose_sweep(name)
    assert whole.hydra.mode.name == "MULTIRUN"
    assert set(whole.sweep.studies) <= set(SWEEPS)
    assert not whole.hydra.sweeper.params


@pytest.mark.slow
@pytest.mark.parametrize("name", [*itertools.filterfalse(made_of_others, SWEEPS)])
def test_every_sweep_composes_and_each_of_its_runs_resolves(name):
    whole = compose_sweep(name)
    assert whole.hydra.mode.name == "MULTIRUN"
    first = name.split("_")[0]
    named = {"figure": "paper", "table": "paper", "fashion": "fashion_mnist"}
    assert whole.study == named.get(first, first)
    params = {key: str(value).split(",") for key, value in whole.hydra.sweeper.params.items()}
    (part,) = compose_overrides([f"sweep={name}", "seed=0"])
    study = resolve_study(part[1])
    assert len(part[1]) == math.prod(len(v) for key, v in params.items() if key != "seed")
    assert {spec.study for spec in study.specs} == {whole.study}
    assert len(study.specs) > len(study.impossible)
    assert all("do not fit" in hole.reason for hole in study.impossible)


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEEPS)
def test_every_sweep_goes_with_every_launcher(name):
    """What one launcher is told, such as n_jobs, another one refuses."""
    assert set(compose_sweep(name, "hydra/launcher=basic").hydra.launcher) == {"_target_"}


def test_budgets_of_the_study_of_own_data_can_be_named():
    whole = compose_sweep("own", "budget.parameters=60k")
    assert (whole.hydra.mode.name, whole.budget.parameters) == ("MULTIRUN", "60k")


def test_the_demo_keeps_the_predictions_that_an_answer_over_images_needs():
    assert compose_sweep("demo").record.predictions == "final"


def test_the_demo_runs_two_at_a_time():
    assert compose_sweep("demo").hydra.launcher.n_jobs == 2


def test_every_schema_has_its_file_and_every_file_its_schema():
    named = {"arch", "budget"}
    for group, schemas in SCHEMAS.items():
        folder = group.removesuffix("/schema")
        if "/" in folder:
            assert all((CONF / folder / f"{name}.yaml").is_file() for name in SCHEDULES)
            continue
        if folder in named:
            files = {option for of, option in OPTIONS if of == folder}
            if folder == "arch":  # a family needs no file
                assert files <= schemas.keys()
            else:
                assert files == schemas.keys()
        else:
            options = {option for of, option in OPTIONS if of == folder}
            assert schemas.keys() - {folder, "own"} <= options  # `own` is of files of the user's
            assert folder in schemas
            assert options
