"""Measure on this machine what jobs do beside training, with one small run that is not kept."""

from __future__ import annotations

import logging
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import LoggerConfig, MeasurementConfig
from ensemble_switchover.planning.cost import image_bytes
from ensemble_switchover.planning.overheads import Overheads
from ensemble_switchover.results.store import write_record
from ensemble_switchover.runner.run import train_and_measure
from ensemble_switchover.runner.said_remarks import mark_as_said
from ensemble_switchover.runner.setup import load_split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ensemble_switchover.config.schema import Config

TIMED_EPOCHS = 1
USUAL_START_SECONDS = 6.0
"""In which a process starts and imports what trains, where this one had done so before."""
JOB_SHARE = 0.25
"""Between two jobs of a process, as a share of the seconds in which one starts, until runs tell:
composing configurations, looking through the folder of images, and the sweep's own bookkeeping."""


def time_overheads(config: Config, start_seconds: float) -> Overheads:
    """Train a run for one epoch, and return what it took beside training.

    Args:
        config: The configuration of the run, best of the smallest network.
        start_seconds: Seconds in which this process started and imported what trains.

    Raises:
        ConfigError: if this machine does not have the device or the precision.
        DataError: if the data set is absent or not what it should be.
    """
    with tempfile.TemporaryDirectory() as folder:
        small = replace(
            config,
            epochs=TIMED_EPOCHS,
            results=folder,
            logger=LoggerConfig(kind="none"),
            callbacks={},
            measurement=MeasurementConfig(latency_batch_sizes=[], layer_repeats=0),
        )
        spec = resolve(small)
        mark_as_said(spec.remarks)  # it is none of the user's runs
        begin = time.perf_counter()
        with _silence():  # what is said of the images is said with the first run
            load_split(spec)  # which decodes the images where they are not cached
            loaded = time.perf_counter()
            load_split(spec)
            again = time.perf_counter() - loaded
            attachments: dict[str, bytes | Path] = {}
            record = train_and_measure(spec, small, keep=attachments.__setitem__)
        writing = time.perf_counter()
        write_record(Path(folder) / "record", record, attachments)
        written = time.perf_counter() - writing
    seconds = record.seconds
    assert seconds is not None
    num_images = spec.train_size + spec.sizes.evaluated
    return Overheads(
        start_seconds=start_seconds,
        job_seconds=JOB_SHARE * start_seconds,
        load_seconds=again,
        loaded_bytes=image_bytes(spec),
        decode_seconds=max(0.0, loaded - begin - again),
        decoded_images=num_images,
        run_seconds=seconds.rest + written,
        epoch_seconds=seconds.keeping / TIMED_EPOCHS,
    )


@contextmanager
def _silence() -> Iterator[None]:
    """Log nothing but errors."""
    former = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(former)
