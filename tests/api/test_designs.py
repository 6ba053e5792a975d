from dataclasses import fields

import pytest

from ensemble_switchover.api.designs import SolvedDesign, designs_for
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.planning.design_rows import DESIGN_ROW_COLUMNS


def test_the_designs_of_a_budget_are_of_all_three_classes():
    single, deq, weq = designs_for("arch=resnet", "dataset=digits", k=4, budget={"width": 12})
    assert [design.design_class for design in (single, deq, weq)] == ["single", "deq", "weq"]
    assert single.parameters == single.budget_parameters == deq.budget_parameters
    assert deq.depth == single.depth
    assert weq.width == single.width
    assert deq.parameters == 4 * deq.member_parameters <= single.parameters


def test_a_design_that_does_not_exist_says_why():
    (design,) = designs_for("design=weq", k=64, budget={"width": 4})
    assert design.depth is None
    assert "do not fit" in design.problem


def test_the_fields_are_the_columns_of_the_command():
    assert tuple(field.name for field in fields(SolvedDesign)) == DESIGN_ROW_COLUMNS


def test_a_mistake_is_one_error():
    with pytest.raises(ConfigError, match="k=0"):
        designs_for(k=0)
