"""Training in this process."""

import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.training.assemble import load_images
from ensemble_switchover.training.fit import train
from ensemble_switchover.training.precision import FLOAT32


def test_every_epoch_is_reported_and_one_member_can_be_trained_alone(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2")
    split, device, results = load_images(spec), torch.device("cpu"), []
    module, _ = train(spec, ExecutionPlan(), split, FLOAT32, device, results.append, members=[1])
    assert [result.epoch for result in results] == [1, 2]
    assert module.num_members == 1
    assert results[0].probabilities.shape[:2] == (1, len(split.test))
