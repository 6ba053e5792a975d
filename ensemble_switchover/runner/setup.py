"""What a run computes with: device, precision, images, and how its members are executed."""

from __future__ import annotations

import gc
import logging
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.config.data_check import image_description
from ensemble_switchover.config.execution_plan import plan_from_config, requested_plan
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.errors import ConfigError, TrainingError
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.runner.choose_execution import choose_execution_plan
from ensemble_switchover.runner.out_of_memory import out_of_memory_text
from ensemble_switchover.runner.said_remarks import is_said, mark_as_said
from ensemble_switchover.training.assemble import load_images
from ensemble_switchover.training.device import choose_device, num_device_slots, use_threads
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.data import SplitImages
    from ensemble_switchover.measurement.environment import Environment
    from ensemble_switchover.training.precision import Precision

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run computes with."""

    device: torch.device
    precision: Precision
    environment: Environment

    @property
    def timing_environment(self) -> str:
        """What the times of a run depend on."""
        environment = self.environment
        return (
            f"{environment.device_name}, {environment.num_threads} threads, "
            f"torch {environment.versions['torch']}"
        )

    def free_memory(self) -> None:
        """Free what a training has left: Lightning's objects refer to each other, and hold all."""
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def prepare(spec: RunSpec, config: Config) -> Setup:
    """Choose the device, the number of threads and the precision, and describe the machine.

    Raises:
        ConfigError: if this machine does not have the device or the precision.
    """
    device = choose_device(config.device)
    use_threads(config.threads)
    return Setup(device, use_precision(spec.precision, device), describe_environment(device))


def load_split(spec: RunSpec) -> SplitImages:
    """Load the images of a run, and say what the user should know of them.

    Returns:
        The images; their remarks, which go into the record, describe those of a folder.

    Raises:
        DataError: if the data set is absent or not what it should be.
    """
    with reading_once():
        split = load_images(spec)
        described = image_description(spec.dataset)
    for line in described:
        _logger.info(f"dataset={spec.dataset.name}: {line}")
    for remark in (*spec.remarks, *split.remarks):
        level = logging.INFO if is_said(remark) else logging.WARNING
        _logger.log(level, f"dataset={spec.dataset.name}: {remark}")
        mark_as_said([remark])
    if split.content is not None:
        _logger.info(f"dataset={spec.dataset.name}: images and labels of content {split.content}")
    return replace(split, remarks=(*described, *split.remarks))


def decide_plan(spec: RunSpec, setup: Setup) -> ExecutionPlan:
    """Decide how the members of a run are executed on this device.

    Raises:
        ConfigError: for more processes than there are GPUs.
    """
    if spec.execution.name == "auto":
        return choose_execution_plan(spec, setup.device, setup.precision)
    num_slots = num_device_slots(setup.device)
    plan = plan_from_config(spec.execution, spec.design.k, num_slots)
    if setup.device.type == "cuda" and plan.processes > num_slots:
        raise ConfigError(
            f"execution.processes={plan.processes}: expected at most one a GPU, this machine "
            f"has {num_slots}"
        )
    return plan


@contextmanager
def out_of_memory_explained(spec: RunSpec, plan: ExecutionPlan | None) -> Iterator[None]:
    """Turn a lack of memory into an error that names what would fit.

    Raises:
        TrainingError: if the memory does not suffice.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        text = out_of_memory_text(spec, plan or requested_plan(spec))
        raise TrainingError(text) from error
