"""The callbacks that a user adds to a run: made from their names, and what they ask for."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

import pytorch_lightning as lightning
import torch
from pytorch_lightning.loggers.logger import DummyLogger

from ensemble_switchover.config.targets import TARGET, make_part
from ensemble_switchover.errors import (
    ConfigError,
    EnsembleSwitchoverError,
    TrainingError,
    first_line,
)
from ensemble_switchover.machine.system_errors import machine_trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ensemble_switchover.config.callbacks import Callbacks

BATCH_HOOKS = ("on_train_batch_start", "on_train_batch_end")
NEVER_CALLED = (
    *("on_before_backward", "on_after_backward"),
    *("on_before_optimizer_step", "on_before_zero_grad"),
)
"""Hooks inside a step, which the execution of the members takes without Lightning."""
_PLAIN = (type(None), bool, int, float, str, bytes, torch.Tensor)


def make_callbacks(parts: Callbacks) -> dict[str, lightning.Callback]:
    """Make the callbacks of a run, in their order.

    Raises:
        ConfigError: for what cannot be made, is no callback, or relies on a hook inside a step.
    """
    callbacks = {}
    for name, part in parts.items():
        key = f"callbacks.{name}"
        callback = make_part(key, part)
        if not isinstance(callback, lightning.Callback):
            raise ConfigError(
                f"{key}.{TARGET}={part[TARGET]}: expected a pytorch_lightning.Callback, and it "
                f"makes a {type(callback).__name__}"
            )
        for hook in NEVER_CALLED:
            if _own(callback, hook):
                raise ConfigError(
                    f"{key}: has {hook}, which is never called: members take their steps without "
                    f"Lightning's optimizers; expected {' or '.join(BATCH_HOOKS)}"
                )
        callbacks[name] = callback
    return callbacks


def looks_at_batches(callback: lightning.Callback) -> bool:
    """Return whether a callback has a hook of its own for batches, which is not Lightning's."""
    return any(_own(callback, hook) for hook in BATCH_HOOKS)


def is_of_code(error: Exception) -> bool:
    """Return whether an error is neither explained already, nor of the machine or its memory."""
    known = EnsembleSwitchoverError | MemoryError | torch.OutOfMemoryError
    return not isinstance(error, known) and machine_trouble(error) is None


def hook_fault(
    error: Exception, callbacks: Mapping[str, lightning.Callback]
) -> TrainingError | None:
    """Say which hook of which callback has raised an error, and where.

    Returns:
        None for an error that no callback has raised, or that is one of the machine's.
    """
    if not is_of_code(error):
        return None
    names = {id(callback): name for name, callback in callbacks.items()}
    for frame, line in walk_tb(error.__traceback__):
        name = names.get(id(frame.f_locals.get("self")))
        if name is not None:
            place = f"{Path(frame.f_code.co_filename).name}, line {line}"
            said = f"{type(error).__name__}: {first_line(error)}"
            return TrainingError(
                f"callbacks.{name}: its {frame.f_code.co_name} fails with {said} ({place})"
            )
    return None


def plain_states(callbacks: Mapping[str, lightning.Callback]) -> dict[str, Any]:
    """Return the states of callbacks that have one, for a checkpoint.

    Raises:
        ConfigError: for a state of other than tensors and plain values, which no checkpoint holds.
    """
    states = {name: callback.state_dict() for name, callback in callbacks.items()}
    for name, state in states.items():
        foreign = _foreign(state)
        if foreign is not None:
            raise ConfigError(
                f"callbacks.{name}: its state_dict() holds {foreign}; expected tensors and plain "
                f"values, so that the run can go on from a checkpoint"
            )
    return {name: state for name, state in states.items() if state}


class LastValues(DummyLogger):
    """Lightning's logger of a run with callbacks: keeps the last value of what each logs."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, float] = {}

    def log_metrics(self, *args: Any, **kwargs: Any) -> None:
        """Keep the values of some metrics, until they are taken."""
        metrics: Mapping[str, Any] = kwargs["metrics"] if "metrics" in kwargs else args[0]
        self.values |= {name: float(value) for name, value in metrics.items()}

    def take(self, of_epoch: Mapping[str, Any] | None = None) -> dict[str, float]:
        """Return what was logged since the last call.

        Args:
            of_epoch: Metrics of the epoch that Lightning would log only once its last hook is
                called.
        """
        values, self.values = self.values, {}
        values |= {name: float(value) for name, value in (of_epoch or {}).items()}
        values.pop("epoch", None)  # Lightning adds its own count
        return values


def _own(callback: lightning.Callback, hook: str) -> bool:
    """Return whether a hook is neither the empty one nor that of a callback of Lightning's."""
    if hook in vars(callback):  # as of Lightning's LambdaCallback
        return True
    defined = next(kind for kind in type(callback).__mro__ if hook in vars(kind))
    return not defined.__module__.startswith("pytorch_lightning.")


def _foreign(value: Any) -> str | None:
    """Return the type of the first value that is neither a tensor nor plain."""
    if type(value) in (dict, OrderedDict):
        values = [*value.keys(), *value.values()]
    elif type(value) in (list, tuple):
        values = list(value)
    else:
        return None if type(value) in _PLAIN else type(value).__name__
    return next((found for found in map(_foreign, values) if found is not None), None)
