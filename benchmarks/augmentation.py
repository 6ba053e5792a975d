"""Compare batched augmentation with torchvision's, which augments one image at a time.

Three methods are timed alternately: this program's on whole batches, torchvision's transforms on
PIL images, and torchvision's on tensors. All map `uint8` to `uint8` and draw their own random
numbers; loading and normalisation are left out. Batches and single images are the same images.
"""

from __future__ import annotations

from statistics import median, quantiles
from typing import TYPE_CHECKING

import torch
from rich.console import Console
from rich.table import Table
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from benchmarks.common import conditions_text
from ensemble_switchover.data.augmentation import Augmentation, augment, draw_augmentation
from ensemble_switchover.data.batches import IMAGES_AT_ONCE
from ensemble_switchover.data.randaugment import RandAugment
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.training.device import choose_device

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 15
ONE_BY_ONE = 128
"""The number of images that torchvision augments in a round."""
IMAGES = 4096
"""The number of images that this program augments in a round."""
AT_ONCE = {"crop and flip": (64, 128), "RandAugment": (128, IMAGES_AT_ONCE)}
"""The numbers of images at once; training takes one batch, or the last number for RandAugment."""
SIDE, PADDING = 32, 4
GOAL = 10.0
CASES = {"crop and flip": None, "RandAugment": RandAugment(2, 14)}
"""The operations before crop and flip."""


def torchvision_transform(operations: RandAugment | None) -> v2.Transform:
    """Return torchvision's transform of one image."""
    first: list[v2.Transform] = []
    if operations is not None:
        first = [v2.RandAugment(operations.num_operations, operations.magnitude)]
    crop = v2.RandomCrop(SIDE, padding=PADDING)
    return v2.Compose([*first, crop, v2.RandomHorizontalFlip()])


def seconds_per_image(clock: Callable[[], float], work: Callable[[], int]) -> float:
    """Return the seconds that `work` takes, divided by the number of images that it returns."""
    start = clock()
    num_images = work()
    return (clock() - start) / num_images


def make_methods(
    operations: RandAugment | None, batch_size: int, device: torch.device
) -> dict[str, Callable[[], int]]:
    """Return the three methods; each augments some images and returns their number."""
    generator = torch.Generator().manual_seed(0)
    shape = (batch_size, 3, SIDE, SIDE)
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    on_device = images.to(device)
    singles = [images[i % batch_size] for i in range(ONE_BY_ONE)]
    pictures = [functional.to_pil_image(image) for image in singles]
    transform = torchvision_transform(operations)
    settings = Augmentation(PADDING, flip=True, operations=operations)

    def batched() -> int:
        # as in training: all draws first, then one chunk after another
        draws = draw_augmentation(settings, IMAGES, generator).to(device)
        for start in range(0, IMAGES, batch_size):
            augment(on_device, draws.select(start, start + batch_size), settings)
        return IMAGES

    def with_pil() -> int:
        for picture in pictures:
            functional.pil_to_tensor(transform(picture))
        return ONE_BY_ONE

    def with_tensors() -> int:
        for single in singles:
            transform(single)
        return ONE_BY_ONE

    return {"batched": batched, "PIL": with_pil, "tensors": with_tensors}


def spread(values: list[float]) -> str:
    """Write the median and quartiles of values."""
    lower, middle, upper = quantiles(values, method="inclusive")
    return f"{middle:.1f} ({lower:.1f} to {upper:.1f})"


def main() -> None:
    """Print a table with one row per case and batch size."""
    device = choose_device("auto")
    environment = describe_environment(device)
    clock = synchronised_clock(device)
    table = Table(title="Augmentation in microseconds per image: batches and single images")
    for column in ("augmentation", "at once", "batched, us", "PIL, us", "tensors, us"):
        table.add_column(column, justify="left" if column == "augmentation" else "right")
    table.add_column("PIL / batched", justify="right")
    table.add_column("tensors / batched", justify="right")
    for name, operations in CASES.items():
        for batch_size in AT_ONCE[name]:
            methods = make_methods(operations, batch_size, device)
            for work in methods.values():
                work()
            microseconds: dict[str, list[float]] = {method: [] for method in methods}
            for _ in range(ROUNDS):
                for method, work in methods.items():
                    microseconds[method].append(1e6 * seconds_per_image(clock, work))
            batched = microseconds["batched"]
            ratios = [
                spread([one / two for one, two in zip(microseconds[method], batched, strict=True)])
                for method in ("PIL", "tensors")
            ]
            medians = [f"{median(values):.1f}" for values in microseconds.values()]
            table.add_row(name, f"{batch_size}", *medians, *ratios)
    console = Console(width=132)
    console.print(table)
    details = (f"images 3x{SIDE}x{SIDE}", f"{ROUNDS} rounds", f"medians (quartiles); goal {GOAL:g}")
    console.print(conditions_text(environment, *details), highlight=False)


if __name__ == "__main__":
    main()
