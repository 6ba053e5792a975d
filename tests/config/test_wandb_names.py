"""Names within the limits of W&B, which W&B's own settings are asked about."""

import pytest
import wandb
from wandb.errors import UsageError

from ensemble_switchover.config.wandb_names import (
    MAX_TAG_BYTES,
    MAX_WANDB_NAME_BYTES,
    expected_of_label,
    expected_of_project,
    expected_of_tag,
    shortened,
)


@pytest.mark.parametrize(
    ("name", "is_taken"),
    [
        ("switchover", True),
        ("a b.c-d_e", True),
        ("x" * 128, True),
        ("x" * 129, False),
        *[(f"a{odd}b", False) for odd in "/\\#?%:"],
    ],
)
def test_a_project_is_taken_where_wandb_takes_it(name, is_taken):
    assert (expected_of_project(name) is None) is is_taken
    if is_taken:
        wandb.Settings(project=name)
    else:
        with pytest.raises(UsageError):
            wandb.Settings(project=name)


def test_names_that_wandb_would_store_as_others_are_refused_too():
    assert [expected_of_project(name) is None for name in ("", "a\tb", "é" * 65)] == [False] * 3


@pytest.mark.parametrize("limit", [MAX_TAG_BYTES, MAX_WANDB_NAME_BYTES])
def test_a_long_name_is_shortened_to_one_of_its_own(limit):
    fits = "x" * limit
    assert shortened(fits, limit) == fits
    long = [f"{fits}1", f"{fits}2", "é" * limit]
    short = [shortened(name, limit) for name in long]
    assert len(set(short)) == 3
    assert all(len(name.encode()) <= limit for name in short)
    assert short[0].startswith("x" * (limit - 13))
    wandb.Settings(run_tags=[shortened(name, MAX_TAG_BYTES) for name in long])


def test_tags_names_and_groups_are_taken_where_wandb_takes_them():
    for tag in ("a", "é" * 32, "my tag"):
        assert expected_of_tag(tag) is None
        assert expected_of_label(tag) is None
        wandb.Settings(run_tags=[tag], run_name=tag, run_group=tag)
    for odd in ("", " ", "a\nb", "x" * 129):
        assert expected_of_tag(odd) is not None
        assert expected_of_label(odd) is not None
