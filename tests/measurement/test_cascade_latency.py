"""A cascade, the whole ensemble and the single network are timed in turn, on real images."""

import pytest
import torch

from ensemble_switchover.measurement.cascade_latency import (
    MOST_CASCADE_IMAGES,
    CascadeModels,
    measure_cascade_seconds,
)
from ensemble_switchover.measurement.latency import MIN_REPEATS, NUM_REPEATS, WARM_UP_REPEATS

NUM_IMAGES = 20


class Timed:
    """Models that take a given time, of images that are their own indices."""

    def __init__(self):
        self.now = 0.0
        self.calls = []

    def cascade(self, images):
        self.calls.append(("cascade", images.tolist()))
        asked = 1 + images % 2
        self.now += 0.1 * int(asked.sum())
        return images, asked

    def whole(self, images):
        self.calls.append(("whole", images.tolist()))
        self.now += 0.2 * len(images)
        return images

    def single(self, images):
        self.calls.append(("single", images.tolist()))
        self.now += 0.05 * len(images)
        return images

    def measure(self, sizes, *, max_seconds=1e9, without_single=False, **options):
        models = CascadeModels(
            cascade=self.cascade,
            whole=self.whole,
            single=None if without_single else self.single,
        )
        return measure_cascade_seconds(
            models,
            NUM_IMAGES,
            lambda rows: rows,
            sizes,
            max_seconds=max_seconds,
            clock=lambda: self.now,
            **options,
        )

    def batches_of(self, name, size):
        return [rows for called, rows in self.calls if called == name and len(rows) == size]


@pytest.fixture
def timed():
    return Timed()


def test_every_repeat_is_another_image_until_all_have_been_timed(timed):
    (found,) = timed.measure([1])
    assert len(found.cascade) == len(found.whole) == len(found.single) == MOST_CASCADE_IMAGES
    assert found.num_images == NUM_IMAGES
    images = [rows[0] for rows in timed.batches_of("cascade", 1)[WARM_UP_REPEATS:]]
    for start in range(0, MOST_CASCADE_IMAGES - NUM_IMAGES, NUM_IMAGES):
        assert sorted(images[start : start + NUM_IMAGES]) == list(range(NUM_IMAGES))
    assert images[:NUM_IMAGES] != list(range(NUM_IMAGES))  # sorted by class, perhaps
    expected = [0.1 * (1 + image % 2) for image in images]
    assert found.cascade == pytest.approx(expected)
    assert found.mean_members == pytest.approx(sum(1 + image % 2 for image in images) / 500)


def test_all_models_predict_the_same_images_in_turn(timed):
    (found,) = timed.measure([3])
    assert len(found.cascade) == -(-MOST_CASCADE_IMAGES // 3)
    for name in ("cascade", "single"):
        assert timed.batches_of(name, 3) == timed.batches_of("whole", 3)
    in_turn = timed.calls[3 * WARM_UP_REPEATS :]
    first = [name for name, _ in in_turn[::3]]
    assert first[:4] == ["cascade", "whole", "single", "cascade"]
    for start in range(0, len(in_turn), 3):
        three = in_turn[start : start + 3]
        assert {name for name, _ in three} == {"cascade", "whole", "single"}
        assert three[0][1] == three[1][1] == three[2][1]
    assert found.whole == pytest.approx([0.6] * len(found.whole))


def test_another_seed_draws_other_images(timed):
    timed.measure([3])
    first = timed.batches_of("cascade", 3)
    timed.calls.clear()
    timed.measure([3], seed=1)
    assert timed.batches_of("cascade", 3) != first
    assert timed.batches_of("cascade", 3) == timed.batches_of("single", 3)


def test_batches_larger_than_the_images_have_them_again(timed):
    (found,) = timed.measure([50])
    assert (found.batch_size, len(found.cascade), found.num_images) == (50, NUM_REPEATS, 20)
    for rows in timed.batches_of("whole", 50):
        assert {rows.count(image) for image in range(NUM_IMAGES)} == {2, 3}


def test_it_ends_after_its_seconds_but_not_before_the_least(timed):
    one = 0.1 * 15 + 0.2 * 10 + 0.05 * 10  # of ten images, half of which ask two members
    (found,) = timed.measure([10], max_seconds=7.5 * one)
    assert len(found.cascade) in (8, 9)
    (found,) = timed.measure([10], max_seconds=0.001)
    assert len(found.cascade) == MIN_REPEATS
    (found,) = timed.measure([10], max_seconds=40 * one, num_sharing=4)
    assert 9 <= len(found.cascade) <= 12
    (found,) = timed.measure([1], num_sharing=4)
    assert len(found.cascade) == MOST_CASCADE_IMAGES / 4


def test_a_bound_on_all_is_shared_by_the_batch_sizes(timed):
    found = timed.measure([1, 10], all_seconds=40.0)
    assert [one.batch_size for one in found] == [1, 10]
    assert timed.now == pytest.approx(40.0, abs=4.5)  # the last batch ends after it
    before = timed.now
    found = timed.measure([1, 10], all_seconds=0.0)
    assert [len(one.cascade) for one in found] == [2, 2]
    assert timed.now - before < 15


def test_what_does_not_fit_is_left_out_and_told(timed, caplog):
    def too_large(images):
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return images

    timed.single = too_large
    found = timed.measure([4, 1, 2])
    assert [(one.batch_size, bool(one.single)) for one in found] == [
        (1, True),
        (2, True),
        (4, False),
    ]
    timed.whole = too_large
    assert [one.batch_size for one in timed.measure([8, 1, 4])] == [1]
    assert caplog.messages == [
        "inference of the budget's single network at batch size 4 does not fit into memory; left "
        "out",
        "inference of the cascade at batch size 4 does not fit into memory; left out",
    ]


def test_without_a_single_network_the_others_are_timed(timed):
    (found,) = timed.measure([2], without_single=True)
    assert found.single == []
    assert len(found.cascade) == len(found.whole) == MOST_CASCADE_IMAGES / 2
