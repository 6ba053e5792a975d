"""What a timed sweep has decided is kept for the same overrides; nothing else is taken for it."""

from dataclasses import replace

import pytest

from ensemble_switchover.config.store_names import DECISION_FILE
from ensemble_switchover.sweep.hours_decision import Decision
from ensemble_switchover.sweep.kept_decision import keep_decision, kept_decision


@pytest.fixture
def spec(tiny_spec, tmp_path):
    found, _ = tiny_spec()
    return replace(found, results=tmp_path)


def test_it_is_of_the_overrides_that_change_the_runs(spec):
    decision = Decision(7, spec.budget.parameters)
    keep_decision([spec], ["sweep=own", "seed=0,1", "sweep.hours=3"], decision)
    again = ["seed=0,1", "sweep.hours=9", "sweep=own", "hydra/launcher=joblib", "logger=csv"]
    assert kept_decision([spec], again) == decision
    assert kept_decision([spec], [*again, "k=2"]) is None


def test_a_decision_without_any_of_the_budgets_is_none(spec):
    keep_decision([spec], ["seed=1"], Decision(None, spec.budget.parameters - 1))
    assert kept_decision([spec], ["seed=1"]) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"words": ["seed=1"], "epochs": "many", "budget": 9000000}',
        '{"words": ["seed=1"], "epochs": null, "budget": null}',
        '{"words": ["seed=1"], "epochs": -1, "budget": 0}',
        '{"words": ["seed=1"], "epochs": 1e400, "budget": NaN}',
    ],
)
def test_a_damaged_decision_is_none(content, spec):
    path = spec.study_folder / DECISION_FILE
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert kept_decision([spec], ["seed=1"]) is None
    path.write_text('{"words": ["seed=1"], "epochs": 3, "budget": 9000000}')
    assert kept_decision([spec], ["seed=1"]) == Decision(3, 9_000_000)
