"""How many members of a fused group are evaluated at once."""

import torch

from ensemble_switchover.training.evaluated_at_once import MOST_MEMBERS, evaluated_at_once

CPU = torch.device("cpu")


def test_the_largest_activation_fits_the_cache_where_it_can(tiny_spec):
    numbers = {}
    for width in (4, 12, 20, 32):  # channels of 8x8 pixels, on 256 images
        spec, _ = tiny_spec("budget.depth=8", f"budget.width={width}")
        numbers[width] = evaluated_at_once(spec, CPU)
    assert numbers == {4: MOST_MEMBERS, 12: 2, 20: 2, 32: 1}
    double, _ = tiny_spec("budget.depth=8", "budget.width=12", "precision=64")
    assert evaluated_at_once(double, CPU) == 1


def test_other_devices_evaluate_all_at_once(tiny_spec):
    spec, _ = tiny_spec("budget.depth=8", "budget.width=4")
    assert evaluated_at_once(spec, torch.device("cuda")) is None
