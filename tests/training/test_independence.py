"""A member of an ensemble learns exactly what the same network learns alone."""

from dataclasses import replace

import pytest
import pytorch_lightning as lightning
import torch
from torch import nn
from torch.nn import functional

from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.config.recipe import Recipe
from ensemble_switchover.config.seeds import Stream, stream_seed
from ensemble_switchover.config.table_a import WITH_NESTEROV
from ensemble_switchover.data import ImageDataModule, load_dataset
from ensemble_switchover.data.augmentation import Augmentation, augment, draw_augmentation
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.design import ImageTask, make_family
from ensemble_switchover.networks import Ensemble, build_member
from ensemble_switchover.training import EnsembleModule
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.precision import Precision

pytestmark = pytest.mark.slow

TASK = ImageTask(channels=1, size=8, num_classes=10)
RECIPE = Recipe(
    name="test",
    epochs=3,
    batch_size=16,
    learning_rate=0.1,
    drops=((1, 0.05), (2, 0.01)),
    weight_decay=0.001,
)
AUGMENTATION = Augmentation(padding=1, flip=True)
BATCHES = ((0, 12), (12, 24), (24, 35))
"""Batches of 16 would leave 3 images for the last one; they are spread."""


@pytest.fixture
def split(compose_config):
    dataset = compose_config("dataset.train_size=35", "dataset.test_size=30").dataset
    return load_dataset(dataset, 35, 30)


def trained(ensemble, seeds, split, plan, *, nesterov=False):
    precision = Precision("64", torch.float64)
    module = EnsembleModule(
        ensemble.double(),
        replace(RECIPE, nesterov=nesterov),
        plan,
        precision,
        member_seeds=seeds,
        num_train_images=35,
        num_test_images=30,
        num_classes=10,
    )
    data = ImageDataModule(
        split,
        groups=EXECUTIONS[plan.within].groups(len(seeds)),
        member_seeds=seeds,
        batch_size=RECIPE.batch_size,
        augmentation=AUGMENTATION,
        dtype=precision.dtype,
    )
    trainer = lightning.Trainer(
        max_epochs=RECIPE.epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(module, datamodule=data)
    return module


def trained_plainly(network, seed, split, dtype=torch.float64, *, nesterov=False):
    """Train the same network in a bare loop, with torch's own optimizer and schedule."""
    network = network.to(dtype)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.1, momentum=0.9, weight_decay=0.001, nesterov=nesterov
    )
    schedule = {0: 0.1, 1: 0.05, 2: 0.01}
    normalisation = Normalisation.of(split.train.images)
    for epoch in range(RECIPE.epochs):
        optimizer.param_groups[0]["lr"] = schedule[epoch]
        torch.manual_seed(stream_seed(seed, Stream.LAYERS, epoch))
        generator = torch.Generator().manual_seed(stream_seed(seed, Stream.ORDER, epoch))
        order = torch.randperm(35, generator=generator)
        generator.manual_seed(stream_seed(seed, Stream.AUGMENTATION, epoch))
        draws = draw_augmentation(AUGMENTATION, 35, generator)
        for start, stop in BATCHES:
            chosen = order[start:stop]
            selected = draws.select(start, stop)
            images = augment(split.train.images[chosen], selected, AUGMENTATION)
            loss = functional.cross_entropy(
                network(normalisation.apply(images, dtype)), split.train.labels[chosen]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network


@pytest.fixture(scope="module")
def alone():
    """Train a network of a family alone, once for all executions."""
    made = {}

    def network_of(name, depth, width, seed, split):
        key = (name, depth, width, seed)
        if key not in made:
            network = build_member(make_family(name, {}), depth, width, TASK, seed)
            made[key] = trained_plainly(network, seed, split, nesterov=name in WITH_NESTEROV)
        return made[key]

    return network_of


def assert_equal(member, alone):
    states = zip(member.state_dict().items(), alone.state_dict().items(), strict=True)
    for (key, inside), (other, outside) in states:
        assert key == other
        torch.testing.assert_close(inside, outside, rtol=1e-9, atol=1e-12, msg=key)


@pytest.mark.parametrize(
    "plan",
    [pytest.param(plan, id=plan.label) for plan in candidate_plans(3, 1)],
)
@pytest.mark.parametrize(
    ("name", "depth", "width"),
    [("resnet", 8, 4), ("densenet", 7, 4), ("wide_resnet", 10, 1), ("vgg", 8, 2)],
)
def test_a_member_equals_the_same_network_trained_alone(name, depth, width, plan, split, alone):
    family = make_family(name, {})
    seeds = [5, 3, 11]

    ensemble = Ensemble.build(family, depth, width, TASK, seeds)
    module = trained(ensemble, seeds, split, plan, nesterov=name in WITH_NESTEROV)

    for member, seed in zip(module.ensemble.members, seeds, strict=True):
        assert_equal(member, alone(name, depth, width, seed, split))


@pytest.mark.parametrize("plan", [ExecutionPlan(), ExecutionPlan(channels_last=True)])
def test_layers_that_draw_do_so_by_their_members_own_seed(plan, split):
    def made(seed):
        network = build_member(make_family("resnet", {}), 8, 4, TASK, seed)
        return nn.Sequential(*network[:-1], nn.Dropout(0.5), network[-1])

    seeds = [5, 3, 11]
    module = trained(Ensemble(made(seed) for seed in seeds), seeds, split, plan)
    for member, seed in zip(module.ensemble.members, seeds, strict=True):
        assert_equal(member, trained_plainly(made(seed), seed, split))


def test_members_differ(split):
    ensemble = Ensemble.build(make_family("resnet", {}), 8, 4, TASK, [0, 1])
    first, second = trained(ensemble, [0, 1], split, ExecutionPlan()).ensemble.members
    assert not torch.equal(first[-1].weight, second[-1].weight)


def test_the_probabilities_kept_are_those_of_the_trained_ensemble(split):
    ensemble = Ensemble.build(make_family("resnet", {}), 8, 4, TASK, [0, 1])
    module = trained(ensemble, [0, 1], split, ExecutionPlan())
    assert module.probabilities.shape == (2, 30, 10)
    torch.testing.assert_close(
        module.probabilities.sum(dim=-1), torch.ones(2, 30), rtol=1e-5, atol=1e-5
    )
    images = Normalisation.of(split.train.images).apply(split.test.images, torch.float64)
    module.eval()
    with torch.inference_mode():
        expected = module.ensemble.double()(images)
    torch.testing.assert_close(
        module.probabilities.mean(dim=0).double(), expected.double(), rtol=1e-4, atol=1e-6
    )
