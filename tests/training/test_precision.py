"""The precisions of training."""

import pytest
import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.config.recipe import Recipe
from ensemble_switchover.runner import run
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.optimizer import optimizer_of_member
from ensemble_switchover.training.precision import Precision, use_precision
from tests.training.members import DEVICE, made


def test_an_overflow_of_the_first_step_leaves_nothing_behind():
    recipe = Recipe(
        name="test", epochs=1, batch_size=6, learning_rate=0.05, drops=(), weight_decay=0.0
    )
    precision = Precision("16", torch.float32, torch.float16)
    (member,) = (network.float() for network in made("resnet", 1))
    before = {key: value.clone() for key, value in member.named_parameters()}
    junk = [torch.full_like(value, 1e30) for value in member.parameters()]
    del junk  # what is freed is handed out again, contents and all
    optimizer = optimizer_of_member(member, recipe, ExecutionPlan(), precision)
    execution = EXECUTIONS["sequential"](
        [member], [optimizer], DEVICE, precision, recipe=recipe, plan=ExecutionPlan()
    )
    (state,) = execution.scalers
    execution.scalers = [{**state, "scale": 2.0**40}]
    images = torch.randn(1, 6, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    execution.prepare((0,))
    execution.train_step((0,), images, torch.zeros(1, 6, dtype=torch.long))
    for key, value in member.named_parameters():
        assert torch.equal(value, before[key])
        assert not optimizer.state[value]["momentum_buffer"].any()
    (after,) = execution.scalers
    assert after["scale"] == 2.0**39


@pytest.mark.parametrize("precision", ["64", "bf16", "16"])
def test_other_precisions_train_and_are_recorded(precision, tiny_spec):
    spec, config = tiny_spec(f"precision={precision}", "budget.depth=8", "budget.width=4")
    record = run.train_and_measure(spec, config)
    assert record.environment.precision == precision


def test_float32_is_not_silently_tf32():
    use_precision("32", torch.device("cpu"))
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
