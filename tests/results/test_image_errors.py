"""On which images a run errs, from its predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results import image_errors
from ensemble_switchover.results.image_errors import errors_of, read_image_errors
from ensemble_switchover.results.predictions import Predictions
from tests.analysis.switchover.planted_images import LAST, NUM_IMAGES, errors_of_run, write_run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_mean_of_the_members_decides() -> None:
    members = [[[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]], [[0.4, 0.6], [0.45, 0.55], [0.9, 0.1]]]
    labels = np.array([0, 0, 1], dtype=np.int32)

    found = errors_of(Predictions.of_probabilities(np.array(members), labels))

    assert found.errors.tolist() == [False, True, True]
    assert found.max_changed == 0


@pytest.mark.parametrize("k", [1, 2, 8])
def test_rounding_can_change_an_answer_only_where_two_classes_are_as_probable(k: int) -> None:
    sure = [[0.5, 0.5 - 1e-7, 1e-7], [0.501, 0.499, 0.0], [0.0, 1.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]
    labels = np.zeros(4, dtype=np.int32)
    found = errors_of(Predictions.of_probabilities(np.array([sure] * k), labels))
    assert found.max_changed == 2
    alone = Predictions.of_probabilities(np.ones((k, 4, 1)), labels)
    assert (errors_of(alone).errors.tolist(), errors_of(alone).max_changed) == ([False] * 4, 0)


def test_a_run_errs_where_its_predictions_do(tmp_path: Path) -> None:
    record = write_run(tmp_path, "deq", 8, 1)

    found = read_image_errors(tmp_path / record.name, LAST, record.epochs[-1].error_percent)

    assert found is not None
    assert np.array_equal(found.errors, errors_of_run("deq", 8, 1))


@pytest.mark.parametrize(("changed", "refused"), [(2, False), (-2, False), (3, True), (-3, True)])
def test_half_precision_may_change_an_image_or_two(
    changed: int, refused: bool, tmp_path: Path
) -> None:
    record = write_run(tmp_path, "single", 8, 0)
    error = record.epochs[-1].error_percent + 100.0 * changed / NUM_IMAGES

    if not refused:
        assert read_image_errors(tmp_path / record.name, LAST, error) is not None
        return
    with pytest.raises(RecordError, match=f"of {NUM_IMAGES} images; expected .* the record's"):
        read_image_errors(tmp_path / record.name, LAST, error)


def test_nothing_is_opened_where_none_were_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = write_run(tmp_path, "single", 8, 0, keep=False)
    monkeypatch.delattr(image_errors, "read_predictions")

    assert read_image_errors(tmp_path / record.name, LAST, 10.0) is None


def test_a_file_that_the_record_does_not_know_is_not_read(tmp_path: Path) -> None:
    kept = write_run(tmp_path, "single", 8, 0)
    other = write_run(tmp_path, "single", 8, 1, keep=False)
    name = f"predictions-epoch-{LAST:04d}.npz"
    (tmp_path / other.name / name).write_bytes((tmp_path / kept.name / name).read_bytes())

    assert read_image_errors(tmp_path / other.name, LAST, 10.0) is None
