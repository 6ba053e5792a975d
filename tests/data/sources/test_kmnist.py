"""KMNIST: the published facts, and how its images are trained on."""

from torchvision import datasets

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.data.sources.kmnist import KMNIST
from ensemble_switchover.training.assemble import augmentation_of


def test_the_published_facts_are_torchvisions():
    theirs = datasets.KMNIST
    ours = (KMNIST.train_images, KMNIST.train_labels, KMNIST.test_images, KMNIST.test_labels)
    assert [(file.name, file.md5) for file in ours] == theirs.resources
    assert {file.url for file in ours} == {theirs.mirrors[0] + name for name, _ in theirs.resources}
    assert KMNIST.torchvision_folder == theirs.__name__
    assert list(KMNIST.class_names) == theirs.classes


def test_characters_are_not_augmented_and_never_mirrored(compose_config):
    assert augmentation_of(resolve(compose_config("dataset=kmnist"))) is None
    asked = resolve(compose_config("dataset=kmnist", "dataset.augmentation=standard"))
    assert asked.dataset.crop_padding == 4
    assert not asked.dataset.flip
