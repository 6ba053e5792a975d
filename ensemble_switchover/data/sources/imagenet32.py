"""ImageNet-1K at 32x32 pixels (Chrabaszcz et al. 2017), read from pickled batches.

Its download needs an account at image-net.org, so the user has to download its files.

Dimensions: N images of 3 channels and 32x32 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.data.sources.archives import read_members
from ensemble_switchover.data.sources.pickles import batch_arrays, read_batch
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource, digest_of_files
from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig

IMAGENET32_SIZE = 32
"""The side of an image in pixels."""

_TRAIN = tuple(f"train_data_batch_{number}" for number in range(1, 11))
_TEST = "val_data"
ARCHIVES = ("Imagenet32_train.zip", "Imagenet32_val.zip")
PAGE = "https://image-net.org/download-images"


@dataclass(frozen=True)
class ImageNet32(DatasetSource):
    """The source of ImageNet32: ten training batches; the validation images are the test set."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return a digest of the files' names, sizes and times: no checksums are published.

        Raises:
            DataError: if a file is absent.
        """
        return f"{config.name}-{digest_of_files(_files(config.name, root))}"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read the batches from their files or from the archives.

        Raises:
            DataError: if a file is absent or damaged.
        """
        files = _files(config.name, root)
        ((test_images, test_labels),) = _batches(files, [_TEST])
        train_images = np.empty(
            (config.train_images, 3, IMAGENET32_SIZE, IMAGENET32_SIZE), dtype=np.uint8
        )
        train_labels = np.empty(config.train_images, dtype=np.int64)
        stop = 0
        # one batch at a time, since together they take 4 GB
        for images, labels in _batches(files, _TRAIN):
            start, stop = stop, stop + len(images)
            if stop <= config.train_images:
                train_images[start:stop], train_labels[start:stop] = images, labels
        if stop != config.train_images:
            raise DataError(
                f"dataset={config.name}: expected {config.train_images:,} training images in the "
                f"batches of {root}, found {stop:,}"
            )
        names = tuple(str(number) for number in range(1, config.num_classes + 1))
        return DatasetArrays(train_images, train_labels, test_images, test_labels, names)


def _files(dataset: str, root: Path) -> list[Path]:
    """Find the batches or the archives, in `root` or in its folder named after the data set."""
    for folder in (root / dataset, root):
        batches = [folder / name for name in (*_TRAIN, _TEST)]
        archives = [folder / name for name in ARCHIVES]
        for files in (batches, archives):
            if all(file.is_file() for file in files):
                return files
    raise DataError(
        f"dataset={dataset}: put {ARCHIVES[0]} and {ARCHIVES[1]} into {root / dataset}, or the "
        f"files in them, {_TRAIN[0]} to {_TRAIN[-1].rpartition('_')[2]} and {_TEST} (4.1 GB "
        f"unpacked), or set dataset.root= to a folder that has them; with an account they can be "
        f"downloaded at {PAGE} as downsampled images, 32x32"
    )


def _batches(
    files: Sequence[Path], names: Sequence[str]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    by_name = {file.name: file for file in files}
    for name in names:
        if name in by_name:
            path = by_name[name]
            found = [(name, _content(path))]
        else:
            path = by_name[ARCHIVES[name == _TEST]]
            found = list(read_members(path, partial(_has_name, name)))
        if len(found) != 1:
            raise DataError(f"{path}: expected one {name} in it, found {len(found)}")
        source = str(path) if path.name == name else f"{path}: {name}"
        images, labels = batch_arrays(
            read_batch(found[0][1], source), "labels", IMAGENET32_SIZE, source
        )
        yield images, labels - 1  # the published labels start at 1


def _has_name(name: str, member: str) -> bool:
    return PurePosixPath(member).name == name


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from error


IMAGENET32 = ImageNet32()
