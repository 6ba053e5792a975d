"""The keys of the typed configuration, their types and their docstrings."""

import ast
import itertools
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config import dataset_config, recipe_config, schema, trainer_flags
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import (
    ParametersBudgetConfig,
    plain,
)
from ensemble_switchover.errors import ConfigError


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


@pytest.mark.parametrize("module", [schema, dataset_config, recipe_config, trainer_flags])
def test_every_field_of_the_configuration_is_documented(module):
    tree = ast.parse(Path(module.__file__).read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    assert classes
    silent = []
    for name, node in classes.items():
        assert ast.get_docstring(node), name
        described = getattr(module, name)
        bases = [base.__name__ for base in described.__mro__ if base.__name__ in classes]
        known = set().union(*(documented_fields(classes[base]) for base in bases))
        silent += [
            f"{name}.{entry.name}"
            for entry in fields(described)
            if entry.name not in known and not entry.type.endswith("Config")
        ]
    assert silent == []


def test_what_is_written_down_has_no_login_of_an_address(compose_config):
    config = compose_config("dataset.url='https://user:secret@example.org:8080/a@b?c=d@e'")
    assert plain(config)["dataset"]["url"] == "https://example.org:8080/a@b?c=d@e"
    assert config.dataset.url == "https://user:secret@example.org:8080/a@b?c=d@e"
    untouched = compose_config("dataset.url=https://example.org/a@b")
    assert plain(untouched) == asdict(untouched)
