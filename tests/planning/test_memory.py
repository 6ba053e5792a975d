"""The bytes that are counted from shapes, against those of torch's own tensors."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import SGD

from ensemble_switchover.config.execution_plan import ExecutionPlan, requested_plan
from ensemble_switchover.design import FAMILIES, ImageTask, make_family
from ensemble_switchover.design.layers import (
    BatchNorm,
    Convolution,
    GlobalAveragePool,
    Linear,
    ReLU,
    Shape,
    trace,
)
from ensemble_switchover.networks import build_network
from ensemble_switchover.planning.cost import memory_bytes, shape_bytes, step_bytes
from ensemble_switchover.planning.memory import training_peak_bytes
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.precision import FLOAT32
from tests.networks.small import Mobile
from tests.planning.allocation import AllocationTracker
from tests.planning.fake_step import FAKE_DEVICE, fake_bytes, fake_step_bytes
from tests.training.members import RECIPE

pytestmark = pytest.mark.slow

OPTIONS = {
    "densenet": st.fixed_dictionaries(
        {"bottleneck": st.booleans(), "compression": st.sampled_from([1.0, 0.5])}
    ),
    "resnet": st.fixed_dictionaries({"shortcut": st.sampled_from(["identity", "projection"])}),
}


@st.composite
def members(draw):
    name = draw(st.sampled_from(sorted(FAMILIES)))
    family = make_family(name, draw(OPTIONS.get(name, st.just({}))))
    depth = family.depths[draw(st.integers(0, 1))]
    task = ImageTask(
        channels=draw(st.sampled_from([1, 3])),
        size=draw(st.integers(4, 32)),
        num_classes=draw(st.sampled_from([2, 10, 200])),
    )
    return family, depth, draw(st.integers(1, 12)), task, draw(st.integers(2, 128))


@settings(max_examples=8, deadline=None)
@given(members(), st.sampled_from([4, 8]))
def test_shapes_tell_what_torchs_tensors_take(member, item_bytes):
    exact = fake_bytes(*member, item_bytes, ExecutionPlan())
    assert shape_bytes(*member, item_bytes) == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_shapes_tell_it_of_the_papers_own_networks(name):
    family = make_family(name, {})
    depth, width = family.default_depth, family.default_width
    member = (family, depth, width, ImageTask(3, 32, 10), 128)
    exact = fake_bytes(*member, 4, ExecutionPlan())
    assert shape_bytes(*member, 4) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("depth", [5, 20])
def test_shapes_tell_it_of_depthwise_convolutions(depth):
    member = (Mobile(), depth, 12, ImageTask(3, 32, 10), 64)
    assert shape_bytes(*member, 4) == pytest.approx(
        fake_bytes(*member, 4, ExecutionPlan()), rel=0.02
    )


def real_step_bytes(family, depth, width, task, batch_size, device=FAKE_DEVICE, *, nesterov=False):
    """Take two steps with real tensors, and follow them as the fake ones are followed."""
    tracker = AllocationTracker()
    with tracker:
        network = build_network(family, depth, width, task).to(device)
        settings = {"momentum": 0.9, "weight_decay": 1e-4, "nesterov": nesterov}
        optimizer = SGD(network.parameters(), lr=0.1, foreach=True, **settings)
        execution = EXECUTIONS["sequential"](
            [network], [optimizer], device, FLOAT32, recipe=RECIPE, plan=ExecutionPlan()
        )
        execution.prepare((0,))
        images = torch.zeros((1, batch_size, task.channels, task.size, task.size), device=device)
        labels = torch.zeros((1, batch_size), dtype=torch.long, device=device)
        for _ in range(2):
            execution.train_step((0,), images, labels)
    return tracker.peak_bytes


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_fake_tensors_take_what_real_ones_take(name):
    family = make_family(name, {})
    member = (family, family.depths[0], 6, ImageTask(3, 16, 10), 32)
    fake = fake_bytes(*member, 4, ExecutionPlan())
    assert fake == pytest.approx(real_step_bytes(*member), rel=0.05)


def test_nesterovs_momentum_takes_no_further_memory():
    member = (make_family("densenet", {}), 10, 6, ImageTask(3, 8, 10), 4)
    assert real_step_bytes(*member, nesterov=True) == real_step_bytes(*member)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device to measure memory on")
@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_shapes_tell_what_a_gpu_hands_out(name):
    family = make_family(name, {})
    depth, width, task = family.default_depth, family.default_width, ImageTask(3, 32, 10)
    device = torch.device("cuda", 0)
    real_step_bytes(family, family.depths[0], 2, task, 8, device)  # the libraries' own memory
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    real_step_bytes(family, depth, width, task, 128, device)
    measured = torch.cuda.max_memory_allocated(device) - before
    assert shape_bytes(family, depth, width, task, 128, 4) == pytest.approx(measured, rel=0.1)


def test_a_small_network_counted_by_hand():
    # image 1x4x4, convolution to 2 channels, pooling, 3 classes; batch 5, float32
    network = [Convolution(2, 3), BatchNorm(), ReLU(), GlobalAveragePool(), Linear(3)]
    batch = 5
    weights = 4 * (2 * 9 + 4 + 9)
    statistics = 4 * 4
    image, maps, logits = (4 * batch * n for n in (16, 32, 3))
    state = 2 * weights + statistics + image  # with the momentum
    # where ReLU goes back: what the norm and ReLU saved, the gradients of ReLU's output and input;
    # the classifier has its own gradient
    expected = state + 4 * maps + 4 * 9
    peak = training_peak_bytes(trace(network, Shape(1, 4)), batch)
    assert expected <= peak <= expected + 2 * logits


def test_memory_grows_with_the_batch_and_with_the_type():
    operations = make_family("resnet", {}).trace(14, 8, ImageTask(3, 32, 10))
    sizes = [training_peak_bytes(operations, batch) for batch in (1, 2, 4, 8)]
    assert sizes == sorted(set(sizes))
    assert training_peak_bytes(operations, 8, 8) == 2 * sizes[-1]


@pytest.mark.parametrize("precision", ["32", "64", "bf16"])
def test_a_run_has_its_images_and_on_a_cpu_the_other_members(precision, tiny_spec):
    words = ("design=deq", "k=3", f"precision={precision}", "budget.width=16")
    spec, _ = tiny_spec(*words)
    item = 8 if precision == "64" else 4
    design = spec.design
    member = shape_bytes(spec.family, design.depth, design.width, spec.task, 16, item)
    images = (40 + 60) * (64 + 8)
    assert memory_bytes(spec, requested_plan(spec), "cuda", None) == member + images
    others = 2 * 3 * design.member_parameters * item
    assert memory_bytes(spec, requested_plan(spec), "cpu", None) == member + images + others


@pytest.mark.parametrize(
    ("residence", "available", "on_device"),
    [
        ("auto", None, True), ("auto", 10**9, True), ("auto", 10**4, False),
        ("host", 10**9, False), ("device", 10**4, True),
    ],
)  # fmt: skip
def test_images_count_where_they_lie(residence, available, on_device, tiny_spec):
    spec, _ = tiny_spec(f"dataset.residence={residence}")
    images = (40 + 60) * (64 + 8)
    step = memory_bytes(spec, requested_plan(spec), "cuda", available) - on_device * images
    assert step == shape_bytes(spec.family, 26, 8, spec.task, 16, 4)


@pytest.mark.parametrize(
    ("plan", "num_members", "copies"),
    [
        (ExecutionPlan(), 1, True),
        (ExecutionPlan(channels_last=True), 1, False),
        (ExecutionPlan("fused"), 2, False),
    ],
)
def test_the_update_counts_where_weights_are_most_of_it(plan, num_members, copies):
    member = (make_family("wide_resnet", {}), 10, 12, ImageTask(1, 8, 10), 16)
    exact = fake_bytes(*member, 4, plan, num_members)
    counted = num_members * shape_bytes(*member, 4, update_copies=copies)
    assert counted == pytest.approx(exact, rel=0.1)


PLANS = [ExecutionPlan(), ExecutionPlan(channels_last=True), ExecutionPlan("fused")]
FAMILIES_PLANS_AND_PRECISIONS = [
    pytest.param(name, plan, ("32", "64")[(row + column) % 2], id=f"{name}-{plan.label}")
    for row, name in enumerate(sorted(FAMILIES))
    for column, plan in enumerate(PLANS)
]
"""Every family in every plan; each of them in both precisions."""


@pytest.mark.parametrize(("name", "plan", "precision"), FAMILIES_PLANS_AND_PRECISIONS)
def test_a_step_of_a_run_takes_what_torchs_tensors_take(name, plan, precision, tiny_spec):
    depth = make_family(name, {}).depths[0]
    overrides = (f"arch={name}", f"budget.depth={depth}", "budget.width=12", "design=deq", "k=3")
    spec, _ = tiny_spec(*overrides, f"precision={precision}")
    assert step_bytes(spec, plan) == pytest.approx(fake_step_bytes(spec, plan), rel=0.1)
    assert torch.get_default_dtype() is torch.float32
