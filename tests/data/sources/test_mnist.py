"""MNIST: the published facts, and how its images are trained on."""

from torchvision import datasets

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.data.sources.mnist import MNIST
from ensemble_switchover.training.assemble import augmentation_of


def test_the_published_facts_are_torchvisions():
    theirs = datasets.MNIST
    ours = (MNIST.train_images, MNIST.train_labels, MNIST.test_images, MNIST.test_labels)
    assert [(file.name, file.md5) for file in ours] == theirs.resources
    assert {file.url for file in ours} == {theirs.mirrors[0] + name for name, _ in theirs.resources}
    assert MNIST.torchvision_folder == theirs.__name__
    assert [name[0] for name in theirs.classes] == list(MNIST.class_names)


def test_characters_are_not_augmented_and_never_mirrored(compose_config):
    assert augmentation_of(resolve(compose_config("dataset=mnist"))) is None
    asked = resolve(compose_config("dataset=mnist", "dataset.augmentation=standard"))
    assert asked.dataset.crop_padding == 4
    assert not asked.dataset.flip
