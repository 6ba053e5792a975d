"""Builds the networks and loads the images of a run, for Lightning to train on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.data import ImageDataModule, SplitImages, load_dataset
from ensemble_switchover.data.augmentation import Augmentation
from ensemble_switchover.data.mixing import Mixing
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
    return _build(spec, [spec.member_seeds[member] for member in _chosen(spec, members)])


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
    return _assemble(spec, seeds, plan, split, precision, first_member=chosen[0])


def assemble_together(
    specs: Sequence[RunSpec], plan: ExecutionPlan, split: SplitImages, precision: Precision
) -> tuple[EnsembleModule, ImageDataModule]:
    """Build all members of runs that differ in the seed alone, in the order of the runs.

    A member that diverges does not end the training of the others.
    """
    seeds = [seed for spec in specs for seed in spec.member_seeds]
    return _assemble(specs[0], seeds, plan, split, precision, ends_at_divergence=False)


def _assemble(
    spec: RunSpec,
    seeds: Sequence[int],
    plan: ExecutionPlan,
    split: SplitImages,
    precision: Precision,
    *,
    first_member: int = 0,
    ends_at_divergence: bool = True,
) -> tuple[EnsembleModule, ImageDataModule]:
    """Build a network for each seed, as a run describes them, and the batches of each."""
    module = EnsembleModule(
        _build(spec, seeds).to(precision.dtype),
        spec.recipe,
        plan,
        precision,
        member_seeds=seeds,
        num_train_images=len(split.train),
        num_test_images=len(split.test),
        num_classes=spec.task.num_classes,
        first_member=first_member,
        compiled=spec.compile,
        ends_at_divergence=ends_at_divergence,
    )
    datamodule = ImageDataModule(
        split,
        groups=EXECUTIONS[plan.within].groups(len(seeds)),
        member_seeds=seeds,
        batch_size=spec.recipe.batch_size,
        augmentation=augmentation_of(spec),
        mixing=mixing_of(spec),
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


def mixing_of(spec: RunSpec) -> Mixing | None:
    """Return how a run's batches are mixed, if they are."""
    recipe = spec.recipe
    if not recipe.mixup and not recipe.cutmix:
        return None
    return Mixing(recipe.mixup, recipe.cutmix, spec.task.num_classes)


def _build(spec: RunSpec, seeds: Sequence[int]) -> Ensemble:
    return Ensemble.build(spec.family, spec.design.depth, spec.design.width, spec.task, seeds)


def _chosen(spec: RunSpec, members: Sequence[int] | None) -> Sequence[int]:
    return range(spec.design.k) if members is None else members
