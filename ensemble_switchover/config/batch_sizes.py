"""How many training images each step of an epoch takes.

Every batch has the recipe's size, and the last one has the images that are left. Batch norm trains
badly on a handful of images, and the statistics of the last batch weigh a tenth in those that the
epoch is evaluated with, so fewer than `MIN_LAST_BATCH` images that are left are spread.
"""

from __future__ import annotations

MIN_LAST_BATCH = 8
"""The fewest images that the last batch of an epoch may have, where the others have as many."""


def is_spread(num_images: int, batch_size: int) -> bool:
    """Return whether a last batch would be so small that its images are spread over all batches.

    >>> is_spread(65, 64), is_spread(72, 64), is_spread(128, 64), is_spread(3, 64)
    (True, False, False, False)
    """
    # a last batch that lacks one image is as spread as it can be, unless it is a single image
    least = min(MIN_LAST_BATCH, max(2, batch_size - 1))
    return num_images > batch_size and 0 < num_images % batch_size < least


def num_batches(num_images: int, batch_size: int) -> int:
    """Return the number of training steps of one member in an epoch.

    >>> num_batches(65, 64), num_batches(128, 64), num_batches(5, 2)
    (2, 2, 2)
    """
    count = -(-num_images // batch_size)
    if is_spread(num_images, batch_size) and num_images // count == 1:
        return count - 1  # batches of two, one of which would be a single image
    return count


def batch_sizes(num_images: int, batch_size: int) -> list[int]:
    """Return the number of images of every batch of an epoch, in the order of training.

    Batches over which images are spread differ by one image at most.

    >>> batch_sizes(80, 64), batch_sizes(65, 64), batch_sizes(129, 64), batch_sizes(5, 2)
    ([64, 16], [33, 32], [43, 43, 43], [3, 2])
    """
    count = num_batches(num_images, batch_size)
    if is_spread(num_images, batch_size):
        least, larger = divmod(num_images, count)
        return [least + 1] * larger + [least] * (count - larger)
    whole, rest = divmod(num_images, batch_size)
    return [batch_size] * whole + [rest] * (rest > 0)
