"""How many images many members are evaluated on at once."""

import torch

from ensemble_switchover.data.datamodule import EVALUATION_BATCH_SIZE
from ensemble_switchover.training.evaluation_batch import (
    CACHED_BYTES,
    LEAST_IMAGES,
    evaluation_batch_size,
)

CPU = torch.device("cpu")


def test_the_largest_activation_fits_the_cache_where_it_can(tiny_spec):
    spec, _ = tiny_spec("budget.depth=8", "budget.width=4")  # 4 channels of 8x8 pixels
    image_bytes = 4 * 8 * 8 * 4
    for members in (1, 8, 16, 40):
        size = evaluation_batch_size(spec, members, CPU)
        assert size in {LEAST_IMAGES, 64, 128, EVALUATION_BATCH_SIZE}
        assert size * members * image_bytes <= CACHED_BYTES or size == LEAST_IMAGES
        assert 2 * size * members * image_bytes > CACHED_BYTES or size == EVALUATION_BATCH_SIZE
    assert evaluation_batch_size(spec, 10**6, CPU) == LEAST_IMAGES


def test_other_devices_have_other_caches(tiny_spec):
    spec, _ = tiny_spec("budget.depth=8", "budget.width=4")
    assert evaluation_batch_size(spec, 10**6, torch.device("cuda")) == EVALUATION_BATCH_SIZE
