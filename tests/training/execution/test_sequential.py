"""One member at a time on the device, shown with a device that counts what lies on it."""

import pytest
import torch
from torch import nn
from torch.optim import SGD

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.training.execution.sequential import Sequential
from ensemble_switchover.training.precision import FLOAT32
from tests.training.members import RECIPE


def device_bytes(module):
    return sum(p.numel() for p in module.parameters() if p.device.type != "cpu")


@pytest.fixture
def execution():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device: on a CPU there is nothing to park")
    members = [nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).cuda() for _ in range(3)]
    optimizers = [SGD(member.parameters(), lr=0.1, momentum=0.9) for member in members]
    return Sequential(
        members, optimizers, torch.device("cuda", 0), FLOAT32, recipe=RECIPE, plan=ExecutionPlan()
    )


def test_only_the_member_in_turn_lies_on_the_device(execution):
    images, labels = torch.randn(1, 2, 1, 2, 2).cuda(), torch.zeros(1, 2, dtype=torch.long).cuda()
    for member in (0, 1, 2, 0):
        execution.prepare((member,))
        execution.train_step((member,), images, labels)
        resident = [device_bytes(network) > 0 for network in execution.members]
        assert resident == [index == member for index in range(3)]
        for index, optimizer in enumerate(execution.optimizers):
            on_device = [s["momentum_buffer"].is_cuda for s in optimizer.state.values()]
            assert all(on_device) if index == member else not any(on_device)
    execution.release()
    assert all(device_bytes(network) > 0 for network in execution.members)


def test_every_member_has_a_group_of_its_own():
    assert Sequential.groups(3) == ((0,), (1,), (2,))


@pytest.fixture
def elsewhere(monkeypatch):
    """Make every move a copy, as a move to another device is, and never skip one."""

    def copy(module, device):
        return module._apply(lambda tensor: tensor.clone())

    monkeypatch.setattr(nn.Module, "to", copy)
    members = [nn.Sequential(nn.Flatten(), nn.Linear(4, 3)) for _ in range(2)]
    optimizers = [SGD(member.parameters(), lr=0.1, momentum=0.9) for member in members]
    execution = Sequential(
        members, optimizers, torch.device("cpu"), FLOAT32, recipe=RECIPE, plan=ExecutionPlan()
    )
    execution.device = torch.device("meta")
    return execution


def test_a_member_that_was_moved_for_evaluation_can_be_trained_on(elsewhere):
    images, labels = torch.randn(1, 2, 1, 2, 2), torch.zeros(1, 2, dtype=torch.long)
    with torch.inference_mode():
        elsewhere.prepare((1,))
        elsewhere.logits((1,), images[0])
    assert elsewhere.is_ready((1,))
    assert not elsewhere.is_ready((0,))
    elsewhere.train_step((1,), images, labels)  # no move in between


def test_a_count_of_steps_on_the_host_stays_there(elsewhere):
    counts = []
    for member, optimizer in zip(elsewhere.members, elsewhere.optimizers, strict=True):
        counts.append(optimizer.state[next(member.parameters())])
        counts[-1]["step"] = torch.tensor(1.0)
    for member in (0, 1, 0):
        elsewhere.prepare((member,))
        assert all(state["step"].device.type == "cpu" for state in counts)
