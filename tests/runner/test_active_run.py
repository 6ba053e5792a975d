"""A run under way."""

import pytest

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.runner.active_run import ActiveRun
from ensemble_switchover.runner.run import train_apart
from ensemble_switchover.runner.setup import load_split, prepare

SMALL = ("budget.depth=8", "budget.width=4", "epochs=2")


@pytest.fixture
def begun(tiny_spec):
    """Return a function that takes up the same run anew."""

    def begin(*overrides):
        spec, config = tiny_spec(*SMALL, *overrides)
        run, setup = ActiveRun(spec, config), prepare(spec, config)
        run.begin(setup)
        return run, setup, load_split(spec)

    return begin


def test_it_goes_on_where_a_checkpoint_is(begun):
    run, setup, split = begun()
    assert run.resume_point is None
    assert not run.is_trained
    train_apart(run, setup, split)
    assert run.is_trained
    again, _, _ = begun()
    assert again.is_trained
    assert again.epochs == run.epochs
    assert again.resume_point.num_epochs == 2
    assert again.began_on is None
    assert again.former_seconds > 0
    assert again.seconds.parts["training"] == pytest.approx(run.seconds.parts["training"])


def test_another_environment_is_told_with_its_plan_decided_anew(begun):
    run, setup, split = begun()
    train_apart(run, setup, split)
    again, _, _ = begun("threads=1")
    assert again.epochs == []  # another number of threads is another run
    other, _, _ = begun()
    other.began_on = None
    elsewhere = prepare(other.spec, other.config)
    elsewhere.environment.versions["torch"] = "0.0"
    other.begin(elsewhere)
    assert other.began_on == setup.timing_environment


def test_an_epoch_says_whether_other_seeds_were_trained_in_the_same_steps(begun, monkeypatch):
    run, setup, split = begun()
    add = run.add_epoch
    monkeypatch.setattr(
        run, "add_epoch", lambda *arguments: add(*arguments, together=run.num_epochs == 1)
    )
    train_apart(run, setup, split)
    assert [epoch.together for epoch in run.epochs] == [False, True]


@pytest.mark.parametrize(
    ("is_timed_apart", "together", "times_of"),
    [(False, False, "run"), (True, False, "timing pass"), (False, True, "timing pass")],
)
def test_loggers_are_told_what_the_times_will_be_of(
    begun, monkeypatch, is_timed_apart, together, times_of
):
    run, setup, split = begun()
    if together:  # in a former process
        add = run.add_epoch
        monkeypatch.setattr(run, "add_epoch", lambda *arguments: add(*arguments, together=True))
        train_apart(run, setup, split)
    run.begin(setup, is_timed_apart=is_timed_apart)
    told = []
    monkeypatch.setattr(run.log, "start", lambda config, facts: told.append(facts["times_of"]))
    run.start_log(setup)
    assert told == [times_of]


def test_a_metric_may_not_have_the_name_of_another(tiny_spec):
    part = "{_target_:torchmetrics.Accuracy,task:multiclass}"
    spec, config = tiny_spec(f"+metrics.error_percent={part}")
    with pytest.raises(ConfigError, match=r"metrics.error_percent: every record has it"):
        ActiveRun(spec, config).begin(prepare(spec, config))
