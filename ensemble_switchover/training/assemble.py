"""Builds the networks and loads the images of a run, for Lightning to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.data import ImageDataModule, SplitImages, load_dataset
from ensemble_switchover.data.augmentation import Augmentation
from ensemble_switchover.data.randaugment import RandAugment
from ensemble_switchover.networks import Ensemble
from ensemble_switchover.training import EnsembleModule
from ensemble_switchover.training.execution import EXECUTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.training.precision import Precision


def load_images(spec: RunSpec) -> SplitImages:
    """Load the images of a run.

    Raises:
        DataError: if the data set is absent or not what it should be.
    """
    used = spec.sizes
    return load_dataset(spec.dataset, used.train, used.test, validation_size=used.validation)


def build_ensemble(spec: RunSpec, members: Sequence[int] | None = None) -> Ensemble:
    """Build the members of a run, all or some, each initialised by its own seed."""
    design = spec.design
    seeds = [spec.member_seeds[member] for member in _chosen(spec, members)]
    return Ensemble.build(spec.family, design.depth, design.width, spec.task, seeds)


def assemble(
    spec: RunSpec,
    plan: ExecutionPlan,
    split: SplitImages,
    precision: Precision,
    members: Sequence[int] | None = None,
) -> tuple[EnsembleModule, ImageDataModule]:
    """Build members of a run, all or some, and the batches that they train on."""
    chosen = _chosen(spec, members)
    seeds = [spec.member_seeds[member] for member in chosen]
    module = EnsembleModule(
        build_ensemble(spec, chosen).to(precision.dtype),
        spec.recipe,
        plan,
        precision,
        member_seeds=seeds,
        num_test_images=len(split.test),
        num_classes=spec.task.num_classes,
        first_member=chosen[0],
        compiled=spec.compile,
    )
    datamodule = ImageDataModule(
        split,
        groups=EXECUTIONS[plan.within].groups(len(chosen)),
        member_seeds=seeds,
        batch_size=spec.recipe.batch_size,
        augmentation=augmentation_of(spec),
        dtype=precision.dtype,
        residence=spec.dataset.residence,
        normalisation=spec.dataset.normalisation,
    )
    return module, datamodule


def augmentation_of(spec: RunSpec) -> Augmentation | None:
    """Return how a run's training images are augmented, if they are."""
    dataset, operations = spec.dataset, None
    if dataset.augmentation == "none":
        return None
    if dataset.augmentation == "randaugment":
        operations = RandAugment(dataset.randaugment_ops, dataset.randaugment_magnitude)
    return Augmentation(dataset.crop_padding, dataset.flip, operations)


def _chosen(spec: RunSpec, members: Sequence[int] | None) -> Sequence[int]:
    return range(spec.design.k) if members is None else members
