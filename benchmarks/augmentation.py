"""Batched augmentation against torchvision's, which takes one image at a time.

Three ways alternate in one process: this program's on whole batches, torchvision's transforms on
PIL images, and torchvision's on tensors. All start from `uint8` and end with it, each draws its own
random numbers, and none loads or standardises. Batches and single images are the same images.
"""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median, quantiles
from typing import TYPE_CHECKING

import torch
from rich.console import Console
from rich.table import Table
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from ensemble_switchover.data.augmentation import Augmentation, augment, draw_augmentation
from ensemble_switchover.data.batches import IMAGES_AT_ONCE
from ensemble_switchover.data.randaugment import RandAugment
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.runner.run import choose_device

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 15
ONE_BY_ONE = 128
"""Images that torchvision augments in a round."""
IMAGES = 4096
"""Images that this program augments in a round."""
AT_ONCE = {"crop and flip": (64, 128), "RandAugment": (128, IMAGES_AT_ONCE)}
"""Images at once; in training a batch, and of RandAugment as many batches as make the last."""
SIDE, PADDING = 32, 4
GOAL = 10.0
CASES = {"crop and flip": None, "RandAugment": RandAugment(2, 14)}
"""The latter with crop and flip after it."""


def pipeline(operations: RandAugment | None) -> v2.Transform:
    """Return torchvision's transform of one image."""
    first: list[v2.Transform] = []
    if operations is not None:
        first = [v2.RandAugment(operations.num_operations, operations.magnitude)]
    crop = v2.RandomCrop(SIDE, padding=PADDING)
    return v2.Compose([*first, crop, v2.RandomHorizontalFlip()])


def seconds_an_image(clock: Callable[[], float], work: Callable[[], int]) -> float:
    """Return the seconds of some work, divided by the images that it says it did."""
    start = clock()
    num_images = work()
    return (clock() - start) / num_images


def contenders(
    operations: RandAugment | None, batch_size: int, device: torch.device
) -> dict[str, Callable[[], int]]:
    """Return the three ways; each augments some images and tells how many."""
    generator = torch.Generator().manual_seed(0)
    shape = (batch_size, 3, SIDE, SIDE)
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    on_device = images.to(device)
    singles = [images[i % batch_size] for i in range(ONE_BY_ONE)]
    pictures = [functional.to_pil_image(image) for image in singles]
    transform = pipeline(operations)
    settings = Augmentation(PADDING, flip=True, operations=operations)

    def batched() -> int:
        # as in training: draws first, and then piece by piece
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
    """Write median and quartiles."""
    lower, middle, upper = quantiles(values, method="inclusive")
    return f"{middle:.1f} ({lower:.1f} to {upper:.1f})"


def main() -> None:
    """Print one table, a line a case and batch size."""
    device = choose_device("auto")
    environment = describe_environment(device)
    clock = synchronised_clock(device)
    table = Table(title="Microseconds an image of augmentation: whole batches against one by one")
    for column in ("augmentation", "at once", "batched, us", "PIL, us", "tensors, us"):
        table.add_column(column, justify="left" if column == "augmentation" else "right")
    table.add_column("PIL / batched", justify="right")
    table.add_column("tensors / batched", justify="right")
    for name, operations in CASES.items():
        for batch_size in AT_ONCE[name]:
            ways = contenders(operations, batch_size, device)
            for work in ways.values():
                work()
            times: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(ROUNDS):
                for way, work in ways.items():
                    times[way].append(1e6 * seconds_an_image(clock, work))
            ratios = [
                spread([one / own for one, own in zip(times[way], times["batched"], strict=True)])
                for way in ("PIL", "tensors")
            ]
            medians = [f"{median(values):.1f}" for values in times.values()]
            table.add_row(name, f"{batch_size}", *medians, *ratios)
    console = Console(width=132)
    console.print(table)
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    console.print(
        f"{environment.device_name}, {environment.num_threads} threads, images 3x{SIDE}x{SIDE}, "
        f"{ROUNDS} rounds in turn, medians (quartiles); goal {GOAL:g}\n"
        f"{versions}\n{datetime.now(UTC):%Y-%m-%d}, load {environment.host_load}",
        highlight=False,
    )


if __name__ == "__main__":
    main()
