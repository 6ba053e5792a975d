"""What `plan` says of the smallest budget, from the runs that are there."""

import numpy as np
import pytest
from scipy import stats

from ensemble_switchover import plan
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.results.store import write_record
from ensemble_switchover.sweep.pilot import describe_smallest_budgets, probability_lower
from tests.factories import make_record


def resolved(*overrides):
    configs = [c for _, part in compose_overrides(list(overrides)) for c in part]
    study = resolve_study(configs)
    asked = zip(study.specs, study.first_asked, strict=True)
    return study.specs, {spec.name: configs[index] for spec, index in asked}


def train(specs, gain, num_seeds=3, smallest_only=True):
    """Write records in which ensembles are better by so many percentage points."""
    smallest = min(spec.budget.parameters for spec in specs)
    for spec in specs:
        if spec.seed < num_seeds and (spec.budget.parameters == smallest or not smallest_only):
            error = 20.0 + 0.5 * spec.seed - gain * (spec.design.k > 1)
            write_record(spec.folder, make_record(name=spec.name, test_errors=(50.0, error)))


def test_a_pilot_of_three_seeds_says_that_the_smallest_budget_is_beyond(tmp_path):
    specs, configs = resolved("sweep=demo", "design=single,weq", f"results={tmp_path}")
    train(specs, gain=3.0)
    (line,) = describe_smallest_budgets(specs, configs)
    assert line == (
        "resnet on digits: weq k=4 is likely better at the smallest budget already, 13,297 "
        "parameters (-3.0 percentage points over 3 seeds), so the switchover has no lower bound; "
        "the same overrides with budget.width=2 add a budget of 6,024 parameters"
    )
    lower, _ = resolved("sweep=demo", "design=single,weq", "budget.width=2", f"results={tmp_path}")
    assert {spec.budget.parameters for spec in lower} == {6_024}
    assert {spec.study_folder for spec in lower} == {specs[0].study_folder}


def test_a_smaller_budget_that_has_runs_already_is_not_proposed(tmp_path):
    words = ["sweep=demo", "design=single,weq", f"results={tmp_path}"]
    specs, configs = resolved(*words)
    train(specs, gain=3.0)
    train(resolved(*words, "budget.width=2")[0], gain=3.0)

    (line,) = describe_smallest_budgets(specs, configs)

    assert line.endswith(
        "so the switchover has no lower bound among these runs; the study has runs of 6,024 "
        "parameters, too"
    )


@pytest.mark.parametrize("changed", [{"train_size": 100}, {"image_size": 4}])
def test_runs_on_other_images_are_no_runs_of_the_smaller_budget(changed, tmp_path):
    words = ["sweep=demo", "design=single,weq", f"results={tmp_path}"]
    specs, configs = resolved(*words)
    train(specs, gain=3.0)
    others = [f"dataset.{key}={value}" for key, value in changed.items()]
    for spec in resolved(*words, *others, "budget.width=2")[0]:
        write_record(spec.folder, make_record(name=spec.name, dataset=changed))

    (line,) = describe_smallest_budgets(specs, configs)

    assert line.endswith("with budget.width=2 add a budget of 6,024 parameters")


@pytest.mark.parametrize(("gain", "num_seeds"), [(3.0, 2), (-3.0, 3), (0.0, 3), (3.0, 0)])
def test_otherwise_it_says_nothing(gain, num_seeds, tmp_path):
    specs, configs = resolved("sweep=demo", "design=single,weq", f"results={tmp_path}")
    train(specs, gain, num_seeds, smallest_only=False)
    assert describe_smallest_budgets(specs, configs) == []


def test_classes_of_one_smaller_budget_are_told_together_in_the_studys_own_terms(tmp_path):
    words = ["sweep=digits_resnet", "k=2,4", "budget.network=26x8,26x12", f"results={tmp_path}"]
    specs, configs = resolved(*words)
    train(specs, gain=3.0)
    (line,) = describe_smallest_budgets(specs, configs)
    assert "deq k=2, deq k=4, weq k=2, weq k=4 are likely better" in line
    assert line.endswith("with budget.network=26x5 add a budget of 36,375 parameters")


def test_a_budget_of_parameters_is_told_as_one(tmp_path):
    words = ["sweep=own", "dataset=digits", "budget.parameters=100k,400k", f"results={tmp_path}"]
    specs, configs = resolved(*words, "design=single,deq")
    train(specs, gain=3.0)
    (line,) = describe_smallest_budgets(specs, configs)
    assert "with budget.parameters=36375 add" in line


def test_where_no_design_is_smaller_it_says_so(tmp_path):
    words = ["sweep=digits_wide_resnet", "k=4", "design=single,weq", f"results={tmp_path}"]
    specs, configs = resolved(*words)
    train(specs, gain=3.0)
    (line,) = describe_smallest_budgets(specs, configs)
    assert line.endswith("no lower bound, and no smaller budget has such a design")


def test_designs_too_small_to_exist_bound_the_range_themselves(tmp_path):
    words = ["sweep=digits_wide_resnet", "k=4", "design=single,deq", f"results={tmp_path}"]
    specs, configs = resolved(*words)
    train(specs, gain=3.0, smallest_only=False)
    assert describe_smallest_budgets(specs, configs) == []


@pytest.mark.slow
def test_plan_prints_it(tmp_path, capsys):
    words = ["sweep=demo", "design=single,weq", f"results={tmp_path}"]
    specs, _ = resolved(*words)
    train(specs, gain=3.0)
    assert plan.main(words) == 0
    assert "weq k=4 is likely better at the smallest budget already" in capsys.readouterr().out
    assert plan.main([*words, "--format", "csv"]) == 0
    assert "likely" not in capsys.readouterr().out


def test_the_probability_is_that_of_welchs_test():
    generator = np.random.default_rng(0)
    for first, second in ((3, 3), (3, 5), (10, 4)):
        one, other = generator.normal(0, 1, first), generator.normal(0.5, 2, second)
        expected = stats.ttest_ind(one, other, equal_var=False, alternative="less").pvalue
        assert probability_lower(list(one), list(other)) == pytest.approx(1 - expected)
    assert probability_lower([1.0, 1.0], [2.0, 2.0]) == 1.0
    assert probability_lower([2.0, 2.0], [2.0, 2.0]) == 0.0
