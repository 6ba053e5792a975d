"""Fused execution: both faces of the weights agree, and a record says how it was executed."""

import pytest
import torch
from torch import nn
from torch.optim import SGD

from ensemble_switchover.design import FAMILIES, ImageTask, make_family
from ensemble_switchover.networks import build_member
from ensemble_switchover.networks.fused import Fused
from ensemble_switchover.run import train_and_measure
from ensemble_switchover.training.execution import EXECUTIONS

TASK = ImageTask(channels=2, size=8, num_classes=5)
DEVICE = torch.device("cpu")


def made(name, num_members, **options):
    family = make_family(name, options)
    return [
        build_member(family, family.depths[0], 3, TASK, seed).double()
        for seed in range(num_members)
    ]


def executed(execution, members):
    settings = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3}
    optimizers = [SGD(member.parameters(), **settings) for member in members]
    return EXECUTIONS[execution](members, optimizers, DEVICE), optimizers


def take_steps(execution, num_members, number):
    generator = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(number):
        shape = (num_members, 6, TASK.channels, TASK.size, TASK.size)
        images = torch.randn(shape, generator=generator, dtype=torch.float64)
        labels = torch.randint(0, TASK.num_classes, (num_members, 6), generator=generator)
        for group in execution.groups(num_members):
            execution.prepare(group)
            rows = list(group)
            losses.append(execution.train_step(group, images[rows], labels[rows]))
    return losses


VARIANTS = [
    *[(name, {}) for name in sorted(FAMILIES)],
    ("densenet", {"bottleneck": True, "compression": 0.5}),
    ("resnet", {"shortcut": "projection"}),
]


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_twenty_steps_give_what_they_give_one_after_another(name, options):
    fused_members, members = made(name, 3, **options), made(name, 3, **options)
    fused, fused_optimizers = executed("fused", fused_members)
    sequential, optimizers = executed("sequential", members)
    begin = [value.clone() for value in members[0].state_dict().values()]
    fused_losses = torch.stack(take_steps(fused, 3, 20)).flatten()
    torch.testing.assert_close(
        fused_losses, torch.cat(take_steps(sequential, 3, 20)), rtol=1e-9, atol=0
    )
    for ours, theirs in zip(fused_members, members, strict=True):
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], value, rtol=1e-9, atol=1e-12)
    for ours, theirs in zip(fused_optimizers, optimizers, strict=True):
        for index, state in theirs.state_dict()["state"].items():
            momentum = ours.state_dict()["state"][index]["momentum_buffer"]
            torch.testing.assert_close(momentum, state["momentum_buffer"], rtol=1e-9, atol=1e-12)
    after = members[0].state_dict().values()
    assert not any(
        torch.equal(old, new) for old, new in zip(begin, after, strict=True) if new.dim() == 4
    )


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_predictions_are_those_of_the_members(name, options):
    members = made(name, 3, **options)
    execution, _ = executed("fused", members)
    take_steps(execution, 3, 3)
    images = torch.randn(4, TASK.channels, TASK.size, TASK.size, dtype=torch.float64)
    with torch.no_grad():
        logits = execution.logits((0, 1, 2), images)
        alone = torch.stack([member.eval()(images) for member in members])
        probabilities = execution.probabilities(images)
    torch.testing.assert_close(logits, alone, rtol=1e-9, atol=1e-12)
    expected = alone.softmax(dim=-1).mean(dim=0).float()
    torch.testing.assert_close(probabilities, expected, rtol=1e-5, atol=1e-7)


def test_float32_stays_within_rounding():
    fused_members, members = ([m.float() for m in made("resnet", 2)] for _ in range(2))
    fused, _ = executed("fused", fused_members)
    sequential, _ = executed("sequential", members)
    for execution in (fused, sequential):
        images = torch.randn(2, 6, 2, 8, 8, generator=torch.Generator().manual_seed(0))
        labels = torch.arange(12).view(2, 6) % 5
        for _ in range(5):
            for group in execution.groups(2):
                execution.train_step(group, images[list(group)], labels[list(group)])
    for ours, theirs in zip(fused_members, members, strict=True):
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], value, rtol=1e-3, atol=1e-4)


def test_what_has_no_fused_form_is_refused():
    with pytest.raises(TypeError, match="no fused form of Dropout"):
        Fused([nn.Sequential(nn.Dropout()) for _ in range(2)])


def test_a_run_says_how_it_was_executed_and_ends_the_same(tiny_cell):
    records = {}
    for execution in ("sequential", "fused"):
        cell, config = tiny_cell(
            f"execution={execution}", "design=deq", "k=2", "budget.depth=8", "budget.width=6",
            "precision=64", "epochs=2",
        )  # fmt: skip
        records[execution] = train_and_measure(cell, config, tell=list, warn=pytest.fail)
        assert records[execution].environment.execution == execution
    for first, second in zip(records["fused"].epochs, records["sequential"].epochs, strict=True):
        assert first.train_loss == pytest.approx(second.train_loss, rel=1e-6)
        assert first.member_test_errors == second.member_test_errors
        assert first.nll == pytest.approx(second.nll, rel=1e-5)
    fingerprints = {record.fingerprint for record in records.values()}
    assert len(fingerprints) == 2
