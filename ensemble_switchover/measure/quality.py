"""What models err on the given images, and how many members a cascade asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.errors import MeasureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.measure.timed_file import TimedFile


def add_quality(models: Sequence[TimedFile], images: Any, labels: Any) -> None:
    """Compute error and difference of every model on all given images, in batches of 128.

    The largest difference of a probability is that from the same file in float32.

    Raises:
        MeasureError: if a label is of no class that a model knows.
    """
    import numpy as np

    exact: dict[str, Any] = {}
    for model in models:
        parts = [model.predict(images[i : i + 128]) for i in range(0, len(images), 128)]
        answer = np.concatenate(parts).astype(np.float64)
        if labels.max() >= answer.shape[1]:
            raise MeasureError(
                f"--images: expected labels from 0 to {answer.shape[1] - 1}, the classes of "
                f"{model.name}, got {labels.max()}"
            )
        model.quality["error_percent"] = 100 * float((answer.argmax(axis=1) != labels).mean())
        reference = exact.setdefault(model.sha256, answer)
        if model.precision != "float32":
            difference = float(np.abs(answer - reference).max())
            model.quality["largest_probability_difference"] = difference
        if model.members_asked is not None:
            asked = [model.members_asked(images[i : i + 128]) for i in range(0, len(images), 128)]
            members = np.concatenate(asked)
            model.quality["mean_members"] = float(members.mean())
            for q in (50, 90, 99):  # how many suffice for q % of the images, as in a record
                needed = max(1, -(-q * len(members) // 100))
                model.quality[f"members_p{q}"] = float(np.sort(members)[needed - 1])
