"""The share of images in a device's peak memory, where they lie during training.

They are the same bytes for every design, so they draw the ratio of two peaks towards 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.config.image_placement import kept_image_bytes

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.results.summary import RunSummary


def resident_image_bytes(record: Record, summary: RunSummary) -> int | None:
    """Return the bytes of images and labels within the peak memory of a device; 0 on the host.

    They follow from the record: the images that are trained on and those that are measured on lie
    there whole. With several processes the peak is that of one, which has them all.

    Args:
        record: The run.
        summary: Its epochs in a few numbers.

    Returns:
        None without such a peak, as on a CPU, where only that of the whole process is known.
    """
    if summary.peak_device_bytes is None:
        return None
    if record.environment.residence == "host":
        return 0
    data = record.dataset
    return kept_image_bytes(data.train_size + data.num_evaluated, data.channels, data.image_size)


def peak_beside_images(record: Record, summary: RunSummary) -> int | None:
    """Return the peak bytes of a device without the images that lay there.

    Args:
        record: The run.
        summary: Its epochs in a few numbers.

    Returns:
        None where the device reports no peak, or where it is less than the images: then they did
        not lie there in all of the run.
    """
    images = resident_image_bytes(record, summary)
    if images is None or summary.peak_device_bytes is None or summary.peak_device_bytes < images:
        return None
    return summary.peak_device_bytes - images
