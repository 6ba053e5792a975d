"""Networks, images and augmentation of a run."""

import torch

from ensemble_switchover.data.augmentation import Augmentation
from ensemble_switchover.data.randaugment import RandAugment
from ensemble_switchover.training.assemble import augmentation_of, build_ensemble

SMALL = ("design=deq", "k=2", "budget.depth=8", "budget.width=8")


def test_a_chosen_member_is_that_of_the_whole_ensemble(tiny_spec):
    spec, _ = tiny_spec(*SMALL)
    whole, second = build_ensemble(spec).members, build_ensemble(spec, [1]).members
    assert (len(whole), len(second)) == (2, 1)
    for ours, theirs in zip(second[0].parameters(), whole[1].parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_augmentation_is_as_configured(tiny_spec):
    def found(*overrides):
        return augmentation_of(tiny_spec(*overrides)[0])

    crops = ("dataset.crop_padding=3", "dataset.flip=true")
    assert found() is None
    assert found("dataset.augmentation=standard", *crops) == Augmentation(3, flip=True)
    operations = ("dataset.randaugment_ops=3", "dataset.randaugment_magnitude=5")
    assert found("dataset.augmentation=randaugment", *crops, *operations) == Augmentation(
        3, flip=True, operations=RandAugment(3, 5)
    )
