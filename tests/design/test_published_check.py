"""The rule's designs beside those that the paper prints."""

import pytest

from ensemble_switchover.design import (
    DesignClass,
    ImageTask,
    make_family,
)
from ensemble_switchover.design.published import (
    PUBLISHED_FAMILIES,
    published_rows,
)
from ensemble_switchover.design.published_check import agreement_line, compare_with_paper

CIFAR10 = ImageTask(3, 32, 10)


@pytest.mark.parametrize("name", PUBLISHED_FAMILIES)
def test_a_comparison_is_what_its_counts_say(name):
    family = make_family(name, {})
    comparisons = compare_with_paper(family, CIFAR10)
    assert len(comparisons) == 2 * len(published_rows(name))
    for entry in comparisons:
        printed, solved = entry.printed, entry.solved
        count = 4 * family.parameters(printed.depth, printed.width, CIFAR10)
        assert entry.overspends == (count > entry.budget.parameters)
        assert printed.budget_fill == count / entry.budget.parameters
        assert entry.agrees == ((printed.depth, printed.width) == (solved.depth, solved.width))
        if entry.agrees:
            assert not entry.overspends
    kinds = [entry.design_class for entry in comparisons]
    assert kinds == [DesignClass.WEQ, DesignClass.DEQ] * len(published_rows(name))


def test_a_row_without_a_solution_is_no_agreement():
    # on images of 200 classes the rule leaves some members of thin ResNets less room
    family = make_family("resnet", {})
    comparisons = compare_with_paper(family, ImageTask(3, 32, 20_000))
    assert any(entry.solved is None for entry in comparisons)
    assert not any(entry.agrees for entry in comparisons if entry.solved is None)
    assert "of 16 rows as printed" in agreement_line(family, comparisons)
