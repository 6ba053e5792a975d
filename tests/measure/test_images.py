"""The batches of a pass."""

import numpy as np

from ensemble_switchover.measure.images import pass_batches


def test_a_pass_of_a_cascade_goes_evenly_through_the_images():
    pixels = np.arange(1000, dtype=np.uint16).astype(np.uint8).reshape(1000, 1, 1, 1)
    batches = pass_batches((1, 1, 1), 32, pixels, whole=True)
    assert [len(batch) for batch in batches] == [32] * 16
    few = pass_batches((1, 1, 1), 8, pixels[:3], whole=True)
    assert [len(batch) for batch in few] == [8]
    (noise,) = pass_batches((3, 2, 2), 5, None, whole=False)
    assert noise.shape == (5, 3, 2, 2)
