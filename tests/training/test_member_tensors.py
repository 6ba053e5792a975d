"""Tensors of fused networks, member by member."""

import pytest
import torch
from torch import nn
from torch.optim import Adam

from ensemble_switchover.training.member_tensors import join_state, split_state


@pytest.mark.parametrize(("fused", "device"), [(True, "meta"), (None, "cpu")])
def test_a_count_lies_where_the_optimizer_reads_it(fused, device):
    whole, member = nn.Parameter(torch.zeros(4, device="meta")), nn.Parameter(torch.zeros(4))
    joint, own = Adam([whole], fused=fused), Adam([member])
    own.state[member] = {"step": torch.tensor(3.0), "exp_avg": torch.ones(4)}
    join_state(joint, [own])
    assert joint.state[whole]["step"].device.type == device
    assert joint.state[whole]["exp_avg"].device.type == "meta"


def test_what_was_joined_is_split_again():
    whole = nn.Parameter(torch.zeros(6, 2))
    members = [nn.Parameter(torch.full((2, 2), float(number))) for number in range(3)]
    own = [Adam([member]) for member in members]
    for member, optimizer in zip(members, own, strict=True):
        member.grad = member.detach() + 1
        optimizer.step()
    before = [optimizer.state_dict() for optimizer in own]
    joint = Adam([whole])
    join_state(joint, own)
    assert joint.state[whole]["exp_avg"].shape == (6, 2)
    after = split_state(joint, own)
    for first, second in zip(before, after, strict=True):
        torch.testing.assert_close(second["state"], first["state"])
    after[0]["state"][0]["step"] += 1  # a counter is each member's own
    assert after[1]["state"][0]["step"] == 1
    assert joint.state[whole]["step"] == 1
