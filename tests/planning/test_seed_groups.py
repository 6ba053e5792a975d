"""How many seeds are trained together."""

from hypothesis import given
from hypothesis import strategies as st

from ensemble_switchover.planning.cost import USABLE_MEMORY_SHARE, memory_bytes
from ensemble_switchover.planning.seed_groups import (
    MOST_SEEDS,
    TOGETHER,
    equal_groups,
    kept_bytes,
    num_fitting_seeds,
    sizes_together,
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


def test_more_than_a_momentum_is_kept_of_some_recipes(tiny_spec):
    spec, _ = tiny_spec()
    asked = ["recipe.ema_decay=0.9", "recipe/optimizer=adam", "+recipe.optimizer.amsgrad=true"]
    more, _ = tiny_spec(*asked)
    assert kept_bytes(more) == 5 * kept_bytes(spec) / 2


def test_seeds_of_an_optimizer_that_looks_at_whole_tensors_are_planned_apart(tiny_spec):
    spec, _ = tiny_spec("recipe.optimizer._target_=torch.optim.Adafactor")
    assert sizes_together(spec, 3, "cpu", 10**15, 1) == [1, 1, 1]


def test_designs_of_one_seed_each_are_trained_apart_and_keep_their_own_times(tiny_spec):
    first, second = (tiny_spec(f"seed={seed}")[0] for seed in (0, 1))
    other, _ = tiny_spec("budget.width=12")
    assert together_of("auto", [first, other]) == "none"
    assert together_of("auto", [first, other, second]) == "auto"
    assert together_of("none", [first, second]) == "none"
