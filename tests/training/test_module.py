from dataclasses import replace

import pytest

from ensemble_switchover.errors import TrainingError
from ensemble_switchover.runner.run import train_and_measure


@pytest.mark.parametrize("evaluate_every", ["1", "2", "milestones"])
def test_a_member_that_diverges_is_named_with_its_epoch_and_step(evaluate_every, tiny_spec):
    spec, config = tiny_spec(
        "arch=resnet",
        "budget.depth=8",
        "budget.width=4",
        "epochs=6",
        f"evaluate_every={evaluate_every}",
    )
    spec = replace(spec, recipe=replace(spec.recipe, learning_rate=1e30))
    with pytest.raises(TrainingError, match=r"member 0: .* not finite in epoch 1, step 2 of 3"):
        train_and_measure(spec, config)
