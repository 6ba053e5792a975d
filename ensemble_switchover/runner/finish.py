"""The end of a run: weights, measurements of the trained members, and the record."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch

from ensemble_switchover.config.measured_share import (
    EXECUTIONS_PART,
    bounded_measurement,
    seconds_for_latency,
)
from ensemble_switchover.config.schema import plain
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.measurement.disturbance import (
    thread_times,
    waiting_sentences,
    waiting_share,
)
from ensemble_switchover.measurement.memory import LeftOutIfTooLarge
from ensemble_switchover.results.flags import flags_of_run
from ensemble_switchover.results.from_run_spec import (
    budget_record,
    dataset_record,
    design_record,
    recipe_record,
)
from ensemble_switchover.results.latencies import latencies_at
from ensemble_switchover.results.layout import VALIDATION_PREDICTIONS_FILE, WEIGHTS_FILE
from ensemble_switchover.results.predictions import dump_predictions, predictions_file
from ensemble_switchover.results.record import SCHEMA_VERSION, EnvironmentRecord, Record
from ensemble_switchover.runner.cascade_timing import measure_cascade
from ensemble_switchover.runner.final_cascades import choose_cascades
from ensemble_switchover.runner.final_measurements import measure_inference, measure_layers
from ensemble_switchover.runner.final_quality import run_quality
from ensemble_switchover.runner.held_out_predictions import predict_held_out
from ensemble_switchover.serving.weights import TrainedEnsemble, dump_weights
from ensemble_switchover.training.assemble import build_ensemble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import MeasurementConfig
    from ensemble_switchover.data import SplitImages
    from ensemble_switchover.measurement.disturbance import DisturbanceMonitor
    from ensemble_switchover.networks import Ensemble
    from ensemble_switchover.runner.active_run import ActiveRun
    from ensemble_switchover.runner.run_timing import RunTiming
    from ensemble_switchover.runner.setup import Setup
    from ensemble_switchover.training.epoch_result import MemberState

_logger = logging.getLogger(__name__)


def finish(
    run: ActiveRun,
    setup: Setup,
    split: SplitImages,
    *,
    residence: str,
    monitor: DisturbanceMonitor,
    concurrent_jobs: int,
    timing: RunTiming | None = None,
    together: Sequence[int] = (),
    num_sharing: int = 1,
) -> Record:
    """Keep the weights of a trained run, measure its members, and return its record.

    Args:
        run: A run whose epochs are trained.
        setup: What it computes with.
        split: The images.
        residence: Where they lay, `device` or `host`.
        monitor: Watches over what disturbs the device.
        concurrent_jobs: How many runs share the machine.
        timing: What a timing pass found of the run; None if its own seconds count.
        together: Seeds that were trained together, the run's own among them.
        num_sharing: Runs of the design that share the time of the measurements.
    """
    spec, epochs = run.spec, run.epochs
    ensemble = _rebuild(spec, setup, run.members)
    normalisation = Normalisation.asked_for(
        spec.dataset.normalisation, split.train.images, split.train.moments
    )
    kept = {path.name: path for path in run.predictions.paths(run.num_epochs)}
    for name, path in kept.items():
        run.keep(name, path)
    said = None
    if run.predictions.epochs and split.held_out is not None:
        with run.seconds.part("evaluation"), LeftOutIfTooLarge("predicting validation images"):
            said = predict_held_out(ensemble, split.held_out(), normalisation, setup)
            run.keep(VALIDATION_PREDICTIONS_FILE, dump_predictions(said))
    with run.seconds.part("keeping"):
        answered = run.predictions.take_last(run.num_epochs)
        is_kept = predictions_file(run.num_epochs) in kept
        cascades = choose_cascades(answered if is_kept else None, said)
        quality = run_quality(answered)
        del answered
    if run.config.record.weights:
        run.keep(
            WEIGHTS_FILE, dump_weights(_with_normalisation(spec, ensemble, normalisation, split))
        )
    with run.seconds.part("measuring"):
        before = thread_times()
        asked, precision, device = bounded_measurement(spec), setup.precision, setup.device
        _tell_left_out(spec, asked)
        bound = seconds_for_latency(spec, run.seconds.parts.get("training", 0.0))
        begin = time.perf_counter()
        own = bound if bound is None or not cascades else bound * EXECUTIONS_PART
        latencies = measure_inference(spec, ensemble, asked, precision, device, num_sharing, own)
        cascade_latencies = measure_cascade(
            spec,
            ensemble,
            cascades,
            split.test.images,
            normalisation,
            precision,
            device,
            num_sharing,
            None if bound is None else bound - (time.perf_counter() - begin),
        )
        layer_times = measure_layers(spec, asked, precision, device, num_sharing)
        measuring_share = waiting_share(before, thread_times())
    if timing is not None:
        epochs = [timing.put_into(epoch) for epoch in epochs]
    shares = {
        "training" if timing is None else "the timing pass": fmean(
            epoch.waiting_share for epoch in epochs
        ),
        "the measuring after it": measuring_share,
    }
    num_members = max(1, len(together)) * spec.design.k
    wall_seconds = run.wall_seconds
    record = Record(
        schema_version=SCHEMA_VERSION,
        name=spec.name,
        fingerprint=spec.fingerprint,
        training_fingerprint=spec.training_fingerprint,
        study=spec.study,
        seed=spec.seed,
        member_seeds=spec.member_seeds,
        budget=budget_record(spec),
        design=design_record(spec),
        dataset=dataset_record(
            spec, len(split.train), len(split.test), split.remarks, split.content
        ),
        recipe=recipe_record(spec),
        evaluate_every=spec.evaluate_every,
        environment=EnvironmentRecord(
            **asdict(setup.environment),
            execution=run.plan.label if timing is None else timing.plan,
            execution_requested=spec.execution.name,
            began_on=run.began_on,
            times_of="run" if timing is None else "timing pass",
            precision=spec.precision,
            compiled=spec.compile,
            residence=residence,
            disturbances=[*waiting_sentences(shares), *monitor.seen(concurrent_jobs)],
            concurrent_jobs=concurrent_jobs,
        ),
        latencies=latencies,
        cascade_latencies=cascade_latencies,
        layer_times=layer_times,
        cascades=cascades,
        quality=quality,
        timing_pass=None if timing is None else timing.record(together, num_members),
        epochs=epochs,
        config=plain(run.config),
        started_at=run.started_at.isoformat(timespec="seconds"),
        largest_class_share=_largest_class_share(split.test.labels),
        wall_seconds=wall_seconds,
        seconds=run.seconds.record(wall_seconds),
    )
    return replace(record, flags=flags_of_run(record))


def _rebuild(spec: RunSpec, setup: Setup, members: Sequence[MemberState]) -> Ensemble:
    """Build the trained ensemble anew: the same module however its members were trained."""
    setup.free_memory()
    ensemble = build_ensemble(spec).to(setup.device, setup.precision.dtype)
    for network, state in zip(ensemble.members, members, strict=True):
        network.load_state_dict(state.evaluated)
    return ensemble


def _with_normalisation(
    spec: RunSpec, ensemble: Ensemble, normalisation: Normalisation, split: SplitImages
) -> TrainedEnsemble:
    return TrainedEnsemble(
        family=spec.family,
        depth=spec.design.depth,
        width=spec.design.width,
        task=spec.task,
        ensemble=ensemble,
        normalisation=normalisation,
        class_names=split.class_names,
    )


def _tell_left_out(spec: RunSpec, measured: MeasurementConfig) -> None:
    """Say in the run's log what `measurement.share` leaves no time for."""
    asked = spec.measurement
    sizes = [size for size in asked.latency_batch_sizes if size not in measured.latency_batch_sizes]
    left_out = [f"batch size {size}" for size in sizes]
    left_out += ["the layers"] if asked.layer_repeats and not measured.layer_repeats else []
    if left_out:
        _logger.info(f"measurement.share={asked.share:g}: not timed: {', '.join(left_out)}")


def _largest_class_share(labels: Tensor) -> float:
    return float(torch.bincount(labels.cpu()).max()) / len(labels)


def summary_line(record: Record) -> str:
    """Summarise a record in one line."""
    latency = latencies_at(record.latencies)
    seconds = [epoch.training_seconds for epoch in record.epochs if not epoch.warm_up]
    parts: list[Any] = [f"{record.dataset.evaluated_on} error {record.error_percent:.2f} %"]
    if len(record.epochs) < record.recipe.epochs:
        parts.append(f"stopped after epoch {len(record.epochs)} of {record.recipe.epochs}")
    if seconds:
        parts.append(f"{sorted(seconds)[len(seconds) // 2]:.2f} s per epoch")
    if latency is not None:
        parts.append(
            f"{latency.sequential.median_ms_per_image:.3g} ms per image at batch size "
            f"{latency.sequential.batch_size}"
        )
    parts += [f"flagged: {record.flags}"] if record.flags else []
    parts += [f"disturbed: {seen}" for seen in record.environment.disturbances]
    return ", ".join(parts)
