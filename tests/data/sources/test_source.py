"""What every source of a data set gives."""

import os

import numpy as np
import pytest

from ensemble_switchover.data.sources.source import DatasetArrays, digest_of_files


def test_arrays_of_another_form_are_refused():
    images, labels = np.zeros((2, 1, 4, 4), np.uint8), np.zeros(2, np.int64)
    DatasetArrays(images, labels, images[:1], labels[:1], ("ant",))
    with pytest.raises(AssertionError):
        DatasetArrays(images, labels[:1], images, labels, ("ant",))
    with pytest.raises(AssertionError):
        DatasetArrays(images.astype(float), labels, images, labels, ("ant",))


def test_the_digest_of_files_follows_sizes_and_times_and_no_order(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_text("x")
    digest = digest_of_files(paths)
    assert digest == digest_of_files(paths[::-1])
    os.utime(paths[0], (1, 1))
    assert digest_of_files(paths) != digest
