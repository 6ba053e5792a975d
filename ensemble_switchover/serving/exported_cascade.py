"""Export a trained ensemble as a cascade, and compare the files with the original.

Dimensions: k members, B images.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.networks import Ensemble
from ensemble_switchover.serving.cascade import score_of
from ensemble_switchover.serving.exported_file import (
    EXPORT_FORMATS,
    exported_program,
    noise_images,
)
from ensemble_switchover.serving.onnx_cascade import open_cascade
from ensemble_switchover.serving.served_cascade import ServedCascade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from ensemble_switchover.serving.cascade_settings import CascadeSettings
    from ensemble_switchover.serving.weights import TrainedEnsemble

CHECKED_BATCHES = (1, 2, 7, 16)
"""Batch sizes at which files are compared; thresholds between scores of the largest are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeDifferences:
    """How the answers of exported files differ from those of the original, on images of noise."""

    largest: float
    """Largest difference of a probability, of answers after the same number of members."""
    num_answers: int
    """Answers that were compared: every image at each of a few thresholds."""
    num_by_rounding: int
    """Answers after other numbers of members whose score is within rounding of the threshold."""
    num_wrong: int
    """Answers after other numbers of members for no such reason."""


def exported_members(
    trained: TrainedEnsemble, form: str, metadata: Sequence[Mapping[str, str]]
) -> list[bytes]:
    """Return the content of a file for each member, from images as decoded to its probabilities.

    Args:
        trained: The ensemble; the files compute in float32.
        form: `onnx` or `torch_export`.
        metadata: What is written into each member's file.

    Raises:
        ConfigError: if a member's weights are too large for the format.
    """
    write, _ = EXPORT_FORMATS[form]
    contents = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporters warn of their own internals
        for member, own in zip(trained.ensemble.members, metadata, strict=True):
            alone = replace(trained, ensemble=Ensemble([member]))
            contents.append(write(exported_program(alone, "sequential"), own))
    return contents


def compare_cascade(
    folder: Path, trained: TrainedEnsemble, settings: CascadeSettings, rounding: float
) -> CascadeDifferences:
    """Answer images of noise by exported files and by the original, at a few thresholds.

    One of the thresholds is the file's own; the others lie between scores of the noise, so that
    images stop after different members.

    Args:
        folder: The exported cascade.
        trained: The original.
        settings: The original's order and threshold.
        rounding: How far a probability may be off.

    Raises:
        CascadeError: if the files cannot be read.
    """
    generator = torch.Generator().manual_seed(0)
    batches = [noise_images(size, trained.task, generator) for size in CHECKED_BATCHES]
    original = ServedCascade(trained, settings)
    largest, num_answers, num_by_rounding, num_wrong = 0.0, 0, 0, 0
    with torch.inference_mode():
        scores = [_scores(original, images) for images in batches]
        exported = open_cascade(folder)
        for threshold in (settings.threshold, *_between(scores[-1])):
            served = ServedCascade(trained, replace(settings, threshold=threshold))
            exported.threshold = threshold
            for images, own in zip(batches, scores, strict=True):
                expected = served.answer(images)
                probabilities, asked = map(torch.from_numpy, exported.predict(images.numpy()))
                parted = asked != expected.members_asked
                difference = (probabilities - expected.probabilities)[~parted].abs()
                # the maximum of both is NaN where one is
                largest = float(torch.cat([difference.flatten(), torch.tensor([largest])]).max())
                where = torch.minimum(asked, expected.members_asked)[None] - 1
                distance = (own.gather(0, where)[0] - threshold).abs()
                is_near = distance <= 2 * rounding  # a margin is of two probabilities
                num_answers += len(images)
                num_by_rounding += int((parted & is_near).sum())
                num_wrong += int((parted & ~is_near).sum())
    return CascadeDifferences(
        largest=largest,
        num_answers=num_answers,
        num_by_rounding=num_by_rounding,
        num_wrong=num_wrong,
    )


def _scores(cascade: ServedCascade, images: Tensor) -> Tensor:
    """Return the score (k, B) of every image after each member."""
    settings = cascade.settings
    of_members = cascade.member_probabilities(images)[list(settings.order)]
    numbers = torch.arange(1, len(of_members) + 1, dtype=of_members.dtype)
    means = of_members.cumsum(dim=0) / numbers[:, None, None]
    return torch.stack([score_of(mean, settings.rule) for mean in means])


def _between(scores: Tensor) -> list[float]:
    """Return thresholds at which half of the images stop by a few of the members.

    They lie midway between the middle ones of the largest of the scores (k, B) so far.
    """
    k, number = scores.shape
    places = sorted({0, k // 2 - 1, k - 2} & set(range(k - 1)))
    ordered = scores.cummax(dim=0).values[places].double().sort(dim=1).values
    middle = number // 2
    return [float(value) for value in ordered[:, middle - 1 : middle + 1].mean(dim=1)]
