"""The side of published images, and how data sets are named whose images are reduced."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ensemble_switchover.config.published_images import (
    images_named,
    published_facts,
    whole_side,
    whole_side_of,
)
from ensemble_switchover.errors import ConfigError
from tests.config.resolving import resolve_with

SIDES = {
    "cifar10": 32, "cifar100": 32, "cifar100_randaugment": 32, "svhn": 32, "imagenet32": 32,
    "tiny_imagenet": 64, "digits": 8, "fractals": 32,
    "fashion_mnist": 28, "mnist": 28, "kmnist": 28,
}  # fmt: skip


@pytest.mark.parametrize(("name", "side"), SIDES.items())
def test_every_smaller_side_is_taken_and_no_larger_one(name, side):
    assert whole_side(name) == side
    for smaller in (side, side - 1, side // 2, 1):
        overrides = (f"dataset.image_size={smaller}", "dataset.augmentation=none")
        spec = resolve_with(f"dataset={name}", *overrides)
        assert spec.task.size == smaller
        assert any("mean over its area" in note for note in spec.notes) == (smaller < side)
    expected = f"^dataset.image_size={side + 1}: expected at most {side}, the side of the "
    with pytest.raises(ConfigError, match=expected):
        resolve_with(f"dataset={name}", f"dataset.image_size={side + 1}")


def test_a_set_of_another_name_has_the_side_of_the_set_whose_files_it_uses(compose_config):
    config = compose_config("dataset=cifar10", "dataset.image_size=16").dataset
    config.name, config.base = "part", "cifar10"
    assert whole_side_of(config) == 32
    assert images_named(config) == "part at 16x16 pixels"


def test_names_that_are_no_options_have_no_facts():
    for name in ("nowhere", "../recipe/table_a", "x" * 300, "", "folder"):
        assert published_facts(name) == {}
        assert whole_side(name) is None


def test_a_run_is_named_by_the_size_of_its_images_where_they_are_reduced():
    whole, small = resolve_with(), resolve_with("dataset.image_size=4")
    assert (whole.images_name, small.images_name) == ("digits", "digits at 4x4 pixels")
    assert whole.name != small.name


def test_a_wrong_side_is_told_before_torch_is_imported():
    code = (
        "import sys; from ensemble_switchover.__main__ import main\n"
        "sys.argv = ['x', 'dataset=digits', 'dataset.image_size=9', 'logger=none']\n"
        "try: main()\n"
        "except SystemExit as ended: print(ended.code, 'torch' in sys.modules)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stderr.startswith("dataset.image_size=9: expected at most 8, the side of the ")
    assert found.stdout.split()[-1] == "False"
