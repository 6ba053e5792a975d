"""The records of a finished `make demo`, to read and to learn from without training anything."""

from __future__ import annotations

import zipfile
from importlib.resources import as_file, files
from pathlib import Path

_ARCHIVE = "demo.zip"
_FOLDER = "demo"


def unpack_demo(results: Path | str) -> Path:
    """Unpack the records of `sweep=demo`, as a run of it would have left them.

    They are ResNets on scikit-learn's digits: six budgets, three design classes of k = 4, four
    seeds, 20 epochs, trained two at a time on a CPU that had other work, too.

    Args:
        results: The folder of the store to put the study into; made where it does not exist.

    Returns:
        The study's folder, for `read_records` and every command that takes a folder.
    """
    source = files("ensemble_switchover.results") / _ARCHIVE
    with as_file(source) as path, zipfile.ZipFile(path) as archive:
        archive.extractall(results)
    return Path(results) / _FOLDER
