"""Every flag of Lightning's Trainer is taken, or refused with the reason."""

import inspect
from dataclasses import fields

import pytest
import pytorch_lightning as lightning

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.trainer_flags import (
    REFUSED_FLAGS,
    TrainerConfig,
    flags_given,
    num_steps_at_once,
)
from ensemble_switchover.errors import ConfigError
from tests.config.resolving import resolve_with

TAKEN = {entry.name for entry in fields(TrainerConfig)} - {"steps_at_once"}


def test_every_flag_of_the_trainer_is_known():
    flags = set(inspect.signature(lightning.Trainer).parameters)
    assert flags == TAKEN | REFUSED_FLAGS.keys()
    assert not TAKEN & REFUSED_FLAGS.keys()


@pytest.mark.parametrize("plus", ["+", "++"])
def test_a_refused_flag_is_told_what_to_set_instead(plus, compose_config):
    with pytest.raises(ConfigError, match=r"trainer\.gradient_clip_val: .* recipe\.gradient_clip"):
        compose_config(f"{plus}trainer.gradient_clip_val=1")
    with pytest.raises(ConfigError, match=r"trainer\.determinstic: .* did you mean deterministic"):
        compose_config(f"{plus}trainer.determinstic=true")


def test_a_flag_may_be_given_with_a_plus_or_without(compose_config):
    for override in ("trainer.detect_anomaly=true", "+trainer.detect_anomaly=true"):
        assert flags_given(compose_config(override).trainer) == {"detect_anomaly": True}
    assert flags_given(compose_config().trainer) == {}


def test_steps_at_once_is_auto_or_a_number(compose_config):
    assert num_steps_at_once(compose_config().trainer) is None
    assert num_steps_at_once(compose_config("trainer.steps_at_once=1").trainer) == 1
    with pytest.raises(ConfigError, match=r"trainer\.steps_at_once=0: expected a number of steps"):
        resolve(compose_config("trainer.steps_at_once=0"))


def test_flags_that_change_nothing_are_not_in_the_fingerprint():
    base = resolve_with().fingerprint
    for same in ("deterministic=false", "enable_progress_bar=true", "log_every_n_steps=1"):
        assert resolve_with(f"trainer.{same}").fingerprint == base
    for other in ("deterministic=true", "benchmark=true", "profiler=simple", "steps_at_once=1"):
        assert resolve_with(f"trainer.{other}").fingerprint != base
