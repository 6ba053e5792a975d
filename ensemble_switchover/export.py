"""`python -m ensemble_switchover.export`: write a trained ensemble as a file for other programs."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ensemble_switchover.config.command_line import (
    EXIT_FAILURE,
    parse_arguments,
    path_argument,
    run_command,
)
from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.machine.standard_streams import prints_beside
from ensemble_switchover.machine.terminal import complain, count, printable, quantity
from ensemble_switchover.results.layout import (
    RECORD_FILE,
    WEIGHTS_FILE,
    run_folder,
    unfinished_folder,
)
from ensemble_switchover.results.lock import holder_of
from ensemble_switchover.results.output_path import require_output_file
from ensemble_switchover.results.rerun_command import CommandWriter
from ensemble_switchover.results.state import RunState, failure_of, num_epochs_kept, run_state
from ensemble_switchover.results.store import read_description, read_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.results.record import Record
    from ensemble_switchover.serving.weights import TrainedEnsemble

_DESCRIPTION = (
    "Write the ensemble of a finished run as one file that runs without this program. Its input "
    "is uint8 images (B, C, H, W) as decoded; its output is probabilities (B, classes). Before "
    "the file gets its name, it is loaded again and compared with the original."
)
SUFFIXES = {"onnx": ".onnx", "torch_export": ".pt2"}
"""The file name suffix of each format."""

NEEDED_PACKAGES = {"onnx": ("onnx", "onnxscript", "onnxruntime"), "torch_export": ()}
"""The packages of the extra `export` that each format needs."""

EXPORT_EXECUTIONS = ("sequential", "fused")
"""The executions that a file can hold; the program that runs it decides about threads."""

TOLERANCE = 1e-5
"""The largest allowed difference between an exported and an original probability."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the path of the file is the last line it prints."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.export", description=_DESCRIPTION
    )
    parser.add_argument(
        "run", type=path_argument, help=f"the folder of a finished run, or its {RECORD_FILE}"
    )
    parser.add_argument(
        "--format", choices=tuple(SUFFIXES), required=True, help="the format of the file"
    )
    parser.add_argument(
        "--execution",
        choices=EXPORT_EXECUTIONS,
        default="sequential",
        help="run the members one after another or all in one pass; default: sequential",
    )
    parser.add_argument(
        "--out",
        type=path_argument,
        help="the file to write; default: ensemble.onnx or ensemble.pt2 in the run's folder",
    )
    given = parse_arguments(parser, arguments)
    return run_command(lambda: export(given.run, given.format, given.execution, given.out))


def export(run: Path, form: str, execution: str, out: Path | None = None) -> int:
    """Write the ensemble of a finished run, if the file predicts what the original predicts.

    Args:
        run: The run's folder, or the record in it.
        form: `onnx` or `torch_export`.
        execution: How the file runs the members: `sequential` or `fused`.
        out: The file; by default `ensemble.onnx` or `ensemble.pt2` in the run's folder.

    Returns:
        The exit code: 0, or 1 if the predictions differ, in which case no file is written.

    Raises:
        ConfigError: if a package is missing, or `out` is a folder or of a run's record.
        RecordError: if the run is unfinished or failed, or its weights are absent or damaged.
    """
    missing = [name for name in NEEDED_PACKAGES[form] if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"--format {form}: {', '.join(missing)} not installed; "
            f"pip install 'ensemble-switchover[export]' installs what the format needs"
        )
    folder = run_folder(run)
    record = _read_record_with_weights(folder)
    out = folder / f"ensemble{SUFFIXES[form]}" if out is None else out
    require_output_file("--out", out, f"ensemble{SUFFIXES[form]}")

    from ensemble_switchover.serving.exported_file import exported_content

    with shown_on(sys.stderr, logging.WARNING):
        trained = _load_weights(folder / WEIGHTS_FILE, record)
    metadata = _metadata(record, trained.class_names)
    difference, content = exported_content(trained, form, execution, metadata)
    measured = f"{difference:.1e} from the original's, on images of noise"
    if not difference <= TOLERANCE:  # also refuses NaN
        complain(
            f"{out}: not written: its probabilities differ by up to {measured}; at most "
            f"{TOLERANCE:g} is allowed"
        )
        return EXIT_FAILURE
    write_file(out, content, flush=True)
    design = record.design
    networks = f"{count(design.k, design.family)} {design.depth}x{design.width}"
    with prints_beside(out):
        print(printable(f"{networks}, {execution}, as {form}: {quantity(len(content))}B"))
        print(f"probabilities differ by at most {measured}")
        print(out)
    return 0


def _read_record_with_weights(folder: Path) -> Record:
    """Read the record of a finished run, and check that the run kept its weights."""
    path = folder / RECORD_FILE
    if not path.exists():
        raise RecordError(f"{folder}: {_why_no_record(folder)}")
    record = read_record(path)
    if not (folder / WEIGHTS_FILE).exists():
        raise RecordError(
            f"{folder}: no {WEIGHTS_FILE} in it: the run kept no weights; to train it again, "
            f"repeat its overrides with record.weights=true and another study="
        )
    return record


def _load_weights(path: Path, record: Record) -> TrainedEnsemble:
    """Load a weights file, and check that its ensemble is that of the record."""
    from ensemble_switchover.serving.weights import load_ensemble

    trained, design = load_ensemble(path), record.design
    expected = f"{design.k} x {design.family} {design.depth}x{design.width}"
    k = len(trained.ensemble.members)
    found = f"{k} x {trained.family.name} {trained.depth}x{trained.width}"
    if found != expected:
        raise RecordError(
            f"{path}: expected the weights of {expected}, found {found}: they belong to another run"
        )
    return trained


def _why_no_record(folder: Path) -> str:
    if run_state(folder) is RunState.FAILED:
        return f"the run failed: {failure_of(folder)}"
    if unfinished_folder(folder).is_dir():
        return f"the run is not finished: {_how_far(folder)}"
    if not folder.is_dir():
        return f"no such folder; expected the folder of a run, with {RECORD_FILE} in it"
    return f"no {RECORD_FILE} in it; expected the folder of one finished run"


def _how_far(folder: Path) -> str:
    """Say how far an unfinished run is, who works on it, and which command goes on."""
    description = read_description(folder)
    done, hold = num_epochs_kept(folder), holder_of(unfinished_folder(folder))
    asked = description.get("epochs")
    text = f"{done} of {asked} epochs are done" if asked else f"{count(done, 'epoch')} done"
    config = description.get("config")
    command = None
    if isinstance(config, dict):
        here = {"results": str(folder.parent.parent), "study": folder.parent.name}
        command = CommandWriter().write_whole({**config, **here})
    command = command or "the command that began it"
    return f"{text}; {hold}, is at it" if hold else f"{text}; to go on: {command}"


def _metadata(record: Record, class_names: Sequence[str]) -> dict[str, str]:
    """Return what is written into the file about the run: name, fingerprint, error in percent."""
    return {
        "run": record.name,
        "fingerprint": record.fingerprint,
        f"{record.dataset.evaluated_on}_error_percent": repr(record.error_percent),
        "class_names": json.dumps(list(class_names)),
    }


if __name__ == "__main__":
    sys.exit(main())
