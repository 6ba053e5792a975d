"""Mixup and cutmix."""

import pytest
import torch

from ensemble_switchover.data.batches import TrainingBatches
from ensemble_switchover.data.images import ImageSet
from ensemble_switchover.data.mixing import Mixing
from ensemble_switchover.data.normalisation import Normalisation

IMAGES, LABELS = torch.rand(8, 1, 6, 6), torch.arange(8) % 3


def test_mixup_takes_labels_in_the_shares_of_the_images():
    images, shares = Mixing(0.4, 0, 3).apply(IMAGES, LABELS, seed=5)
    own = ((images - IMAGES.roll(1, 0)) / (IMAGES - IMAGES.roll(1, 0))).mean()
    one_hot = torch.nn.functional.one_hot(LABELS, 3)
    torch.testing.assert_close(
        shares, own * one_hot + (1 - own) * one_hot.roll(1, 0), rtol=1e-4, atol=1e-4
    )


def test_cutmix_takes_labels_in_the_shares_of_the_areas():
    images, shares = Mixing(0, 1.0, 3).apply(IMAGES, LABELS, seed=3)
    kept = (images == IMAGES).float().mean(dim=(1, 2, 3))
    differ = LABELS.roll(1, 0) != LABELS
    torch.testing.assert_close(shares[torch.arange(8), LABELS][differ], kept[differ])


def test_a_seed_decides_and_the_global_generator_does_not_move():
    mixing = Mixing(0.4, 1.0, 3)
    before = torch.random.get_rng_state()
    first, again, other = (mixing.apply(IMAGES, LABELS, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("groups", [((0, 1),), ((0,), (1,))])
def test_every_members_batches_are_mixed_by_its_own_seed(groups):
    data = ImageSet((255 * IMAGES).to(torch.uint8), LABELS)

    def batches(groups, seeds):
        return TrainingBatches(
            data,
            groups=groups,
            member_seeds=seeds,
            batch_size=4,
            augmentation=None,
            mixing=Mixing(0.4, 0, 3),
            normalisation=Normalisation.of(data.images),
            dtype=torch.float32,
            epoch=lambda: 2,
        )

    alone = [list(batches(((0,),), [seed])) for seed in (7, 9)]
    for batch in batches(groups, [7, 9]):
        assert batch.labels.shape[1:] == (4, 3)
    for group in groups:
        for step, batch in enumerate(batches(groups, [7, 9]).group_batches(group, 2)):
            for row, member in enumerate(group):
                assert torch.equal(batch.images[row], alone[member][step].images[0])
                assert torch.equal(batch.labels[row], alone[member][step].labels[0])
