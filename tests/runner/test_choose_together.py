"""Whether the seeds of a design are trained together."""

from types import SimpleNamespace

import pytest

from ensemble_switchover.runner.choose_together import TogetherChoice

TIMING = SimpleNamespace(seconds_per_epoch=lambda evaluated: 1.0 if evaluated else 0.5)


def epoch(ratio, *, waiting=0.0, seconds_apart=2.0, evaluated=True):
    """Make the result of an epoch of two seeds that is so many times as fast as apart."""
    return SimpleNamespace(
        logits=[] if evaluated else None,
        training_seconds=seconds_apart / ratio,
        evaluation_seconds=0.0,
        waiting_share=waiting,
    )


def test_seeds_are_together_where_that_is_asked_for():
    choice = TogetherChoice("seeds")
    assert choice.is_decided
    assert not choice.is_apart


@pytest.mark.parametrize(
    ("waiting", "ratios", "decided", "apart"),
    [
        (0.0, [0.5], True, True),
        (0.0, [1.5], True, False),
        (0.5, [0.5], False, False),
        (0.5, [0.5, 0.5], True, True),
        (0.5, [0.5, 2.0], True, False),
        (0.5, [2.0], True, False),
    ],
)
def test_a_disturbed_epoch_alone_does_not_part_seeds(waiting, ratios, decided, apart):
    choice = TogetherChoice("auto")
    for ratio in ratios:
        choice.decide([TIMING, TIMING], epoch(ratio, waiting=waiting))
    assert (choice.is_decided, choice.is_apart) == (decided, apart)


def test_an_epoch_without_evaluation_is_compared_with_training_alone():
    choice = TogetherChoice("auto")
    choice.decide([TIMING, TIMING], epoch(1.1, seconds_apart=1.0, evaluated=False))
    assert not choice.is_apart
    other = TogetherChoice("auto")
    other.decide([TIMING, TIMING], epoch(0.9, seconds_apart=1.0, evaluated=False))
    assert other.is_apart
