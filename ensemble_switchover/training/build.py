"""From a resolved cell to the networks and the images that Lightning trains on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.data import ImageDataModule, SplitImages, load_dataset
from ensemble_switchover.data.augmentation import Augmentation
from ensemble_switchover.data.randaugment import RandAugment
from ensemble_switchover.networks import Ensemble
from ensemble_switchover.training import EnsembleModule
from ensemble_switchover.training.execution import EXECUTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ensemble_switchover.config.run_spec import Cell
    from ensemble_switchover.training.precision import Precision


def load_images(cell: Cell, tell: Callable[[str], None] | None = None) -> SplitImages:
    """Load the images of a cell; `tell` is given a line about what takes its time.

    Raises:
        DataError: if the data set is absent or not what it should be.
    """
    used = cell.sizes
    return load_dataset(cell.dataset, used.train, used.test, tell, validation_size=used.validation)


def build_ensemble(cell: Cell, members: Sequence[int] | None = None) -> Ensemble:
    """Build all members of a cell, or some of them, initialised by their own seeds."""
    design = cell.design
    seeds = [cell.member_seeds[member] for member in _chosen(cell, members)]
    return Ensemble.build(cell.family, design.depth, design.width, cell.task, seeds)


def assemble(
    cell: Cell,
    split: SplitImages,
    precision: Precision,
    members: Sequence[int] | None = None,
    tell: Callable[[str], None] | None = None,
) -> tuple[EnsembleModule, ImageDataModule]:
    """Build members of a cell, all or some, and the batches that they train on.

    `tell` is given a line about where the images are to be.
    """
    chosen = _chosen(cell, members)
    seeds = [cell.member_seeds[member] for member in chosen]
    module = EnsembleModule(
        build_ensemble(cell, chosen).to(precision.dtype),
        cell.recipe,
        cell.way,
        precision,
        member_seeds=seeds,
        num_test_images=len(split.test),
        num_classes=cell.task.num_classes,
        first_member=chosen[0],
        compiled=cell.compile,
    )
    datamodule = ImageDataModule(
        split,
        groups=EXECUTIONS[cell.way.within].groups(len(chosen)),
        member_seeds=seeds,
        batch_size=cell.recipe.batch_size,
        augmentation=augmentation_of(cell),
        dtype=precision.dtype,
        residence=cell.dataset.residence,
        tell=tell,
    )
    return module, datamodule


def augmentation_of(cell: Cell) -> Augmentation | None:
    """Return how a cell's training images are augmented, if they are."""
    dataset, operations = cell.dataset, None
    if dataset.augmentation == "none":
        return None
    if dataset.augmentation == "randaugment":
        operations = RandAugment(dataset.randaugment_ops, dataset.randaugment_magnitude)
    return Augmentation(dataset.crop_padding, dataset.flip, operations)


def _chosen(cell: Cell, members: Sequence[int] | None) -> Sequence[int]:
    return range(cell.design.k) if members is None else members
