"""Made-up members, and cascades of them image by image in plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def draw_logs(
    k: int, num_images: int, num_classes: int, seed: int = 0, sharpness: float = 2.0
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Draw the log-probabilities `(k, N, C)` of members that share much, and the true classes."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, num_classes, num_images, dtype=np.int32)
    logits = generator.normal(size=(1, num_images, num_classes))
    logits = logits + generator.normal(size=(k, num_images, num_classes))
    logits[:, np.arange(num_images), labels] += generator.uniform(-0.5, 4.0, num_images)
    logits *= sharpness
    logits -= logits.max(axis=2, keepdims=True)
    return (logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))).astype(np.float32), labels


def ask_members(
    probabilities: NDArray[np.float32], order: list[int], rule: str, threshold: float
) -> tuple[int, NDArray[np.float32]]:
    """Ask the members of one image, `(k, C)`, in turn: how many were asked, and their mean."""
    total = np.zeros(probabilities.shape[1], dtype=np.float32)
    for asked, member in enumerate(order, start=1):
        total = total + probabilities[member]
        mean = total / np.float32(asked)
        first, second = sorted([*mean, np.float32(0.0)], reverse=True)[:2]
        score = first if rule == "confidence" else first - second
        if float(score) >= threshold or asked == len(order):
            return asked, mean
    raise AssertionError


def exit_scores(probabilities, order, rule):
    """Return the scores (k, N) of members (k, N, C) in an order, by sorting the classes."""
    means = np.cumsum(probabilities[list(order)], axis=0, dtype=np.float32)
    means /= np.arange(1, len(means) + 1, dtype=np.float32)[:, None, None]
    ranked = np.sort(means, axis=2)
    second = ranked[:, :, -2] if ranked.shape[2] > 1 else np.float32(0.0)
    return ranked[:, :, -1] if rule == "confidence" else ranked[:, :, -1] - second
