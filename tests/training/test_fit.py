"""Training in this process."""

from dataclasses import replace

import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.training.assemble import load_images
from ensemble_switchover.training.epoch_result import finite_runs, split_by_run
from ensemble_switchover.training.fit import train_members, train_together
from ensemble_switchover.training.precision import FLOAT32


def test_every_epoch_is_reported_and_one_member_can_be_trained_alone(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2")
    split, device, results = load_images(spec), torch.device("cpu"), []
    module, _ = train_members(
        spec, ExecutionPlan(), split, FLOAT32, device, results.append, members=[1]
    )
    assert [result.epoch for result in results] == [1, 2]
    assert module.num_members == 1
    assert results[0].probabilities.shape[:2] == (1, len(split.test))


def test_seeds_trained_together_are_evaluated_after_the_same_epochs(tiny_spec):
    asked = ("budget.depth=8", "budget.width=8", "epochs=3", "evaluate_every=2")
    specs = [tiny_spec(*asked, f"seed={seed}")[0] for seed in (0, 1)]
    split, device, results = load_images(specs[0]), torch.device("cpu"), []
    train_together(specs, ExecutionPlan(within="fused"), split, FLOAT32, device, results.append)
    assert [result.probabilities is None for result in results] == [True, False, False]
    for result in results:
        assert finite_runs(result, len(result.members)) == [True]
        own = split_by_run(result, 1)
        assert [part.probabilities is None for part in own] == [result.probabilities is None] * 2
    diverged = replace(results[0], step_losses=torch.full((2, 3), torch.nan))
    assert finite_runs(diverged, len(diverged.members)) == [False]
