"""How many seeds are trained together."""

from hypothesis import given
from hypothesis import strategies as st

from ensemble_switchover.planning.cost import USABLE_MEMORY_SHARE, memory_bytes
from ensemble_switchover.planning.seed_groups import (
    MOST_SEEDS,
    TOGETHER,
    equal_groups,
    num_fitting_seeds,
    together_of,
    with_seeds,
)


@given(st.lists(st.integers(), max_size=40), st.integers(1, 12))
def test_groups_are_as_few_and_as_equal_as_possible_and_keep_the_order(entries, size):
    groups = equal_groups(entries, size)
    assert [entry for group in groups for entry in group] == entries
    assert len(groups) == -(-len(entries) // size)
    sizes = [len(group) for group in groups]
    assert all(0 < number <= size for number in sizes)
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_as_many_seeds_are_trained_together_as_fit_by_the_account_of_plan(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=2", "budget.width=16")
    # each run keeps its weights and its momentum after the last epoch
    kept = 3 * 2 * 2 * spec.design.member_parameters * 4
    need = memory_bytes(with_seeds(spec, 3), TOGETHER, "cpu", None) + kept
    available = int(need / USABLE_MEMORY_SHARE) + 1
    assert num_fitting_seeds(spec, "cpu", available) == 3
    assert num_fitting_seeds(spec, "cpu", available - 2) == 2
    assert num_fitting_seeds(spec, "cpu", 1) == 1
    assert num_fitting_seeds(spec, "cpu", None) == 1
    assert num_fitting_seeds(spec, "cpu", 10**15) == MOST_SEEDS


def test_designs_of_one_seed_each_are_trained_apart_and_keep_their_own_times(tiny_spec):
    first, second = (tiny_spec(f"seed={seed}")[0] for seed in (0, 1))
    other, _ = tiny_spec("budget.width=12")
    assert together_of("auto", [first, other]) == "none"
    assert together_of("auto", [first, other, second]) == "auto"
    assert together_of("none", [first, second]) == "none"
