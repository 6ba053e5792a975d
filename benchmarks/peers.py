"""Ensembles of the same networks trained by other libraries (the extra `bench`)."""

from __future__ import annotations

import copy
import logging
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from itertools import repeat
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from benchmarks.sides import PREDICTED_IMAGES, Side, noise, peak_of
from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.networks import build_network
from ensemble_switchover.training.optimizer import optimizer_of_member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.training.precision import Precision


def peers(spec: RunSpec, device: torch.device, precision: Precision) -> dict[str, Side]:
    """Make a side for every other library that is installed."""
    made: dict[str, Side] = {}
    if find_spec("torchensemble"):
        made["TorchEnsemble"] = TorchEnsembleSide(spec, device, precision)
    if find_spec("torch_uncertainty"):
        made["torch-uncertainty"] = TorchUncertaintySide(spec, device, precision)
    return made


def _network(spec: RunSpec) -> nn.Module:
    return build_network(spec.family, spec.design.depth, spec.design.width, spec.task)


class _Loader:
    """The same batch repeatedly, as a loader that TorchEnsemble accepts."""

    def __init__(self, batch: tuple[Tensor, Tensor], num_batches: int) -> None:
        self.dataset = batch
        self.num_batches = num_batches

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return repeat(self.dataset, self.num_batches)


class TorchEnsembleSide(Side):
    """`VotingClassifier.fit` of TorchEnsemble, which trains the members one after another."""

    def __init__(self, spec: RunSpec, device: torch.device, precision: Precision) -> None:
        from torchensemble import VotingClassifier

        logging.disable(logging.INFO)
        network, recipe = _network(spec).to(precision.dtype), spec.recipe
        self.device = device
        self.model = VotingClassifier(
            estimator=network, n_estimators=spec.design.k, cuda=device.type == "cuda"
        )
        self.model.set_optimizer(
            "SGD",
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=1e-4,
            nesterov=recipe.nesterov,
        )
        self.batch = noise(spec, recipe.batch_size, device, precision.dtype)
        self.predicted, _ = noise(spec, PREDICTED_IMAGES, device, precision.dtype)

    def train(self, num_steps: int) -> None:
        with redirect_stdout(StringIO()):
            self.model.fit(_Loader(self.batch, num_steps), epochs=1, save_model=False)

    def predict(self) -> None:
        self.model.eval()
        with torch.inference_mode():
            self.model(self.predicted)

    def peak_bytes(self) -> int:
        return peak_of(lambda: self.train(1), self.device)


class TorchUncertaintySide(Side):
    """`deep_ensembles` of torch-uncertainty: one optimizer and one forward call for all members."""

    def __init__(self, spec: RunSpec, device: torch.device, precision: Precision) -> None:
        from torch_uncertainty.methods import deep_ensembles

        members = [copy.deepcopy(_network(spec)) for _ in range(spec.design.k)]
        self.k = spec.design.k
        self.device = device
        self.model = deep_ensembles(members).to(device, precision.dtype)
        self.optimizer = optimizer_of_member(self.model, spec.recipe, ExecutionPlan(), precision)
        self.images, self.labels = noise(spec, spec.recipe.batch_size, device, precision.dtype)
        self.predicted, _ = noise(spec, PREDICTED_IMAGES, device, precision.dtype)

    def train(self, num_steps: int) -> None:
        self.model.train()
        labels = self.labels.repeat(self.k)
        for _ in range(num_steps):
            loss = functional.cross_entropy(self.model(self.images), labels)
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()

    def predict(self) -> None:
        self.model.eval()
        with torch.inference_mode():
            logits = self.model(self.predicted)
            logits.view(self.k, len(self.predicted), -1).softmax(dim=-1).mean(dim=0)

    def peak_bytes(self) -> int:
        return peak_of(lambda: self.train(1), self.device)
