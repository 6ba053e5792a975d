"""Images that look alike although their bytes differ: resized, compressed anew, made brighter.

Two images are near duplicates if the correlation of their thumbnails' pixels is at least a limit.
Of 3,000 photographs of clothes of 28 pixels, which are 4.5 million pairs, four reached 0.995. Of
pieces of photographs 88 % did when compressed anew to JPEG quality 50, 93 % when halved, all when
doubled, 80 % when made brighter. What is cropped, mirrored or rotated is mostly not found.

Dimensions: N images of P pixels.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.config.data_check import check_data
from ensemble_switchover.config.dataset_folders import array_cache_folder, dataset_root
from ensemble_switchover.config.duplicates import ALIKE
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.config.thumbnails import thumbnails
from ensemble_switchover.config.usable_images import usable_images
from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from ensemble_switchover.config.dataset_config import FolderConfig

LEAST_DEVIATION = 4.0
"""The standard deviation of pixels, of 0 to 255, below which thumbnails are too plain."""
ROWS_A_BLOCK = 512
MAX_LISTED_PAIRS = 50
"""The number of pairs of each kind that are listed."""


def near_pairs(pixels: np.ndarray, limit: float) -> list[tuple[int, int]]:
    """Return the positions of images whose pixels correlate by at least a limit.

    Args:
        pixels: (N, P) thumbnails.
        limit: The least correlation, at most 1.

    Returns:
        Pairs, the smaller position first, the most alike pair first; plain images are in none.
    """
    values = pixels.astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    deviations = np.sqrt(np.mean(values**2, axis=1, keepdims=True))
    values /= np.maximum(deviations, LEAST_DEVIATION) * np.sqrt(np.float32(pixels.shape[1]))
    values[deviations[:, 0] < LEAST_DEVIATION] = 0
    found = []
    for start in range(0, len(values), ROWS_A_BLOCK):
        block = values[start : start + ROWS_A_BLOCK]
        alike = block @ values[start:].T
        rows, columns = np.nonzero(np.triu(alike >= limit, k=1))
        found += [
            (float(alike[row, column]), start + int(row), start + int(column))
            for row, column in zip(rows, columns, strict=True)
        ]
    found.sort(key=lambda pair: (-pair[0], *pair[1:]))
    return [(first, second) for _, first, second in found]


def near_duplicate_lines(dataset: FolderConfig, limit: float = ALIKE) -> list[str]:
    """Decode the images of a folder, and list those that look alike, by what is wrong with that.

    Args:
        dataset: The configuration of the folder, with or without its facts.
        limit: The least correlation of thumbnails.

    Raises:
        ConfigError: as `check_data` does.
        OSError: if the machine fails to read a file, which says nothing of it.
    """
    root = dataset_root(dataset)
    with reading_once():
        parts = check_data(dataset).parts
        digests = usable_images(dataset, root).digests
    pictures = thumbnails(root, digests, array_cache_folder(dataset))
    files: defaultdict[str, list[str]] = defaultdict(list)
    for file in parts.labels:
        if digests[file] in pictures:
            files[digests[file]].append(file)
    contents = list(files)
    if not contents:
        return []
    pairs = near_pairs(np.stack([pictures[digest] for digest in contents]), limit)
    sides = set(parts.train), set(parts.measured)
    named = [_pair(files[contents[a]], files[contents[b]], parts.labels, sides) for a, b in pairs]
    on = parts.evaluated_on
    kinds = {
        "split": f"of an image that is trained on and a {on} image",
        "class": "of images of two classes",
        "same": "of images of one class and one part",
    }
    how = f"look alike although their bytes differ (correlation of thumbnails {limit:g} or more)"
    lines = [f"{count(len(pairs), 'pair')} of images that {how}"]
    for kind, text in kinds.items():
        of_kind = [pair for found, pair in named if found == kind]
        if of_kind:
            more = len(of_kind) - MAX_LISTED_PAIRS
            lines += [f"{count(len(of_kind), 'pair')} {text}:"]
            lines += [f"  {pair}" for pair in of_kind[:MAX_LISTED_PAIRS]]
            lines += [f"  and {count(more, 'more pair')}"] if more > 0 else []
    return lines


def _pair(
    first: Sequence[str],
    second: Sequence[str],
    labels: Mapping[str, int],
    sides: tuple[Set[str], Set[str]],
) -> tuple[str, str]:
    """Return what is wrong with two contents that look alike, and a file of each that shows it."""
    trained, measured = sides
    pairs = [(one, other) for one in first for other in second]
    across = [
        (one, other) for one, other in pairs if {one, other} & trained and {one, other} & measured
    ]
    conflicts = [(one, other) for one, other in pairs if labels[one] != labels[other]]
    kind = "split" if across else "class" if conflicts else "same"
    one, other = (across or conflicts or pairs)[0]
    return kind, f"{on_one_line(one)} ~ {on_one_line(other)}"
