"""Every number of the configuration has a largest value, and is refused beyond it in a sentence."""

import math
from typing import get_args, get_type_hints

import pytest

from ensemble_switchover.config.compose import compose_overrides, read_overrides
from ensemble_switchover.config.groups import key_owners
from ensemble_switchover.config.key_markers import Expected, declared
from ensemble_switchover.config.seeds import MAX_MEMBERS, MAX_SEED, member_seeds
from ensemble_switchover.errors import ConfigError
from tests.config.resolving import resolve_with

OF_THE_IMAGES = ("train_size", "test_size", "validation_size")
BOUNDED_ELSEWHERE = {
    **{f"dataset.{name}": ["dataset=digits"] for name in OF_THE_IMAGES},
    "dataset.test_share": ["dataset=folder", "dataset.root=/nowhere"],
    "budget.depth": [],
    "budget.width": [],
    "arch.compression": ["arch=densenet"],
}
"""Keys that the data set or the family bounds -> the overrides beside them."""


def numbers_of(hint):
    """Return the types of number that a key takes."""
    return {int, float} & {hint, *get_args(hint)}


NUMBERS = {
    key: kinds
    for key, owner in key_owners().items()
    if (kinds := numbers_of(get_type_hints(owner)[key.rpartition(".")[2]]))
}


def huge(kinds):
    return [2**63, 10**30, 10**300, *([math.inf, -math.inf, math.nan] if float in kinds else [])]


def test_every_number_has_a_largest_value():
    unbounded = []
    for key, kinds in NUMBERS.items():
        name = key.rpartition(".")[2]
        expected = declared(key_owners()[key], Expected).get(name, [])
        is_list = name in {"latency_batch_sizes", "seeds"}
        wrapped = [[value] if is_list else value for value in huge(kinds)]
        if not all(any(not one.allows(value) for one in expected) for value in wrapped):
            unbounded.append(key)
    assert len(NUMBERS) > 25
    assert sorted(unbounded) == sorted(BOUNDED_ELSEWHERE)


@pytest.mark.parametrize("key", BOUNDED_ELSEWHERE)
def test_the_data_set_or_the_family_refuses_it_in_one_line(key):
    for value in huge(NUMBERS[key]):
        with pytest.raises(ConfigError) as error:
            resolve_with(*BOUNDED_ELSEWHERE[key], f"{key}={value}")
        assert key in str(error.value)


@pytest.mark.parametrize(
    "override",
    [f"seed={MAX_SEED + 1}", "epochs=1000001", "recipe.learning_rate=1e308", "threads=2000"],
)
def test_a_value_beyond_it_names_key_and_range(override):
    with pytest.raises(ConfigError, match=r"^[a-z._]+=[^ ]+: expected .* \d+$"):
        resolve_with(override)


def test_seeds_of_members_fit_a_column_of_64_bits():
    assert max(member_seeds(MAX_SEED, MAX_MEMBERS)) < 2**63
    assert resolve_with(f"seed={MAX_SEED}").seed == MAX_SEED


@pytest.mark.parametrize("key", ["seed", "epochs", "recipe.learning_rate", "dataset.difficulty"])
def test_a_number_of_thousands_of_digits_is_refused_before_it_is_read(key):
    with pytest.raises(ConfigError) as error:
        read_overrides([f"{key}=1{'0' * 5000}"])
    assert str(error.value) == f"{key}: a number of 5,001 digits came; expected at most 300"


@pytest.mark.parametrize("hours", ["-1", "0", "nan", "inf", "1e300"])
def test_hours_of_a_sweep_are_checked_wherever_it_is_composed(hours):
    with pytest.raises(ConfigError, match=r"sweep\.hours=.*: expected more than 0, at most"):
        compose_overrides([f"sweep.hours={hours}"])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["seed=range(0,9223372036854775807)"], "seed=range.*: expected at most 100,000 values"),
        (["seed=range(0,1000)", "epochs=range(1,1000)"], "seed, epochs: 999,000 runs; expected at"),
        (["seed=range(0,1e30)"], "seed=range.*: expected at most 100,000 values"),
    ],
)
def test_a_sweep_of_more_runs_than_any_has_is_refused_at_once(overrides, message):
    with pytest.raises(ConfigError, match=f"^{message}"):
        read_overrides(overrides)
