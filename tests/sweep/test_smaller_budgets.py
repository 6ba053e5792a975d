"""A sweep gets smaller budgets, of which every design that exists is a candidate."""

import pytest
from hydra import compose, initialize_config_dir

from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.sweep.next_runs import design_of
from ensemble_switchover.sweep.smaller_budgets import with_smaller_budgets
from ensemble_switchover.sweep.sweep_plan import plan_sweep


@pytest.fixture(autouse=True)
def _in_hydra():
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield


def planned(*words):
    given = [*words, "logger=none"]
    plain = [word for word in given if word.startswith("sweep")]
    return plan_sweep(compose("config", overrides=plain, return_hydra_config=True), given)


def smallest(plan, design_class):
    spec = min(plan.study.specs, key=lambda s: (s.budget.parameters, s.seed))
    budget = spec.budget
    return next(
        design_of(s)
        for s in plan.study.specs
        if s.budget == budget and s.design.design_class.value == design_class
    )


@pytest.mark.parametrize(
    ("study", "words", "network"),
    [
        ("own", ["dataset=digits", "budget.parameters=100k,400k"], (26, 5)),
        ("demo", [], (26, 2)),
        ("digits_resnet", ["k=2"], (26, 5)),
    ],
)
def test_the_smaller_budget_has_the_same_runs_but_for_the_budget(study, words, network, tmp_path):
    plan = planned(f"sweep={study}", *words, "seed=0,1,2", f"results={tmp_path}")
    lowered, (budget,) = with_smaller_budgets(plan, [smallest(plan, "weq")])
    assert (budget.depth, budget.width) == network
    assert lowered.study.specs[: len(plan.study.specs)] == plan.study.specs
    new = lowered.study.specs[len(plan.study.specs) :]
    assert {spec.budget for spec in new} == {budget}
    classes = {spec.design.design_class.value for spec in new}
    assert {"single", "weq"} <= classes
    assert len(new) == 3 * len(classes)
    for spec in new:
        assert spec.name in lowered.overrides
        assert lowered.configs[spec.name].seed == spec.seed
        assert spec.study_folder == plan.study.specs[0].study_folder
        assert {s.comparison_fingerprint for s in plan.study.specs} == {spec.comparison_fingerprint}
    assert lowered.only(new).study.specs == new


def test_classes_that_no_budget_serves_together_get_one_each(tmp_path):
    plan = planned("sweep=demo", "seed=0,1,2", f"results={tmp_path}")
    lowered, budgets = with_smaller_budgets(plan, [smallest(plan, "weq"), smallest(plan, "deq")])
    assert [(budget.depth, budget.width) for budget in budgets] == [(26, 2), (14, 3)]
    classes = {
        budget: {s.design.design_class.value for s in lowered.study.specs if s.budget == budget}
        for budget in budgets
    }
    assert classes[budgets[0]] == {"single", "weq"}
    assert classes[budgets[1]] >= {"single", "deq"}


def test_where_no_design_is_smaller_the_plan_stays(tmp_path):
    words = ["dataset=digits", "arch=wide_resnet", "k=4", "budget.network=28x1,28x2"]
    plan = planned("sweep=digits_wide_resnet", *words[2:], f"results={tmp_path}")
    lowered, budgets = with_smaller_budgets(plan, [smallest(plan, "weq")])
    assert budgets == []
    assert lowered is plan


def test_a_budget_that_is_there_already_adds_nothing(tmp_path):
    plan = planned(
        "sweep=own", "dataset=digits", "budget.parameters=100k,400k", f"results={tmp_path}"
    )
    ensemble = smallest(plan, "deq")
    once, _ = with_smaller_budgets(plan, [ensemble])
    twice, _ = with_smaller_budgets(once, [ensemble])
    assert twice.study.specs == once.study.specs
