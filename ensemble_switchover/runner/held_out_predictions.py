"""What the trained members say of validation images, where the error is measured on test images.

Dimensions: k members, N images, B of a batch, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ensemble_switchover.data.datamodule import EVALUATION_BATCH_SIZE
from ensemble_switchover.networks.ensemble import class_log_probabilities
from ensemble_switchover.results.predictions import Predictions

if TYPE_CHECKING:
    from ensemble_switchover.data.images import ImageSet
    from ensemble_switchover.data.normalisation import Normalisation
    from ensemble_switchover.networks import Ensemble
    from ensemble_switchover.runner.setup import Setup


def predict_held_out(
    ensemble: Ensemble, held_out: ImageSet, normalisation: Normalisation, setup: Setup
) -> Predictions:
    """Predict images with every member, as the evaluation after an epoch does.

    Args:
        ensemble: The trained members, on the device.
        held_out: The validation images.
        normalisation: That of the training images.
        setup: What the run computes with.
    """
    normalise = normalisation.on(setup.device, setup.precision.dtype)
    ensemble.eval()
    parts = []
    with torch.inference_mode():
        for batch in torch.split(held_out.images, EVALUATION_BATCH_SIZE):
            images = normalise(batch.to(setup.device))
            with setup.precision.computing(setup.device):
                logits = torch.stack([member(images) for member in ensemble.members])
            parts.append(class_log_probabilities(logits.float()))
    return Predictions(torch.cat(parts, dim=1).numpy(), held_out.labels.int().numpy())
