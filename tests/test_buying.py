"""The benchmark of buying: purchases settle planted studies with fewer runs than before."""

from statistics import fmean

import numpy as np
import pytest

from benchmarks.buying import (
    CLASSES,
    MOST_SEEDS,
    Ledger,
    buy,
    certainties,
    judge,
    paired_at_95,
    plant_study,
    refine,
)
from ensemble_switchover.analysis.standing import Winner, judge_columns

pytestmark = pytest.mark.slow

SEED = 1


def studies(number, **options):
    return [plant_study(np.random.default_rng([SEED, i]), **options) for i in range(number)]


def test_purchases_need_at_most_two_thirds_of_the_runs_and_seconds():
    planted = studies(8)
    before = [refine(study, paired_at_95) for study in planted]
    after = [buy(study) for study in planted]
    for field in ("num_runs", "seconds", "num_until_found"):
        means = [fmean(getattr(outcome, field) for outcome in each) for each in (before, after)]
        assert means[1] <= 2 / 3 * means[0]
    assert sum(o.is_settled for o in after) >= sum(o.is_settled for o in before)
    assert all(outcome.is_found for outcome in after)


def test_all_runs_are_made_where_nothing_is_ever_decided():
    (study,) = studies(1)
    outcome = refine(study, lambda ensemble, single: Winner.UNDECIDED)
    assert outcome.num_runs == len(CLASSES) * len(study.budgets) * MOST_SEEDS
    assert not outcome.is_settled


def test_a_planted_study_has_its_switchover_and_its_noise():
    for study in studies(5, even=True):
        for name, differences in study.differences.items():
            assert (differences[0] > 0, differences[-1] < 0) == (True, True)
            assert (differences == 0).sum() == 1
            measured = (study.errors[name] - study.errors["single"]).mean(axis=1)
            assert np.abs(measured - differences).max() < 1.5


def test_a_find_where_the_ensemble_is_no_better_is_false():
    (study,) = studies(1, even=True)
    columns = len(study.budgets)
    even = int(np.flatnonzero(study.differences["deq"] == 0)[0])
    right = judge_columns([Winner.SINGLE] * (even + 1) + [Winner.ENSEMBLE] * (columns - even - 1))
    wrong = judge_columns([Winner.SINGLE] * even + [Winner.ENSEMBLE] * (columns - even))
    too_much = judge_columns([Winner.SINGLE] * columns)
    found = [judge(Ledger(study, {}), {"deq": each}, None) for each in (right, wrong, too_much)]
    assert [outcome.num_false for outcome in found] == [0, 1, 0]
    assert [outcome.rules_out_falsely for outcome in found] == [0, 0, 1]


def test_certainty_is_the_mean_over_its_standard_error_and_0_where_signs_meet():
    found = certainties(range(3), {0: [3.0, 5.0], 2: [-3.0, -5.0]})
    assert found[0] == pytest.approx(4.0)
    assert found[1] == 0.0
