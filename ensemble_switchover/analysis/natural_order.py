"""The order in which people list labels that have numbers in them."""

from __future__ import annotations

import re


def natural_order(label: str) -> list[tuple[int, str]]:
    """Return a key that sorts the numbers in labels by their value, all else as text.

    >>> sorted(["train_size 2000", "train_size 10000", "train_size 1000"], key=natural_order)
    ['train_size 1000', 'train_size 2000', 'train_size 10000']
    """
    texts_and_numbers = re.split(r"([0-9]+)", label)
    return [
        (int(part), "") if number % 2 else (0, part)
        for number, part in enumerate(texts_and_numbers)
    ]
