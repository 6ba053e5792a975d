"""The fractals as a data set, which is generated and needs no download."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.config.dataset_config import FractalsConfig
from ensemble_switchover.data.sources.fractals.classes import draw_classes
from ensemble_switchover.data.sources.fractals.instances import InstanceVariation, draw_images
from ensemble_switchover.data.sources.fractals.picture import SIDE
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource
from ensemble_switchover.machine.hardware import num_processors

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig
    from ensemble_switchover.data.sources.fractals.attractor import FunctionSystems

GENERATOR_VERSION = 1
"""The version of the generator, to raise when the same options give other images."""

_TRAIN, _TEST = 2, 3
"""The random streams of the images; those of the classes are 0 and 1."""

MAX_DRAWING_THREADS = 4
IMAGES_PER_STREAM = 250
"""The number of images that are drawn together from one random stream."""


class Fractals(DatasetSource):
    """The source of fractals: any number of classes and images, of a difficulty from 0 to 1."""

    has_files = False

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return the options that decide the images."""
        assert isinstance(config, FractalsConfig)
        return (
            f"fractals-{GENERATOR_VERSION}-{config.num_classes}x{config.train_images}"
            f"x{config.test_images}-d{config.difficulty!r}-s{config.generator_seed}"
        )

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Generate the images; a smaller number of images gives the first of them."""
        assert isinstance(config, FractalsConfig)
        variation = InstanceVariation.of(config.difficulty)
        seed = config.generator_seed
        classes = draw_classes(config.num_classes, variation.similarity, seed)
        train = _images(classes, config.train_images, variation, [seed, _TRAIN])
        test = _images(classes, config.test_images, variation, [seed, _TEST])
        names = tuple(f"fractal {number}" for number in range(config.num_classes))
        return DatasetArrays(*train, *test, class_names=names)


def _images(
    classes: FunctionSystems, size: int, variation: InstanceVariation, stream: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(size + IMAGES_PER_STREAM, dtype=np.int64) % len(classes)
    images = np.empty((size, 3, SIDE, SIDE), dtype=np.uint8)

    def fill(start: int) -> None:
        stop, number = start + IMAGES_PER_STREAM, start // IMAGES_PER_STREAM
        drawn = draw_images(classes, labels[start:stop], variation, [*stream, number])
        images[start:stop] = drawn[: size - start]

    with ThreadPoolExecutor(min(MAX_DRAWING_THREADS, num_processors())) as pool:
        list(pool.map(fill, range(0, size, IMAGES_PER_STREAM)))
    return images, labels[:size]


FRACTALS = Fractals()
