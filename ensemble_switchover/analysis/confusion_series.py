"""Which classes the designs of a comparison take for which, at its largest budget."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.results.record import Record

CONFUSION_COLUMNS: dict[str, pl.DataType] = {
    "budget_parameters": pl.Int64(),
    "design_class": pl.String(),
    "k": pl.Int64(),
    "num_seeds": pl.Int64(),
    "label": pl.Int64(),
    "answer": pl.Int64(),
    "percent": pl.Float64(),
}
"""Column -> type: of the images of class `label`, the percentage that is answered `answer`."""


def confusion_series(records: Sequence[Record]) -> pl.DataFrame:
    """Return how often each class is taken for another, by design class, mean over the seeds.

    Args:
        records: The runs of a comparison; those without a quality are passed over.

    Returns:
        A frame with `CONFUSION_COLUMNS`, of the runs at the largest budget, in descending order of
        the percentages summed over the design classes. Pairs that are never confused are left out.
    """
    known = [record for record in records if record.quality is not None]
    if not known:
        return pl.DataFrame(schema=CONFUSION_COLUMNS)
    largest = max(record.budget.parameters for record in known)
    rows = []
    for name in DESIGN_CLASSES:
        runs = [
            record
            for record in known
            if record.design.design_class == name and record.budget.parameters == largest
        ]
        images, taken = Counter[int](), Counter[tuple[int, int]]()
        for record in runs:
            assert record.quality is not None
            images.update(dict(enumerate(record.quality.class_images)))
            taken.update({(label, answer): n for label, answer, n in record.quality.confusions})
        rows += [
            {
                "budget_parameters": largest,
                "design_class": name,
                "k": runs[0].design.k,
                "num_seeds": len({record.seed for record in runs}),
                "label": label,
                "answer": answer,
                "percent": 100.0 * number / images[label],
            }
            for (label, answer), number in taken.items()
        ]
    frame = pl.DataFrame(rows, schema=CONFUSION_COLUMNS)
    total = pl.col("percent").sum().over("label", "answer")
    return frame.sort(
        total, "label", "answer", descending=[True, False, False], maintain_order=True
    )


def order_by_confusion(confused: NDArray[np.floating]) -> list[int]:
    """Order classes so that those that are taken for each other stand side by side.

    Classes are joined by average linkage of how often they are confused, either way, and the tree's
    leaves are turned so that neighbours are as alike as they can be (Bar-Joseph et al., Fast
    optimal leaf ordering for hierarchical clustering, Bioinformatics 2001).

    Args:
        confused: (C, C) percent of the images of each class (rows) with each answer.

    Returns:
        The C classes in their order.

    >>> order_by_confusion(np.array([[0, 0, 9.0], [0, 0, 0], [5.0, 1.0, 0]]))
    [1, 2, 0]
    """
    from scipy.cluster.hierarchy import leaves_list, linkage  # takes its time to import
    from scipy.spatial.distance import squareform

    if len(confused) < 3:
        return list(range(len(confused)))
    alike = confused + confused.T
    distances = alike.max() - alike
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), "average", optimal_ordering=True)
    return [int(one) for one in leaves_list(tree)]
