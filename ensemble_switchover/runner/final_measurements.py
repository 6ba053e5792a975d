"""Measurements after training: inference latency, and the time of layers.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

import copy
import time
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

import torch

from ensemble_switchover.config.execution_plan import SEQUENTIAL
from ensemble_switchover.config.shared_repeats import shared_repeats
from ensemble_switchover.design import DesignClass
from ensemble_switchover.measurement.latency import TimedModel, measure_latencies
from ensemble_switchover.measurement.layer_time import measure_layer_times
from ensemble_switchover.measurement.memory import LeftOutIfTooLarge
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.networks import Ensemble
from ensemble_switchover.networks.fused import NoFusedFormError
from ensemble_switchover.results.record import LatencyRecord, LayerTimeRecord
from ensemble_switchover.serving.predictors import SERVING_EXECUTIONS, predictor_of_normalised
from ensemble_switchover.training.assemble import build_ensemble

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import MeasurementConfig
    from ensemble_switchover.training.precision import Precision


def measure_inference(
    spec: RunSpec,
    ensemble: Ensemble,
    asked: MeasurementConfig,
    precision: Precision,
    device: torch.device,
    num_sharing: int = 1,
    all_seconds: float | None = None,
) -> list[LatencyRecord]:
    """Time a trained ensemble and its budget's single network alternately.

    The repeats of a run alone are shared by so many runs of its design, and are fewer where they
    would take more than `all_seconds`.
    """
    if not asked.latency_batch_sizes:
        return []
    begin = time.perf_counter()
    timed = models(spec, ensemble, precision, device)
    if all_seconds is not None:
        all_seconds = max(0.0, all_seconds - (time.perf_counter() - begin))
    latencies = measure_latencies(
        timed,
        spec.task,
        asked.latency_batch_sizes,
        device=device,
        dtype=precision.dtype,
        max_seconds=asked.latency_seconds,
        num_sharing=num_sharing,
        all_seconds=all_seconds,
    )
    return [LatencyRecord(**asdict(latency)) for latency in latencies]


def models(
    spec: RunSpec, ensemble: Ensemble, precision: Precision, device: torch.device
) -> list[TimedModel]:
    """Return a trained ensemble in every serving execution, and the single network beside it.

    A run of a single network is timed alone. What does not fit into memory is left out.
    """
    found = [_timed_model("run", SEQUENTIAL, ensemble.eval(), precision, device)]
    if spec.design.design_class is DesignClass.SINGLE:
        return found
    for execution in SERVING_EXECUTIONS:
        if execution != SEQUENTIAL:
            with suppress(NoFusedFormError), LeftOutIfTooLarge(f"inference, {execution},"):
                served = predictor_of_normalised(copy.deepcopy(ensemble), execution)
                found.append(_timed_model("run", execution, served, precision, device))
    with LeftOutIfTooLarge("inference of the budget's single network"):
        single = single_network(spec, precision, device)
        found.append(_timed_model("single", SEQUENTIAL, single, precision, device))
    return found


def single_network(spec: RunSpec, precision: Precision, device: torch.device) -> Ensemble:
    """Build the single network of a run's budget, untrained, in evaluation mode."""
    budget = spec.budget
    single = Ensemble.build(spec.family, budget.depth, budget.width, spec.task, [spec.seed])
    return single.to(device, precision.dtype).eval()


def measure_layers(
    spec: RunSpec,
    asked: MeasurementConfig,
    precision: Precision,
    device: torch.device,
    num_sharing: int = 1,
) -> list[LayerTimeRecord]:
    """Time the layers of a member, built anew, on a batch of noise."""
    layer_times: list[LayerTimeRecord] = []
    if asked.layer_repeats:
        with LeftOutIfTooLarge("the timing of layers"):
            repeats = shared_repeats(asked.layer_repeats, num_sharing)
            layer_times = _time_layers(spec, repeats, precision, device)
    return layer_times


def _time_layers(
    spec: RunSpec, repeats: int, precision: Precision, device: torch.device
) -> list[LayerTimeRecord]:
    task = spec.task
    generator = torch.Generator().manual_seed(0)
    shape = (spec.recipe.batch_size, task.channels, task.size, task.size)
    labels = torch.randint(0, task.num_classes, shape[:1], generator=generator)
    (member,) = build_ensemble(spec, [0]).to(device, precision.dtype).members
    layer_times = measure_layer_times(
        member,
        torch.randn(shape, generator=generator).to(device, precision.dtype),
        labels.to(device),
        repeats=repeats,
        clock=synchronised_clock(device),
        computing=lambda: precision.computing(device),
    )
    return [LayerTimeRecord(**asdict(layers)) for layers in layer_times]


def _timed_model(
    model: Literal["run", "single"],
    execution: str,
    network: nn.Module,
    precision: Precision,
    device: torch.device,
) -> TimedModel:
    def predict(images: Tensor) -> Tensor:
        with precision.computing(device):
            probabilities: Tensor = network(images)
        return probabilities

    return TimedModel(model=model, execution=execution, predict=predict)
