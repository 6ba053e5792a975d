"""The records of two finished studies, to read and to learn from without training anything."""

from __future__ import annotations

import zipfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal, TypeAlias

ShippedStudy: TypeAlias = Literal["demo", "digits"]
"""Each is an archive beside this file.

`demo` is `make demo`: ResNets on scikit-learn's digits, six budgets, three design classes of k = 4,
four seeds, 20 epochs. `digits` is `sweep=digits`: ResNets, DenseNets
and Wide ResNets there, k = 2, 4 and 8, five seeds, 15 epochs.
"""


def unpack_study(name: ShippedStudy, results: Path | str) -> Path:
    """Unpack the records of a study, as a run of it would have left them.

    Args:
        name: Of the study.
        results: The folder of the store to put the study into; made where it does not exist.

    Returns:
        The study's folder, for `read_records` and every command that takes a folder.
    """
    source = files("ensemble_switchover.results") / f"{name}.zip"
    with as_file(source) as path, zipfile.ZipFile(path) as archive:
        archive.extractall(results)
    return Path(results) / name
