"""What was meant by the name of a key or group that does not exist."""

from __future__ import annotations

import difflib
from dataclasses import fields

from ensemble_switchover.config.groups import (
    ABSENT_GROUPS,
    GROUPS,
    SCHEMAS,
    conf_folder,
    group_options,
    key_owners,
    mapping_keys,
    node_of,
)
from ensemble_switchover.config.make_recipe import STATED_ELSEWHERE
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.config.trainer_flags import unknown_flag

SHOW_ALL = "python -m ensemble_switchover --cfg job shows every key"

USED_ELSEWHERE: dict[str, str] = {
    "model": "arch",
    "net": "arch",
    "network": "arch",
    "backbone": "arch",
    "data": "dataset",
    "datamodule": "dataset",
    "data_dir": "dataset.root",
    "optimizer": "recipe/optimizer",
    "optim": "recipe/optimizer",
    "scheduler": "recipe/schedule",
    "lr_scheduler": "recipe/schedule",
    "lr": "recipe.learning_rate",
    "criterion": "recipe.loss",
    "loss_fn": "recipe.loss",
    "gradient_clip_val": "recipe.gradient_clip",
    "clip_grad_norm": "recipe.gradient_clip",
    "ema": "recipe.ema_decay",
    "wd": "recipe.weight_decay",
    "train_batch_size": "recipe.batch_size",
    "max_epochs": "epochs",
    "num_epochs": "epochs",
    "n_epochs": "epochs",
    "check_val_every_n_epoch": "evaluate_every",
    "val_check_interval": "evaluate_every",
    "accelerator": "device",
    "devices": "device",
    "gpus": "device",
    "num_models": "k",
    "num_members": "k",
    "num_estimators": "k",
    "ensemble_size": "k",
    "random_seed": "seed",
    "seed_everything": "seed",
    "task_name": "study",
    "experiment_name": "study",
    "output_dir": "results",
    "log_dir": "results",
    "save_dir": "results",
    "default_root_dir": "results",
    "run_name": "logger.name",
    "offline": "logger.mode",
    "print_config": "--cfg job",
}
"""Names in lightning-hydra-template, Lightning and other programs -> what it is called here."""

OF_LOADERS = "images lie in memory whole, so there are no processes that load them"
NOT_NEEDED = {
    "ckpt_path": "the same command goes on from the last checkpoint by itself, and "
    "python -m ensemble_switchover.export writes the trained networks of a finished run",
    "resume_from_checkpoint": "the same command goes on from the last checkpoint by itself",
    "num_workers": OF_LOADERS,
    "pin_memory": OF_LOADERS,
    "persistent_workers": OF_LOADERS,
}
"""Names elsewhere of what needs no key here -> why."""


def unknown_key_text(key: str, value: str = "") -> str:
    """Say that there is no such key, and which one was meant.

    Args:
        key: The name.
        value: The value that came, which may be an option of the group that was meant.
    """
    node, _, name = key.partition(".")
    if name == TARGET and node in ("arch", "dataset"):
        return (
            f"{key}: is set in a file {node}/NAME.yaml of a folder of your own options, which "
            f"--config-dir names; {node}=NAME chooses it (docs/extending.md)"
        )
    for group, schemas in SCHEMAS.items():
        owners = [
            option
            for option, schema in schemas.items()
            if name in {entry.name for entry in fields(schema)}
        ]
        if node_of(group) == node and owners and key in key_owners():
            return f"{key}: belongs to {node}={' or '.join(owners)}, which was not chosen"
    if node == "trainer" and name:
        return unknown_flag(name)
    argument = key.removeprefix("recipe.optimizer.")
    if argument != key and argument in STATED_ELSEWHERE:
        return f"{key}: expected {STATED_ELSEWHERE[argument]}"
    option = name.partition(".")[0]
    if node == "callbacks" and option in _options(node):
        return (
            f"{key}: is not among the arguments so far; expected callbacks={option} beside it, and "
            f"a + for an argument that its file lacks, +{key}=..."
        )
    if any(key.startswith(f"{mapping}.") for mapping in mapping_keys()):
        return f"{key}: is not among the arguments so far; expected a + to add it, +{key}=..."
    if key in ABSENT_GROUPS:
        return f"{key}: no such group; {ABSENT_GROUPS[key]}"
    why = NOT_NEEDED.get(_leaf(key))
    if why is not None:
        return f"{key}: no such key; {why}"
    near = [f"{name}={value}" if value in _options(name) else name for name in names_near(key)]
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return f"{key}: no such {'group' if '/' in key else 'key'}; {meant}{SHOW_ALL}"


def names_near(key: str) -> list[str]:
    """Return the keys and groups that a name may mean, the likeliest first.

    >>> names_near("max_epochs"), names_near("batch_size"), names_near("zzzzz")
    (['epochs'], ['recipe.batch_size'], [])
    """
    leaf = _leaf(key)
    for name in (key, leaf):
        meant = USED_ELSEWHERE.get(name)
        if meant is not None and (meant.startswith("-") or _is_known(meant)):
            return [meant]
    same = [known for known in key_owners() if _leaf(known) == leaf]
    if same:
        return difflib.get_close_matches(key, same, n=3, cutoff=0)
    node = key.removesuffix(leaf)
    within = [_leaf(known) for known in key_owners() if node and known.startswith(node)]
    if within:  # of two long names with one beginning only the rest tells
        return [f"{node}{name}" for name in difflib.get_close_matches(leaf, within, n=3)]
    return difflib.get_close_matches(key, [*key_owners(), *([] if node else GROUPS)], n=3)


def _options(group: str) -> list[str]:
    """Return the options of a group; none for a key."""
    return group_options(group) if group in GROUPS else []


def _leaf(key: str) -> str:
    return key.replace("/", ".").rpartition(".")[2]


def _is_known(name: str) -> bool:
    """Return whether a name is that of a key or of a group."""
    return name in key_owners() or (conf_folder() / name).is_dir()
