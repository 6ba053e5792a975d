"""Trained ensembles, made up, and what their members predict when nothing is shared."""

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.design import ImageTask, make_family
from ensemble_switchover.networks import Ensemble
from ensemble_switchover.results.measure_cascades import make_cascades
from ensemble_switchover.results.predictions import Predictions
from ensemble_switchover.serving.weights import TrainedEnsemble

VARIANTS = [
    ("densenet", {}),
    ("densenet", {"bottleneck": True, "compression": 0.5}),
    ("resnet", {"shortcut": "identity"}),
    ("resnet", {"shortcut": "projection"}),
    ("wide_resnet", {}),
    ("vgg", {}),
]
TASK = ImageTask(channels=3, size=9, num_classes=5)
"""Of an odd size, at whose edges pooling is easily wrong."""


def make_trained(name="resnet", options=None, k=2, task=TASK, width=3):
    """Make an ensemble with statistics and weights of batch norms as after some training."""
    family = make_family(name, options or {})
    depth = family.depths[0]
    ensemble = Ensemble.build(family, depth, width, task, range(k))
    generator = torch.Generator().manual_seed(0)
    for module in ensemble.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.uniform_(0.5, 2, generator=generator)
            for tensor in (module.bias.data, module.running_mean):
                tensor.normal_(generator=generator)
    return TrainedEnsemble(
        family=family,
        depth=depth,
        width=width,
        task=task,
        ensemble=ensemble.eval(),
        normalisation=Normalisation(
            torch.linspace(0.3, 0.6, task.channels, dtype=torch.float64),
            torch.linspace(0.2, 0.4, task.channels, dtype=torch.float64),
        ),
        class_names=tuple(f"kind {label}" for label in range(task.num_classes)),
    )


def images_of(task, number):
    """Draw images as they are decoded."""
    shape = (number, task.channels, task.size, task.size)
    generator = torch.Generator().manual_seed(7)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


def plain_probabilities(trained, images):
    """Predict in float64, one member and one image at a time; softmax and mean in numpy."""
    mean, deviation = (
        factor.numpy()[:, None, None]
        for factor in (trained.normalisation.mean, trained.normalisation.deviation)
    )
    total = np.zeros((len(images), trained.task.num_classes))
    for member in trained.ensemble.members:
        alone = copy.deepcopy(member).double().eval()
        for row, image in enumerate(images.numpy()):
            standardised = (image / 255 - mean) / deviation
            with torch.no_grad():
                logits = alone(torch.from_numpy(standardised)[None])[0].numpy()
            exponentials = np.exp(logits - logits.max())
            total[row] += exponentials / exponentials.sum()
    return total / len(trained.ensemble.members)


def make_cascades_of(k, threshold=0.9, order=None):
    """Make up what a record says of a cascade of k members, by each exit rule.

    Args:
        k: The number of members.
        threshold: By `confidence`; by `margin` it is half of that.
        order: By default as they were trained.
    """
    logits = np.random.default_rng(0).normal(size=(k, 40, 3)).astype(np.float32)
    logs = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    labels = np.arange(40, dtype=np.int32) % 3
    own = {"order": list(range(k)) if order is None else list(order)}
    return [
        replace(made, threshold=threshold / (1 + (made.rule == "margin")), **own)
        for made in make_cascades(Predictions(logs, labels))
    ]
