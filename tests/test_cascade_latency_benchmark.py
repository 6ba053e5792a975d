"""What `benchmarks/cascade_latency.py` prints of seconds that are known."""

import pytest

from benchmarks.cascade_latency import line, predicted_ratios
from ensemble_switchover.measurement.cascade_latency import CascadeSeconds

FOUND = CascadeSeconds(
    batch_size=2,
    num_images=4,
    members=[1.0, 3.0],
    cascade=[0.003, 0.005],  # predicted: 0.002 and 0.006
    whole=[0.008, 0.008],
    single=[0.004, 0.006],
)


def test_predicted_is_the_whole_ensembles_time_by_the_members_asked():
    assert predicted_ratios(FOUND, k=4) == pytest.approx([1.5, 5 / 6])


def test_a_line_has_means_per_image_and_both_ratios():
    assert line(FOUND, k=4) == (
        "batch 2: 2 batches, 2.00 of 4 members; mean ms per image: cascade 2, predicted 2, "
        "whole 4, one network 2.5; measured over predicted: 1.00 of the means, 1.17 (1.00-1.33) of "
        "each batch"
    )
