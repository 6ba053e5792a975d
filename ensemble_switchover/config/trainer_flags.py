"""Which flags of Lightning's Trainer a run takes, and why not the others (no torch)."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, fields
from typing import Annotated, Any, Optional

from ensemble_switchover.config.key_markers import STATED, Excluded, Expected, between, one_of
from ensemble_switchover.config.largest_values import MAX_STEPS_BETWEEN_LOGS

AUTO_STEPS = "auto"
"""The value of `trainer.steps_at_once` where nothing is stated."""
_OWN_KEY = "steps_at_once"

STEPS_AT_ONCE = Expected(
    f"a number of steps, 1 or more, or {AUTO_STEPS}",
    lambda steps: steps == AUTO_STEPS or re.fullmatch(r"[1-9][0-9]{0,8}", steps) is not None,
)


@dataclass(slots=True, kw_only=True)
class TrainerConfig:
    """Flags of Lightning's `Trainer`, and how many training steps it is given at a time."""

    steps_at_once: Annotated[str, STEPS_AT_ONCE, STATED] = AUTO_STEPS
    """Training steps that one call of `training_step` takes, 1 or more; it changes nothing of what
    is learnt. `auto`: a whole epoch of the members that share their steps, which costs least, or 1
    where a callback of the user's own looks at every batch."""
    deterministic: Annotated[Optional[bool], STATED] = None
    """Whether torch takes deterministic algorithms alone, and refuses the others; absent: no."""
    benchmark: Annotated[Optional[bool], STATED] = None
    """Whether cuDNN tries its algorithms and takes the fastest; absent: no."""
    detect_anomaly: Annotated[Optional[bool], STATED] = None
    """Whether autograd looks for numbers that are not finite, which is slow; absent: no."""
    profiler: Annotated[Optional[str], one_of("simple", "advanced"), STATED] = None
    """Profiler of Lightning whose table is logged after training: `simple` or `advanced`; absent:
    none."""
    enable_progress_bar: Annotated[Optional[bool], Excluded("what is shown")] = None
    """Whether a progress bar of Lightning's is shown; absent: no."""
    log_every_n_steps: Annotated[
        Optional[int], between(1, MAX_STEPS_BETWEEN_LOGS), Excluded("how often callbacks log")
    ] = None
    """Items of the training loop after which callbacks that log by step do so; absent: 1."""


_EVALUATED = "epochs are evaluated whole, on all images; expected evaluate_every="
_TRAINED = "every epoch is trained whole; expected dataset.train_size= for fewer images"
_PROCESSES = "members are spread over devices and processes by execution=parallel"
_NO_TEST = "a run calls neither test nor predict; expected dataset.test_size= for fewer images"

REFUSED_FLAGS = {
    "accelerator": "the device is chosen by device=",
    "strategy": _PROCESSES,
    "devices": _PROCESSES,
    "num_nodes": "a run is on one node; runs are spread over nodes by hydra/launcher=",
    "precision": "the record has to know the precision; expected precision= without trainer.",
    "logger": "metrics go where logger= says",
    "callbacks": "callbacks are added by callbacks= or +callbacks.NAME._target_=",
    "fast_dev_run": "a quick trial is epochs=1 dataset.train_size=100",
    "max_epochs": "the schedule has to know the length of the training; expected epochs=",
    "min_epochs": "the callback says when it may stop; expected callbacks.early_stopping.patience=",
    "max_steps": "training ends with an epoch; expected epochs=",
    "min_steps": "training ends with an epoch; expected epochs=",
    "max_time": "a limit in seconds would make the result depend on the machine; expected epochs=",
    "limit_train_batches": _TRAINED,
    "limit_val_batches": _EVALUATED,
    "limit_test_batches": _NO_TEST,
    "limit_predict_batches": _NO_TEST,
    "overfit_batches": _TRAINED,
    "val_check_interval": _EVALUATED,
    "check_val_every_n_epoch": _EVALUATED,
    "num_sanity_val_steps": "nothing is evaluated before training; expected epochs=1 for a trial",
    "enable_checkpointing": "a run writes its own checkpoints and goes on from them; for further "
    "ones add Lightning's ModelCheckpoint with +callbacks.NAME._target_=",
    "enable_model_summary": "the layers are shown by +callbacks.summary._target_="
    "pytorch_lightning.callbacks.RichModelSummary",
    "accumulate_grad_batches": "every batch is a step; expected recipe.batch_size=",
    "gradient_clip_val": "gradients are clipped for each member by itself; expected "
    "recipe.gradient_clip=",
    "gradient_clip_algorithm": "gradients are clipped for each member by itself; expected "
    "recipe.gradient_clip=",
    "inference_mode": "evaluation is timed in inference mode",
    "use_distributed_sampler": "the order of the images follows from each member's seed; expected "
    "seed=",
    "barebones": "it would turn off what measures a run; expected logger=none for fewer outputs",
    "plugins": "precision and processes are settled by precision= and execution=",
    "sync_batchnorm": "members share no batch statistics; expected execution= without trainer.",
    "reload_dataloaders_every_n_epochs": "images are loaded once; expected dataset.residence=",
    "default_root_dir": "a run is written to results= and study=",
    "enable_autolog_hparams": "a record keeps the configuration; expected logger= to send it",
    "model_registry": "models are kept by record.weights=true, and exported by "
    "python -m ensemble_switchover.export",
}
"""Flag of Lightning's Trainer -> why a run does not take it, and what to set instead."""


def unknown_flag(name: str) -> str:
    """Say why a key below `trainer` is no key of a run.

    >>> unknown_flag("precision")
    'trainer.precision: the record has to know the precision; expected precision= without trainer.'
    >>> unknown_flag("detect_anomalies")
    "trainer.detect_anomalies: no such flag of Lightning's Trainer; did you mean detect_anomaly?"
    """
    if name in REFUSED_FLAGS:
        return f"trainer.{name}: {REFUSED_FLAGS[name]}"
    known = [entry.name for entry in fields(TrainerConfig)]
    near = difflib.get_close_matches(name, [*known, *REFUSED_FLAGS], n=1)
    meant = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    return f"trainer.{name}: no such flag of Lightning's Trainer; {meant}"


def flags_given(trainer: TrainerConfig) -> dict[str, Any]:
    """Return the flags that Lightning's Trainer is given."""
    values = {entry.name: getattr(trainer, entry.name) for entry in fields(trainer)}
    return {name: value for name, value in values.items() if value is not None and name != _OWN_KEY}


def num_steps_at_once(trainer: TrainerConfig) -> int | None:
    """Return how many training steps are taken at once; None where that is not stated.

    >>> num_steps_at_once(TrainerConfig(steps_at_once="3"))
    3
    """
    return None if trainer.steps_at_once == AUTO_STEPS else int(trainer.steps_at_once)
