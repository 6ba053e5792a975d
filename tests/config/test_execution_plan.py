"""The ways of execution: names that are read back, shares of the members, what overrides mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_switchover.config.execution_plan import (
    WITHIN,
    ExecutionPlan,
    candidate_plans,
    plan_from_config,
)
from ensemble_switchover.config.schema import ExecutionConfig

plans = st.builds(ExecutionPlan, st.sampled_from(WITHIN), st.booleans(), st.integers(1, 64))


@given(plans)
def test_a_name_is_read_back(plan):
    assert ExecutionPlan.named(plan.label) == plan


@given(plans, plans)
def test_two_ways_have_two_names(one, other):
    assert (one == other) == (one.label == other.label)


@pytest.mark.parametrize("label", ["", "stacked", "sequential fused", "parallel: 2 processes"])
def test_other_names_are_refused(label):
    with pytest.raises(ValueError, match="no execution plan has this label"):
        ExecutionPlan.named(label)


@given(st.integers(1, 64), st.data())
def test_every_member_is_in_one_process_and_the_shares_are_even(k, data):
    processes = data.draw(st.integers(1, k))
    slices = ExecutionPlan(processes=processes).slices(k)
    assert [member for part in slices for member in part] == list(range(k))
    assert len(slices) == processes
    lengths = [len(part) for part in slices]
    assert max(lengths) - min(lengths) <= 1
    assert max(lengths) == lengths[0]


@pytest.mark.parametrize(
    ("plan", "at_once", "turns"),
    [
        (ExecutionPlan(), 1, 5),
        (ExecutionPlan("fused"), 5, 1),
        (ExecutionPlan(processes=2), 1, 3),
        (ExecutionPlan("fused", processes=2), 3, 1),
    ],
)
def test_steps_are_shared_or_taken_in_turns(plan, at_once, turns):
    assert (plan.members_at_once(5), plan.turns(5)) == (at_once, turns)


@pytest.mark.parametrize(
    ("overrides", "k", "num_slots", "plan"),
    [
        ({"name": "auto"}, 4, 2, ExecutionPlan()),
        ({"name": "sequential"}, 4, 2, ExecutionPlan()),
        ({"name": "sequential", "channels_last": True}, 4, 2, ExecutionPlan(channels_last=True)),
        ({"name": "fused"}, 4, 2, ExecutionPlan("fused")),
        ({"name": "parallel"}, 4, 2, ExecutionPlan(processes=2)),
        ({"name": "parallel"}, 1, 2, ExecutionPlan(processes=1)),
        ({"name": "parallel", "processes": 3}, 4, 2, ExecutionPlan(processes=3)),
        ({"name": "parallel", "processes": 8}, 4, 2, ExecutionPlan(processes=4)),
        ({"name": "parallel", "within": "fused"}, 4, 2, ExecutionPlan("fused", processes=2)),
    ],
)
def test_overrides_name_a_way(overrides, k, num_slots, plan):
    assert plan_from_config(ExecutionConfig(**overrides), k, num_slots) == plan


@given(st.integers(1, 64), st.integers(1, 64))
def test_candidates_begin_with_the_papers_way_and_are_all_different(k, num_slots):
    candidates = candidate_plans(k, num_slots)
    assert candidates[0] == ExecutionPlan()
    assert len(set(candidates)) == len(candidates)
    assert all(plan.processes <= min(k, num_slots) for plan in candidates)
    assert k > 1 or all(plan.within == "sequential" for plan in candidates)
