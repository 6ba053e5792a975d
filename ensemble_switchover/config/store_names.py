"""The names that the program gives to files and folders of results, and those left to studies.

A study is a folder beside and below which the program writes, so it has none of these names.
"""

from __future__ import annotations

from ensemble_switchover.machine.paths import MAX_NAME_BYTES, is_text

RECORD_FILE = "record.json"
CONFIG_FILE = "config.yaml"
EPOCHS_FILE = "epochs.parquet"
WEIGHTS_FILE = "weights.safetensors"
FAILURE_FILE = "failure.json"
PREDICTIONS_FILE = "predictions-epoch-{epoch:04d}.npz"
VALIDATION_PREDICTIONS_FILE = "predictions-validation.npz"
RECOMPUTED_FILE = "recomputed.json"
"""Measures that were computed again of kept predictions."""
TIMINGS_FILE = "timings.json"
"""Times on other devices, which were added to a finished run."""
DESCRIPTION_FILE = "run.json"
LOG_FILE = "run.log"
WANDB_FILE = "wandb.json"
DECISION_FILE = "timed_sweep.json"
CHOICE_FILE = "choice.json"
EXPLORER_FILE = "explorer.html"
REPORT_FOLDER = "report"
REPORT_PAGE = "index.html"
"""The page in the folder of a report."""
LOGS_FOLDER = "logs"
"""Of the loggers of CSV files and of TensorBoard."""
WANDB_FOLDER = "wandb"
"""W&B makes it where it is told to keep runs."""
UNFINISHED_FOLDER = ".unfinished"
TIMING_FOLDER = ".timing"
"""What timing passes found of the runs of a study."""

OWN_NAMES = frozenset(
    {
        RECORD_FILE,
        CONFIG_FILE,
        EPOCHS_FILE,
        WEIGHTS_FILE,
        FAILURE_FILE,
        DESCRIPTION_FILE,
        LOG_FILE,
        WANDB_FILE,
        RECOMPUTED_FILE,
        VALIDATION_PREDICTIONS_FILE,
        TIMINGS_FILE,
        DECISION_FILE,
        CHOICE_FILE,
        EXPLORER_FILE,
        REPORT_FOLDER,
        LOGS_FOLDER,
        WANDB_FOLDER,
        UNFINISHED_FOLDER,
        TIMING_FOLDER,
    }
)
"""Names in a folder of results, of a study or of a run; others that begin with a dot are hidden."""


def expected_of_name(name: str) -> str | None:
    """Say what is expected of the name of a study instead of this one; None where it can be one.

    >>> expected_of_name("demo"), expected_of_name("wandb")
    (None, 'the name of a folder that the program does not use itself')
    """
    if name in {"", ".", ".."} or "/" in name:
        return "the name of a folder, without a path"
    if len(name.encode(errors="surrogateescape")) > MAX_NAME_BYTES:
        return f"the name of a folder, of at most {MAX_NAME_BYTES} bytes"
    if not is_text(name) or not name.isprintable():
        return "the name of a folder, of characters that can be printed"
    if name.casefold() in OWN_NAMES:
        return "the name of a folder that the program does not use itself"
    if name.startswith((".", "-")):
        return f"the name of a folder that does not begin with {name[0]}"
    return None
