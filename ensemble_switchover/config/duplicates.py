"""Which files of a folder of images are the same, byte for byte."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ensemble_switchover.machine.file_digests import ABSENT_DIGEST
from ensemble_switchover.machine.paths import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

ALIKE = 0.995
"""The correlation of thumbnails from which two images count as near duplicates."""
MAX_NAMED_PAIRS = 3


def duplicate_remarks(
    labels: Mapping[str, int],
    digests: Mapping[str, str],
    trained_on: Set[str],
    measured_on: Set[str],
    evaluated_on: str,
) -> list[str]:
    """Report images that lie in several classes, on both sides of the split, or twice.

    Args:
        labels: The class of every file.
        digests: The hash of the content of every file.
        trained_on: The files that a run trains on.
        measured_on: The files that its error is measured on.
        evaluated_on: What these are called: `test` or `validation`.
    """
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for file in labels:
        groups[digests[file]].append(file)
    groups.pop(ABSENT_DIGEST, None)
    repeated = [group for group in groups.values() if len(group) > 1]
    conflicts, across = [], []
    num_copies = 0
    for group in repeated:
        first = {labels[file]: file for file in reversed(group)}
        if len(first) > 1:
            conflicts.append((len(group), [first[label] for label in sorted(first)]))
        trained = [file for file in group if file in trained_on]
        measured = [file for file in group if file in measured_on]
        if trained and measured:
            across.append((len(measured), [trained[0], measured[0]]))
        num_copies += len(group) - len(first)
    remarks = []
    if conflicts:
        remarks.append(
            f"{sum(number for number, _ in conflicts):,} files lie in more than one class with "
            f"the same bytes, so that one label is wrong: {_pairs(conflicts)}"
        )
    if across:
        number = sum(number for number, _ in across)
        remarks.append(
            f"{number} of {len(measured_on)} {evaluated_on} images are also trained on, byte for "
            f"byte, so that the {evaluated_on} error is too low: {_pairs(across)}"
        )
    if num_copies:
        repeats = "1 file repeats" if num_copies == 1 else f"{num_copies:,} files repeat"
        remarks.append(f"{repeats} the bytes of another file of the same class")
    return remarks


def _pairs(groups: Iterable[tuple[int, list[str]]]) -> str:
    files = [" = ".join(map(on_one_line, group)) for _, group in groups]
    more = ", ..." if len(files) > MAX_NAMED_PAIRS else ""
    return f"{', '.join(files[:MAX_NAMED_PAIRS])}{more}"
