"""`python -m ensemble_switchover.export`: a trained ensemble as one file for use elsewhere."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.config.command_line import EXIT_FAILURE, run_command
from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.machine.terminal import complain, count, printable, quantity
from ensemble_switchover.results.layout import FAILURE_FILE, RECORD_FILE, WEIGHTS_FILE
from ensemble_switchover.results.state import failure_of
from ensemble_switchover.results.store import read_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import Record

_DESCRIPTION = (
    "Write the ensemble of a finished run as one file that needs none of this program: uint8 "
    "images (B, C, H, W) go in as they are decoded, probabilities (B, classes) come out. The file "
    "is loaded again and run beside the original before it gets its name."
)
SUFFIXES = {"onnx": ".onnx", "torch_export": ".pt2"}
"""The formats, and how their files' names end."""

NEEDED = {"onnx": ("onnx", "onnxscript", "onnxruntime"), "torch_export": ()}
"""Packages of the extra `export` that a format takes."""

EXPORT_EXECUTIONS = ("sequential", "fused")
"""Those that a file can hold; threads are the business of what runs it."""

TOLERANCE = 1e-5
"""By how much a probability may differ from the original's."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the path of the file is the last line it prints."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.export", description=_DESCRIPTION
    )
    parser.add_argument(
        "run", type=Path, help=f"the folder of a finished run, or its {RECORD_FILE}"
    )
    parser.add_argument(
        "--format", choices=tuple(SUFFIXES), required=True, help="what will load the file"
    )
    parser.add_argument(
        "--execution",
        choices=EXPORT_EXECUTIONS,
        default="sequential",
        help="members one after another, or all in one pass; default: sequential",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="the file to write; default: ensemble.onnx or .pt2 in the run's folder",
    )
    given = parser.parse_args(arguments)
    return run_command(lambda: export(given.run, given.format, given.execution, given.out))


def export(run: Path, form: str, execution: str, out: Path | None = None) -> int:
    """Write the ensemble of a run in a format, if the file does what the original does.

    Returns:
        The exit code: 1 if it does not, and then there is no file.

    Raises:
        ConfigError: if a package is missing, or the file cannot be there.
        RecordError: if the run is not finished, or its weights are not there or damaged.
    """
    missing = [name for name in NEEDED[form] if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"--format {form}: needs {', '.join(missing)}; "
            f"pip install 'ensemble-switchover[export]' brings what it needs"
        )
    folder = run.parent if run.name == RECORD_FILE else run
    record = _read(folder)
    out = folder / f"ensemble{SUFFIXES[form]}" if out is None else out
    if out.is_dir():
        raise ConfigError(f"--out {out}: expected a file, this is a folder")

    from ensemble_switchover.serving.exported_file import export_file
    from ensemble_switchover.serving.weights import load_ensemble

    trained = load_ensemble(folder / WEIGHTS_FILE)
    design = record.design
    found = (trained.family.name, trained.depth, trained.width, len(trained.ensemble.members))
    if found != (design.family, design.depth, design.width, design.k):
        raise RecordError(f"{folder / WEIGHTS_FILE}: the weights of another run")
    difference = export_file(
        trained, form, execution, out, _facts(record, trained.class_names), TOLERANCE
    )
    told = f"{difference:.1e} from the original's, on images of noise"
    if not difference <= TOLERANCE:  # nor if it is not a number
        complain(
            f"{out}: not written: its probabilities differ by up to {told}; at most {TOLERANCE:g} "
            f"is allowed"
        )
        return EXIT_FAILURE
    networks = f"{count(design.k, design.family)} {design.depth}x{design.width}"
    print(printable(f"{networks}, {execution}, as {form}: {quantity(out.stat().st_size)}B"))
    print(f"probabilities differ by at most {told}")
    print(out)
    return 0


def _read(folder: Path) -> Record:
    """Read the record of a run whose weights are there."""
    path = folder / RECORD_FILE
    if not path.exists():
        raise RecordError(_unfinished(folder))
    record = read_record(path)
    if not (folder / WEIGHTS_FILE).exists():
        raise RecordError(
            f"{folder}: no {WEIGHTS_FILE} in it: the run kept no weights; the same words with "
            f"record.weights=true and another study= train it again"
        )
    return record


def _unfinished(folder: Path) -> str:
    if (folder / FAILURE_FILE).exists():
        return f"{folder}: the run failed: {failure_of(folder)}"
    if (folder.parent / ".checkpoints" / folder.name).is_dir():
        return f"{folder}: the run is unfinished; the command that began it goes on with it"
    if not folder.is_dir():
        return f"{folder}: no such folder; expected that of a run, with {RECORD_FILE} in it"
    return f"{folder}: no {RECORD_FILE} in it; expected the folder of one finished run"


def _facts(record: Record, class_names: Sequence[str]) -> dict[str, str]:
    """Return what the file tells of itself."""
    return {
        "run": record.name,
        "fingerprint": record.fingerprint,
        f"{record.dataset.evaluated_on}_error_percent": repr(record.epochs[-1].test_error),
        "class_names": json.dumps(list(class_names)),
    }


if __name__ == "__main__":
    sys.exit(main())
