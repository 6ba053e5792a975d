"""The design space of a record is that of its run."""

from __future__ import annotations

from dataclasses import replace

from ensemble_switchover.analysis.recorded_design import (
    recorded_budget,
    recorded_family,
    recorded_task,
)
from ensemble_switchover.design import Budget, ImageTask, budget_of_network
from tests.factories import make_record

RECORD = make_record(width=12)


def test_the_budget_follows_from_family_and_images() -> None:
    family, task = recorded_family(RECORD.design), recorded_task(RECORD.dataset)

    assert not isinstance(family, str)
    assert task == ImageTask(1, 8, 10)
    assert recorded_budget(RECORD.budget) == budget_of_network(family, 26, 12, task)
    assert recorded_budget(RECORD.budget) == Budget(26, 12, 206_734)


def test_what_this_version_does_not_know_is_named() -> None:
    assert recorded_family(replace(RECORD.design, family="mlp")) == "family"
    unknown = replace(RECORD.design, family_options={"gates": 3})
    assert recorded_family(unknown) == "options of the family"
