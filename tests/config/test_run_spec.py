"""The name, the folder and the operations of a run spec."""

from pathlib import Path

import pytest

from tests.config.resolving import resolve_with


def test_training_flops_are_three_forward_passes_an_image():
    # FLOPs of ResNet-20: 40.55 M multiply-adds an image on CIFAR-10, that is 81.1 MFLOPs.
    overrides = ("dataset=cifar10", "budget.depth=20", "budget.width=16", "epochs=2")
    spec = resolve_with(*overrides, "dataset.train_size=1000")
    assert spec.training_flops == pytest.approx(3 * 2 * 1000 * 81.1e6, rel=1e-3)


def test_the_folder_names_the_cell():
    spec = resolve_with("results=store", "study=night", "seed=5", "design=deq", "k=2")
    assert spec.folder == Path("store") / "night" / spec.name
    assert spec.name.startswith("resnet_digits_26x8_deq_k2_seed5_")
    assert spec.name.endswith(spec.fingerprint)
