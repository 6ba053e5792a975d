"""`python -m ensemble_switchover.measure FILE`: how long an exported file takes on this machine.

`python measure.pyz FILE` is the same on a machine where this program is not installed.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ensemble_switchover.errors import EnsembleSwitchoverError, MeasureError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.measure.machine_facts import allowed_processors
from ensemble_switchover.measure.precision import PRECISIONS
from ensemble_switchover.measure.script import SCRIPT_FILE, write_script
from ensemble_switchover.measure.table import quality_lines, table_lines
from ensemble_switchover.measure.timing import DEFAULT_BATCH_SIZES, TimingOptions, time_files
from ensemble_switchover.measurement.file_formats import TIMING_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, 2 for a mistake, 130 for Ctrl-C.
    """
    parser = make_parser()
    given = parser.parse_args(arguments)
    try:
        if given.write_script is not None:
            if given.files:
                parser.error("--write-script: expected no FILE to time beside it")
            _refuse_record("--write-script", given.write_script, SCRIPT_FILE)
            write_script(given.write_script)
            print(given.write_script)
            return 0
        if not given.files:
            parser.error("the following arguments are required: FILE")
        if given.json is not None:
            _refuse_record("--json", given.json, "timing.json")
        found = time_files(_options(given))
        _print(found)
        if given.json is not None:
            _write_json(given.json, found)
            print(given.json)
    except EnsembleSwitchoverError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    installed = _is_installed()
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.measure" if installed else None,
        description="Time exported files on this machine, with onnxruntime or torch.",
    )
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE",
        help="an .onnx, a .pt2, or the folder of a cascade with its cascade.json; several take "
        "turns",
    )  # fmt: skip
    parser.add_argument(
        "--batch-sizes", nargs="+", type=_positive, default=list(DEFAULT_BATCH_SIZES), metavar="B",
        help="images of a call; default: 1 8 32 128",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=_positive, default=allowed_processors(), metavar="N",
        help="threads of a call; default: all processors of this process",
    )  # fmt: skip
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    parser.add_argument(
        "--precision", nargs="+", choices=PRECISIONS, default=["float32"],
        help="of .onnx: as exported, or converted by onnxruntime's tools; default: float32",
    )  # fmt: skip
    parser.add_argument(
        "--images", type=Path, metavar="FILE.npz",
        help="images, uint8 (N, C, H, W), and labels (N,): the error is told, and a cascade, which "
        "needs them, is timed on them; default: noise",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", type=_seconds, default=10.0, metavar="S",
        help="at most so long for each file and batch size; default: 10",
    )  # fmt: skip
    parser.add_argument(
        "--warm-up-seconds", type=_seconds, default=0.3, metavar="S",
        help="not timed, before each; default: 0.3",
    )  # fmt: skip
    parser.add_argument(
        "--energy-seconds", type=_seconds, default=2.0, metavar="S",
        help="for joules, where they can be read; default: 2",
    )  # fmt: skip
    parser.add_argument("--name", help="a name of your own for this machine, in --json")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    parser.add_argument(
        "--write-script", nargs="?", const=Path(SCRIPT_FILE), type=Path, metavar="FILE",
        help="write this command as one file that needs NumPy, and onnxruntime or torch, and "
        f"nothing else: python {SCRIPT_FILE}; default: {SCRIPT_FILE}",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=_version_text(installed=installed))
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65536:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 65536, not {text}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError(f"expected seconds, above 0, not {text}")
    return value


def _options(given: argparse.Namespace) -> TimingOptions:
    return TimingOptions(
        files=given.files,
        threads=given.threads,
        batch_sizes=given.batch_sizes,
        device=given.device,
        precisions=given.precision,
        images=given.images,
        seconds=given.seconds,
        warm_up_seconds=given.warm_up_seconds,
        energy_seconds=given.energy_seconds,
        name=given.name,
    )


def _print(found: dict[str, Any]) -> None:
    """Print what was measured, and remarks to the error output."""
    versions = ", ".join(f"{name} {text}" for name, text in found["versions"].items())
    threads = f"{found['threads']} thread{'' if found['threads'] == 1 else 's'}"
    print(f"{found['machine']['device_name']}, {threads}; {versions}")
    print("\n".join([*table_lines(found), *quality_lines(found)]))
    for remark in found["remarks"]:
        print(remark, file=sys.stderr)


def _write_json(path: Path, found: dict[str, Any]) -> None:
    try:
        write_file(path, (json.dumps(found, indent=1) + "\n").encode())
    except OSError as error:
        raise MeasureError(f"--json {path}: {error.strerror}") from error


def _is_installed() -> bool:
    """Return whether the rest of this program is there too, which `measure.pyz` does not have."""
    return find_spec("ensemble_switchover.config") is not None


def _version_text(*, installed: bool) -> str:
    """Return the program's version, or without the program that of what is written."""
    if not installed:
        return TIMING_SCHEMA
    from ensemble_switchover.config.command_line import version_text

    return version_text()


def _refuse_record(option: str, path: Path, example: str) -> None:
    """Refuse a file of a run's record, where the program that knows them is installed."""
    if _is_installed():
        from ensemble_switchover.results.output_path import require_output_file

        try:
            require_output_file(option, path, example)
        except OSError as error:
            raise MeasureError(f"{option} {path}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
