"""The number of images in every step of an epoch."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.config.batch_sizes import (
    MIN_LAST_BATCH,
    batch_sizes,
    is_spread,
    num_batches,
)
from ensemble_switchover.config.fingerprint import SPREAD, decisive_values
from ensemble_switchover.config.table_a import TABLE_A
from tests.config.resolving import resolve_with


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 600), st.integers(1, 150))
def test_every_image_is_in_one_batch_and_no_small_one_is_left(num_images, batch_size):
    sizes = batch_sizes(num_images, batch_size)
    whole, rest = divmod(num_images, batch_size)
    usual = [batch_size] * whole + [rest] * (rest > 0)
    assert sum(sizes) == num_images
    assert len(sizes) == num_batches(num_images, batch_size)
    assert is_spread(num_images, batch_size) == (sizes != usual)
    assert max(sizes) <= max(batch_size, 3)
    if num_images > batch_size > 1:
        assert min(sizes) >= min(MIN_LAST_BATCH, max(2, batch_size // 2))
    if sizes != usual:
        assert max(sizes) - min(sizes) <= 1
    if rest == 0 or rest >= MIN_LAST_BATCH or num_images <= batch_size:
        assert sizes == usual


@pytest.mark.parametrize(("family", "dataset"), TABLE_A)
def test_the_papers_batches_stay_as_they_are(family, dataset):
    spec = resolve_with(f"arch={family}", f"dataset={dataset}")
    assert not is_spread(spec.train_size, spec.recipe.batch_size)
    assert SPREAD not in decisive_values(spec)
    assert spec.fingerprint == spec.fingerprint_unspread
    assert spec.num_steps == spec.recipe.epochs * -(-spec.train_size // spec.recipe.batch_size)


def test_a_run_whose_images_are_spread_says_so_and_is_told_from_earlier_ones():
    usual = resolve_with("dataset.train_size=128")
    spread = resolve_with("dataset.train_size=129")
    assert usual.remarks == ()
    assert usual.recipe.name == "digits"
    assert spread.remarks == (
        "1 training image would be left for a last batch, too few for batch norm: the 129 images "
        "are spread over 3 batches of 43",
    )
    assert spread.recipe.name == "digits, last images spread over the batches"
    assert spread.fingerprint != spread.fingerprint_unspread
    assert spread.num_steps == 3 * spread.recipe.epochs
