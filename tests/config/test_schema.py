"""Every option of `conf/` composes to the typed configuration, and nothing else does."""

import ast
import itertools
import math
import tempfile
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config import schema as config_module
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schedule import SCHEDULES
from ensemble_switchover.config.schema import (
    SCHEMAS,
    ArchConfig,
    Config,
    NetworkBudgetConfig,
    ParametersBudgetConfig,
    conf_folder,
    plain,
)
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.design import FAMILIES
from ensemble_switchover.errors import ConfigError
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
    assert whole.study == {"figure": "paper", "table": "paper"}.get(first, first)
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


def test_the_default_is_a_small_single_resnet_on_digits(compose_config):
    config = compose_config()
    assert config.logger.kind == "wandb"
    assert config.results == "results"
    spec = resolve(config)
    assert spec.family.name == "resnet"
    assert (spec.budget.depth, spec.budget.width) == (26, 8)
    assert (spec.design.design_class.value, spec.design.k) == ("single", 1)
    assert (spec.design.depth, spec.design.width) == (26, 8)
    assert spec.dataset.name == "digits"
    assert (spec.train_size, spec.test_size, spec.recipe.epochs) == (300, 1497, 20)
    assert (spec.seed, spec.execution.name, spec.precision) == (0, "auto", "32")
    assert spec.notes == ()


@pytest.mark.parametrize(("design", "k"), [("single", 1), ("deq", 4), ("weq", 4)])
def test_the_design_gives_k_unless_k_is_given(design, k, compose_config):
    assert compose_config(f"design={design}").k == k
    assert compose_config(f"design={design}", "k=7").k == 7


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("precision=64", "64"),
        ("precision=bf16", "bf16"),
        ("epochs=3", 3),
        ("epochs=null", None),
        ("compile=true", True),
        ("threads=2", 2),
        ("study=night", "night"),
    ],
)
def test_values_are_of_the_type_of_their_key(override, value, compose_config):
    found = getattr(compose_config(override), override.partition("=")[0])
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["1.5M", "200k", "269722", "1e6"])
def test_a_number_of_parameters_may_be_written_in_several_ways(text, compose_config):
    config = compose_config("budget=parameters", f"budget.parameters={text}")
    assert isinstance(config.budget, ParametersBudgetConfig)
    expected = {"1.5M": 1.5e6, "200k": 2e5, "269722": 269722, "1e6": 1e6}[text]
    assert 0.8 * expected < resolve(config).budget.parameters <= expected


@pytest.mark.parametrize(
    "override",
    ["junk=1", "arch.junk=1", "arch.compression=0.5", "budget.parameters=5", "budget.along=depth"],
)
def test_unknown_keys_are_refused(override, compose_config):
    with pytest.raises(HydraException, match=f"override '{override.partition('=')[0]}'"):
        compose_config(override)


@pytest.mark.parametrize("override", ["+junk=1", "++junk=1", "+arch.junk=1", "+dataset.junk=1"])
def test_appended_keys_are_refused(override, compose_config):
    with pytest.raises(ConfigError, match="junk: no such key"):
        compose_config(override)


@pytest.mark.parametrize(
    "override",
    ["k=many", "k=2.5", "k=null", "seed=x", "epochs=1.5", "compile=perhaps",
     "recipe.learning_rate=fast", "measurement.latency_batch_sizes=[a]", "dataset.flip=perhaps"],
)  # fmt: skip
def test_values_of_another_type_are_refused(override, compose_config):
    key = override.partition("=")[0]
    with pytest.raises(HydraException) as error:
        compose_config(override)
    cause = error.value.__cause__
    assert isinstance(cause, OmegaConfBaseException)
    assert cause.full_key.partition("[")[0] == key


def test_a_mandatory_value_that_is_missing_is_refused(compose_config):
    with pytest.raises(OmegaConfBaseException, match=r"mandatory value: parameters"):
        compose_config("budget=parameters")


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


def documented_fields(node):
    """Tell the fields of a class that have a docstring below them."""
    return {
        statement.target.id
        for statement, below in itertools.pairwise([*node.body, None])
        if isinstance(statement, ast.AnnAssign)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def test_every_field_of_the_configuration_is_documented():
    tree = ast.parse(Path(config_module.__file__).read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert "Config" in classes
    silent = []
    for name, node in classes.items():
        assert ast.get_docstring(node), name
        schema = getattr(config_module, name)
        known = set().union(*(documented_fields(classes[base.__name__])
                              for base in schema.__mro__ if base.__name__ in classes))  # fmt: skip
        silent += [
            f"{name}.{entry.name}"
            for entry in fields(schema)
            if entry.name not in known and not entry.type.endswith("Config")
        ]
    assert silent == []


def test_what_is_written_down_has_no_login_of_an_address(compose_config):
    config = compose_config("dataset.url='https://user:secret@example.org:8080/a@b?c=d@e'")
    assert plain(config)["dataset"]["url"] == "https://example.org:8080/a@b?c=d@e"
    assert config.dataset.url == "https://user:secret@example.org:8080/a@b?c=d@e"
    untouched = compose_config("dataset.url=https://example.org/a@b")
    assert plain(untouched) == asdict(untouched)
