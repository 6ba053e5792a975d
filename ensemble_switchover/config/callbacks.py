"""The Lightning callbacks that a user adds to a run, by their full names (no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.targets import TARGET, target_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ensemble_switchover.config.schema import Config

Callbacks = dict[str, dict[str, Any]]
"""Callbacks by a name of the user's: `_target_` and arguments of each."""

LOGGED_METRICS = ("error", "member_error", "nll", "train_loss", "learning_rate")
"""What a run logs for callbacks after an epoch; the first three where it was evaluated."""
OF_IMAGES_MEASURED_ON = LOGGED_METRICS[:3]

LIGHTNING = "pytorch_lightning.callbacks."
_UNDECISIVE = {
    *("LearningRateMonitor", "ModelCheckpoint", "ModelSummary", "ProgressBar", "RichModelSummary"),
    *("RichProgressBar", "TQDMProgressBar"),
}
"""Callbacks of Lightning that change neither what is learnt nor the seconds of training."""
_AVERAGED = "weights are averaged for each member by itself; expected recipe.ema_decay="
_REFUSED = {
    "BackboneFinetuning": "every member is trained whole",
    "BaseFinetuning": "every member is trained whole",
    "BatchSizeFinder": "the batch size decides the result; expected recipe.batch_size=",
    "EMAWeightAveraging": _AVERAGED,
    "GradientAccumulationScheduler": "every batch is a step; expected recipe.batch_size=",
    "LearningRateFinder": "the rate is part of the recipe; expected recipe.learning_rate=",
    "ModelPruning": "a design has the parameters of its budget",
    "SpikeDetection": "every batch of an epoch is trained on",
    "StochasticWeightAveraging": _AVERAGED,
    "Timer": "a limit in seconds would make the result depend on the machine; expected epochs=",
    "WeightAveraging": _AVERAGED,
}
"""Callbacks of Lightning that a run cannot have, and why."""


def callback_problems(config: Config) -> list[str]:
    """Return what is wrong with the callbacks of a configuration, without importing them."""
    callbacks = chosen_callbacks(config.callbacks)
    problems = []
    for name, part in callbacks.items():
        key = f"callbacks.{name}"
        if not isinstance(part, dict):
            problems.append(f"{key}={part}: expected {key}.{TARGET}=package.module.Callback")
            continue
        wrong = _other_package(key, part) or target_problems(key, part)
        problems += wrong or _lightning_problems(key, part, callbacks)
    if callbacks and config.execution.name == "parallel":
        problems.append(
            "execution=parallel: its processes hold some of the members each, and callbacks see "
            "all of them; expected execution=auto, fused or sequential beside callbacks="
        )
    return problems


def chosen_callbacks(callbacks: Mapping[str, Any]) -> dict[str, Any]:
    """Return the callbacks that are not null."""
    return {name: part for name, part in callbacks.items() if part is not None}


def callback_notes(callbacks: Callbacks, evaluated_on: str) -> list[str]:
    """Say where a callback chooses by the images that the error is measured on."""
    return [
        f"callbacks.{name} watches the {part['monitor']} on the test images: when training ends is "
        f"chosen by them, so that the error found is too low; with dataset.validation_size= it "
        f"watches images held out of the training images"
        for name, part in callbacks.items()
        if _decides(part)
        and part.get("monitor") in OF_IMAGES_MEASURED_ON
        and evaluated_on == "test"
    ]


def decisive_callbacks(callbacks: Callbacks) -> list[dict[str, Any]]:
    """Return the callbacks that may change the result or the seconds of a run, in their order."""
    return [part for part in callbacks.values() if _decides(part)]


def _decides(part: Mapping[str, Any]) -> bool:
    return _name_in_lightning(part) not in _UNDECISIVE


def _name_in_lightning(part: Mapping[str, Any]) -> str | None:
    """Return the name of a callback of Lightning; None for one of the user's own."""
    target = str(part[TARGET])
    return target.rpartition(".")[2] if target.startswith(LIGHTNING) else None


def _other_package(key: str, part: Mapping[str, Any]) -> list[str]:
    """Return what to write for a callback of the package `lightning`, whose classes are others."""
    target = str(part.get(TARGET))
    if not target.startswith("lightning.pytorch."):
        return []
    here = target.replace("lightning.pytorch", "pytorch_lightning", 1)
    return [f"{key}.{TARGET}={target}: is of another package; expected {here}"]


def _lightning_problems(
    key: str, part: Mapping[str, Any], callbacks: Mapping[str, Any]
) -> list[str]:
    """Return what is wrong with one of Lightning's callbacks here."""
    name = _name_in_lightning(part)
    if name in _REFUSED:
        return [f"{key}.{TARGET}={part[TARGET]}: cannot be used here: {_REFUSED[name]}"]
    problems = []
    if name == "ModelCheckpoint" and not part.get("dirpath"):
        problems.append(
            f"{key}: expected a folder for its files, {key}.dirpath=..., which none else shares"
        )
    monitor = part.get("monitor")
    all_of_lightning = all(
        isinstance(other, dict) and str(other.get(TARGET)).startswith(LIGHTNING)
        for other in callbacks.values()
    )
    if name is not None and all_of_lightning and monitor not in (None, *LOGGED_METRICS):
        problems.append(
            f"{key}.monitor={monitor}: is not logged; expected one of {', '.join(LOGGED_METRICS)}"
        )
    return problems
