"""A data set of four idx files: images and labels to train on, and to test on.

MNIST, Fashion-MNIST and Kuzushiji-MNIST share the names of their files, so each has a folder.

Dimensions: N images of one channel and 28x28 pixels.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.data.sources.download import RemoteFile, fetch, md5_of
from ensemble_switchover.data.sources.idx_file import REPLACE, read_idx
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource, short_digest
from ensemble_switchover.errors import DataError
from ensemble_switchover.machine.paths import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np

    from ensemble_switchover.config.dataset_config import DatasetConfig

_logger = logging.getLogger(__name__)

IDX_SIZE = 28
"""The side of an image in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdxRemoteFile(RemoteFile):
    """A published gzip file, with the checksum of what is in it."""

    unpacked_md5: str | None = None
    """MD5 of the unpacked file; None if none is known, and then only the published file is taken.
    """

    @property
    def unpacked_name(self) -> str:
        """The name of the unpacked file."""
        return self.name.removesuffix(".gz")


@dataclass(frozen=True, kw_only=True)
class IdxSet(DatasetSource):
    """The source of a data set that is published as four idx files, each packed by gzip."""

    train_images: IdxRemoteFile
    train_labels: IdxRemoteFile
    test_images: IdxRemoteFile
    test_labels: IdxRemoteFile
    class_names: tuple[str, ...]
    """The published names of the classes, in the order of their labels."""
    torchvision_folder: str
    """The folder in which torchvision keeps the files, in its `root`."""
    debian_package: str | None = None
    """Debian's package of the files."""
    debian_folder: Path | None = None
    """The folder of that package."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return the name of the data set with a digest of the checksums of the published files.

        It is the same wherever the files come from, since they hold the same bytes.
        """
        return f"{config.name}-{short_digest(*(file.md5 for file in self._files))}"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Read the four files, which are downloaded if they are found nowhere.

        They are looked for in `root`, in the folder of the set in it, in that of torchvision, and
        in that of Debian's package. They may be packed or not; their bytes are the published ones.

        Raises:
            DataError: if a file cannot be downloaded or read, is damaged, or is another one.
        """
        paths = self._paths(config, root)
        _logger.info(f"dataset={config.name}: reading the files in {on_one_line(paths[0].parent)}")
        train, test, own = config.train_images, config.test_images, root / config.name
        counts = (train, train, test, test)
        train_images, train_labels, test_images, test_labels = (
            self._read(file, path, count, own)
            for file, path, count in zip(self._files, paths, counts, strict=True)
        )
        return DatasetArrays(
            train_images=train_images,
            train_labels=train_labels,
            test_images=test_images,
            test_labels=test_labels,
            class_names=self.class_names,
        )

    @property
    def _files(self) -> tuple[IdxRemoteFile, ...]:
        return self.train_images, self.train_labels, self.test_images, self.test_labels

    def _paths(self, config: DatasetConfig, root: Path) -> list[Path]:
        """Return the paths of the four files, from one folder; download what is absent.

        Raises:
            DataError: if a folder has some of the files alone, or they cannot be downloaded.
        """
        own = root / config.name
        for folder in self._folders(root, own):
            paths = [_present(folder, file) for file in self._files]
            found = [path for path in paths if path is not None]
            if len(found) == len(paths):
                return found
            if found and folder != own:
                absent = [
                    file.name for file, path in zip(self._files, paths, strict=True) if path is None
                ]
                raise DataError(
                    f"dataset={config.name}: {on_one_line(folder)} has {found[0].name}, but no "
                    f"{' and no '.join(absent)}; put all {len(paths)} files there, or none"
                )
        return self._downloaded(config, own)

    def _folders(self, root: Path, own: Path) -> Iterator[Path]:
        yield own
        yield root / self.torchvision_folder / "raw"
        yield root
        if self.debian_folder is not None:
            yield self.debian_folder

    def _downloaded(self, config: DatasetConfig, folder: Path) -> list[Path]:
        absent = [file for file in self._files if _present(folder, file) is None]
        try:
            fetch(absent, folder, config.name, config.url)
        except DataError as error:
            if self.debian_package is None:
                raise
            raise DataError(f"{error}, or install Debian's {self.debian_package}") from error
        return [_present(folder, file) or folder / file.name for file in self._files]

    def _read(self, file: IdxRemoteFile, path: Path, count: int, own: Path) -> np.ndarray:
        """Return images (N, 1, 28, 28) as `uint8`, or labels (N,) as `int64`, of checked bytes."""
        is_labels = file in (self.train_labels, self.test_labels)
        content = read_idx(path, (count,) if is_labels else (count, IDX_SIZE, IDX_SIZE))
        if is_labels:
            self._check_labels(content.values, path)
        _check_bytes(file, path, content.md5, own)
        return content.values.astype("int64") if is_labels else content.values[:, None]

    def _check_labels(self, labels: np.ndarray, path: Path) -> None:
        last, found = len(self.class_names) - 1, int(labels.max())
        if found > last:
            raise DataError(
                f"{on_one_line(path)}: expected labels from 0 to {last}, it has {found}; {REPLACE}"
            )


def _present(folder: Path, file: IdxRemoteFile) -> Path | None:
    """Return the path of a file in a folder, the packed one where both are there."""
    paths = (folder / file.name, folder / file.unpacked_name)
    return next((path for path in paths if path.is_file()), None)


def _check_bytes(file: IdxRemoteFile, path: Path, found: str, own: Path) -> None:
    """Compare with the published file; one packed anew, or unpacked, by what is in it.

    Args:
        file: What is published.
        path: The file that was read.
        found: The MD5 of its unpacked bytes.
        own: The folder that is searched first, and that has the name of the data set.

    Raises:
        DataError: if it is another file.
    """
    if found == file.unpacked_md5:
        return
    packed = md5_of(path)
    if packed == file.md5:
        return
    place = f"dataset={own.name}: {on_one_line(path)}"
    put = f"put {own.name}'s own {file.name} into {on_one_line(own)}, with the other three"
    if file.unpacked_md5 is None:
        raise DataError(
            f"{place}: expected the file as it is published, packed, with MD5 {file.md5}, since no "
            f"checksum of the unpacked one is known; found MD5 {packed}; {put}"
        )
    raise DataError(
        f"{place} is another file; expected MD5 {file.unpacked_md5} of the unpacked bytes, found "
        f"{found}; {put}"
    )
