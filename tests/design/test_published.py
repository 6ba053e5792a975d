"""The printed Tables B to D, compared with the inequality."""

import pytest

from ensemble_switchover.design import (
    BudgetRule,
    DesignClass,
    ImageTask,
    budget_of_network,
    make_family,
    solve,
)
from ensemble_switchover.design.published import (
    PUBLISHED_FAMILIES,
    published_member,
    published_rows,
    published_table,
)
from ensemble_switchover.design.published_check import compare_with_paper
from ensemble_switchover.errors import DesignError

CIFAR10 = ImageTask(3, 32, 10)


def test_every_table_has_its_rows():
    assert {published_table(name): len(published_rows(name)) for name in PUBLISHED_FAMILIES} == {
        "B": 19, "C": 16, "D": 9,
    }  # fmt: skip


def test_a_member_is_found_by_its_single_network():
    # Wasay & Idreos 2021, Table B, last row: 112x36, weq depth 52, deq width 18
    assert published_member("densenet", 112, 36, "weq", 4) == (52, 36)
    assert published_member("densenet", 112, 36, "deq", 4) == (112, 18)


def test_a_family_without_a_table_says_so():
    for ask in (
        published_table,
        published_rows,
        lambda name: published_member(name, 8, 8, "deq", 4),
    ):
        with pytest.raises(DesignError, match=r"budget\.source=published: the paper has no table"):
            ask("vgg")
    with pytest.raises(DesignError, match="no table for vgg"):
        compare_with_paper(make_family("vgg", {}), CIFAR10)


@pytest.mark.parametrize("options", [{"bottleneck": True}, {"compression": 0.5}])
def test_the_tables_are_not_for_other_options(options):
    family = make_family("densenet", options)
    budget = budget_of_network(family, 40, 12, ImageTask(3, 32, 10))
    request = (family, budget, DesignClass.DEQ, 4, ImageTask(3, 32, 10), BudgetRule.PUBLISHED)
    with pytest.raises(DesignError, match="the tables are for arch"):
        solve(*request)
