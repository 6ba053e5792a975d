"""From the text of an older record to that of today's, one version at a time."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.dataset_config import STANDARDISED
from ensemble_switchover.config.recipe_config import RecipeConfig
from ensemble_switchover.config.schema import EVERY_EPOCH, LoggerConfig
from ensemble_switchover.config.table_a import table_a
from ensemble_switchover.config.trainer_flags import TrainerConfig
from ensemble_switchover.results.epoch_metrics import QUALITY
from ensemble_switchover.results.record import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

Values = dict[str, Any]

_EPOCH_FIELDS_OF_VERSION_2 = {
    "train_loss": "train_loss_nats",
    "train_seconds": "training_seconds",
    "member_train_seconds": "member_training_seconds",
    "test_error": "error_percent",
    "member_test_errors": "member_error_percent",
    "nll": "nll_nats",
    "member_nlls": "member_nll_nats",
    "member_briers": "member_brier",
    "member_eces": "member_ece",
}
"""Names of an epoch's fields in JSON, in records of version 1 and in checkpoints -> today's."""

EPOCH_COLUMNS_OF_VERSION_2 = {
    "train_seconds": "training_seconds",
    "member_train_seconds": "member_training_seconds",
    "test_error_percent": "error_percent",
    "member_test_errors_percent": "member_error_percent",
    "member_nlls_nats": "member_nll_nats",
    "member_briers": "member_brier",
    "member_eces": "member_ece",
}
"""Columns of `epochs.parquet` in version 2 -> those of today's."""

_SUMMARY_NAMES_OF_VERSION_2 = {
    "test_error_percent": "error_percent",
    "mean_member_test_error_percent": "mean_member_error_percent",
    "train_seconds": "training_seconds",
}


def migrate_epoch(values: Values) -> Values:
    """Bring an epoch of any version to today's names."""
    return _renamed(values, _EPOCH_FIELDS_OF_VERSION_2)


def _epochs_get_a_file_of_their_own(values: Values) -> Values:
    """Version 1 had the epochs within the record, and no further files.

    They stay under `epochs`, which says that no file has them. Until `execution=auto`, what was
    requested was what ran.
    """
    environment = values["environment"]
    asked = {"execution_asked": environment["execution"]}
    return {**values, "files": {}, "environment": {**asked, **environment}}


def _names_say_their_unit(values: Values) -> Values:
    """Version 2 called every error a test error, and named few units."""
    values = _renamed(values, {"training": "training_fingerprint"})
    values["environment"] = _renamed(
        values["environment"], {"execution_asked": "execution_requested"}
    )
    if "epochs" in values:
        values["epochs"] = [migrate_epoch(epoch) for epoch in values["epochs"]]
    if "summary" in values:
        summary = _renamed(values["summary"], _SUMMARY_NAMES_OF_VERSION_2)
        quality = {name: summary.pop(name, None) for name in QUALITY}
        summary["quality"] = {name: v for name, v in quality.items() if v is not None}
        values["summary"] = summary
    return values


def _nesterov_is_a_choice(values: Values) -> Values:
    """Version 3 trained every recipe without Nesterov's momentum."""
    recipe = {**values["recipe"], "nesterov": False}
    return {**values, "recipe": recipe, "config": migrate_config(values["config"])}


def migrate_config(config: Values) -> Values:
    """Bring the configuration of a record of any version to one of the same run today.

    Where today's recipe of the family has Nesterov's momentum, which no run of before had, the
    configuration now refuses it. Pixels were always standardised, every epoch was evaluated, and
    there were no metrics of the user's, nor flags and callbacks for Lightning, nor a bound on what
    is measured. One of another form stays as it is.
    """
    try:
        recipe, dataset, logger = config["recipe"], config["dataset"], config["logger"]
        measurement = config["measurement"]
        today = table_a(config["arch"]["family"], dataset["base"] or dataset["name"])
        new = asdict(RecipeConfig(nesterov=False if today.nesterov else None))
        return {
            "evaluate_every": EVERY_EPOCH,
            "trainer": asdict(TrainerConfig()),
            "callbacks": {},
            "config_dirs": [],
            "metrics": {},
            **config,
            "dataset": {"normalisation": STANDARDISED, **dataset},
            "recipe": {**new, **recipe},
            "measurement": {"share": None, **measurement},
            "logger": {**asdict(LoggerConfig()), **logger},
        }
    except (KeyError, TypeError):
        return config


def _renamed(values: Values, names: dict[str, str]) -> Values:
    values = dict(values)
    for former, name in names.items():
        if former in values:
            values[name] = values.pop(former)
    return values


MIGRATIONS: dict[int, Callable[[Values], Values]] = {
    1: _epochs_get_a_file_of_their_own,
    2: _names_say_their_unit,
    3: _nesterov_is_a_choice,
}
"""From a version to the next one, as a new table."""


def migrate(values: Values) -> Values:
    """Bring a record of any known version to today's.

    Raises:
        ValueError: for a version that this program does not know.
    """
    version = values["schema_version"]
    if version not in [*MIGRATIONS, SCHEMA_VERSION]:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        hint = "; a newer version of the program wrote it" if newer else ""
        raise ValueError(
            f"schema version {version}, this program reads 1 to {SCHEMA_VERSION}{hint}"
        )
    while values["schema_version"] != SCHEMA_VERSION:
        version = values["schema_version"]
        values = MIGRATIONS[version](values)
        values["schema_version"] = version + 1
    return values
