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
from ensemble_switchover.config.search_path import register_own_family
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.machine.standard_streams import prints_beside
from ensemble_switchover.machine.terminal import complain, count, printable, quantity
from ensemble_switchover.results.finished_run import read_record_with_weights
from ensemble_switchover.results.layout import RECORD_FILE, run_folder
from ensemble_switchover.results.output_path import require_output_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.results.record import Record

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
    parser.add_argument(
        "--config-dir",
        "-cd",
        type=path_argument,
        metavar="DIR",
        help="a folder of options of your own, with the file of the run's family",
    )
    given = parse_arguments(parser, arguments)
    return run_command(
        lambda: export(
            given.run, given.format, given.execution, given.out, config_dir=given.config_dir
        )
    )


def export(
    run: Path,
    form: str,
    execution: str,
    out: Path | None = None,
    *,
    config_dir: Path | None = None,
) -> int:
    """Write the ensemble of a finished run, if the file predicts what the original predicts.

    Args:
        run: The run's folder, or the record in it.
        form: `onnx` or `torch_export`.
        execution: How the file runs the members: `sequential` or `fused`.
        out: The file; by default `ensemble.onnx` or `ensemble.pt2` in the run's folder.
        config_dir: A folder of options of the user's own, which describes the family.

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
    record = read_record_with_weights(folder)
    if config_dir is not None:
        register_own_family(record.design.family, config_dir)
    out = folder / f"ensemble{SUFFIXES[form]}" if out is None else out
    require_output_file("--out", out, f"ensemble{SUFFIXES[form]}")

    from ensemble_switchover.serving.exported_file import exported_content
    from ensemble_switchover.serving.weights import read_run_weights

    with shown_on(sys.stderr, logging.WARNING):
        trained = read_run_weights(folder, record)
    metadata = _metadata(record, trained.class_names, execution)
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


def _metadata(record: Record, class_names: Sequence[str], execution: str) -> dict[str, str]:
    """Return what the file says of the run: name, fingerprint, error, and how members are run."""
    return {
        "run": record.name,
        "fingerprint": record.fingerprint,
        "execution": execution,
        f"{record.dataset.evaluated_on}_error_percent": repr(record.error_percent),
        "class_names": json.dumps(list(class_names)),
    }


if __name__ == "__main__":
    sys.exit(main())
