"""The records of finished studies, to read and to learn from without training anything.

`python -m ensemble_switchover.results.shipped digits`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
import zlib
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from ensemble_switchover.config.command_line import parse_arguments, path_argument, run_command
from ensemble_switchover.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Sequence

ShippedStudy: TypeAlias = Literal["demo", "digits", "fashion_mnist"]
"""Each is an archive beside this file.

`demo` is `make demo`: ResNets on scikit-learn's digits, six budgets, three design classes of k = 4,
four seeds, 20 epochs. `digits` is `sweep=digits`: ResNets, DenseNets and Wide ResNets there, k = 2,
4 and 8, five seeds, 15 epochs. `fashion_mnist` is `sweep=fashion_mnist`: the three families on
photographs of clothing, k = 4 and of ResNets also 2 and 8, ResNets on three numbers of training
images, five seeds, 10 epochs. Three of its records keep their predictions: the single network, deq
and weq of ResNet 26x9 with k = 2 and seed 0.
"""


def unpack_study(name: ShippedStudy, results: Path | str) -> Path:
    """Unpack the records of a study, as a run of it would have left them.

    Args:
        name: Of the study.
        results: The folder of the store to put the study into; made where it does not exist.

    Returns:
        The study's folder, for `read_records` and every command that takes a folder.

    Raises:
        RecordError: if the store has a study of this name, or the archive is damaged.
    """
    folder = Path(results) / name
    if folder.exists():
        raise RecordError(f"{folder}: is there already; expected a store without {name!r}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    source = files("ensemble_switchover.results") / f"{name}.zip"
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as temporary:
        try:
            with as_file(source) as path, zipfile.ZipFile(path) as archive:
                archive.extractall(temporary)
        except (zipfile.BadZipFile, zlib.error) as error:
            raise RecordError(f"{source}: damaged: {error}; install the package again") from error
        (Path(temporary) / name).rename(folder)  # all of it, or nothing
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, which prints the study's folder."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.results.shipped",
        description="Unpack the records of a study that comes with the package.",
    )
    parser.add_argument("study", choices=get_args(ShippedStudy))
    parser.add_argument(
        "--results",
        type=path_argument,
        default=Path("results"),
        help="results folder; default: results",
    )
    given = parse_arguments(parser, arguments)
    return run_command(lambda: _unpack(given))


def _unpack(given: argparse.Namespace) -> int:
    print(unpack_study(given.study, given.results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
