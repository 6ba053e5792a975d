"""Table A as printed, and its schedules against torch's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.config.make_recipe import make_recipe
from ensemble_switchover.config.recipe import Recipe
from ensemble_switchover.config.recipe_config import RecipeConfig
from ensemble_switchover.config.table_a import DIGITS_RECIPE, TABLE_A, table_a
from ensemble_switchover.errors import ConfigError

# Wasay & Idreos 2021, Table A: epochs, learning rates and where they begin, batch size, decay.
ROWS = [
    ("densenet", "svhn", 100, [(0, 0.1), (30, 0.01), (60, 0.001)], 128, 0.001),
    ("densenet", "cifar10", 120, [(0, 0.1), (60, 0.01), (90, 0.001)], 128, 0.001),
    ("densenet", "cifar100", 120, [(0, 0.1), (60, 0.01), (90, 0.001)], 128, 0.001),
    ("densenet", "tiny_imagenet", 90, [(0, 0.1), (30, 0.01), (60, 0.001)], 64, 0.001),
    ("densenet", "imagenet32", 90, [(0, 0.1), (30, 0.01), (60, 0.001)], 64, 0.001),
    ("resnet", "cifar10", 250, [(0, 0.1), (100, 0.01), (200, 0.001)], 128, 0.0001),
    ("resnet", "cifar100", 500, [(0, 0.1), (250, 0.01), (375, 0.001)], 128, 0.0001),
    ("wide_resnet", "cifar10", 200, [(0, 0.1), (100, 0.01), (200, 0.001)], 128, 0.0001),
    ("wide_resnet", "cifar100", 200, [(0, 0.1), (100, 0.01), (200, 0.001)], 128, 0.0001),
]
PAIRS = [(family, dataset) for family, dataset, *_ in ROWS]


@pytest.mark.parametrize(("family", "dataset", "epochs", "rates", "batch_size", "decay"), ROWS)
def test_the_rows_of_table_a(family, dataset, epochs, rates, batch_size, decay):
    recipe = table_a(family, dataset)
    assert recipe.name == "Table A"
    assert recipe.epochs == epochs
    assert [(0, recipe.learning_rate), *recipe.drops] == rates
    assert recipe.batch_size == batch_size
    assert recipe.weight_decay == decay
    assert recipe.momentum == 0.9
    assert recipe.nesterov == (family != "resnet")


# Huang et al. 2017, section 4.2; Zagoruyko & Komodakis 2016, section 3; He et al. 2016, section
# 4.2; Simonyan & Zisserman 2015, section 3.1.
@pytest.mark.parametrize(
    ("family", "has"),
    [("densenet", True), ("wide_resnet", True), ("resnet", False), ("vgg", False)],
)
@pytest.mark.parametrize("dataset", ["cifar10", "svhn", "fashion_mnist", "folder", "fractals"])
def test_momentum_is_nesterovs_where_the_familys_paper_has_it(family, dataset, has):
    recipe = table_a(family, dataset)
    assert recipe.nesterov is has
    assert recipe.scaled_to(30).nesterov is has
    for asked in (True, False):
        assert make_recipe(recipe, RecipeConfig(nesterov=asked), None).nesterov is asked
    assert make_recipe(recipe, RecipeConfig(), 30).nesterov is has


def test_nesterovs_momentum_needs_one():
    row = {"name": "mine", "epochs": 1, "batch_size": 8, "learning_rate": 0.1, "drops": ()}
    plain = Recipe(**row, weight_decay=0, momentum=0)
    with pytest.raises(
        ConfigError,
        match=r"^recipe\.nesterov=true: needs a momentum above 0, and the recipe mine has 0; exp",
    ):
        make_recipe(plain, RecipeConfig(nesterov=True), None)
    assert make_recipe(plain, RecipeConfig(nesterov=False), None) == plain


def test_there_are_no_further_rows():
    assert set(TABLE_A) == set(PAIRS)


@pytest.mark.parametrize(
    ("family", "dataset"),
    [("resnet", "svhn"), ("wide_resnet", "tiny_imagenet"), ("densenet", "fashion_mnist")],
)
def test_a_missing_pair_takes_the_row_of_cifar10_and_says_so(family, dataset):
    recipe, row = table_a(family, dataset), table_a(family, "cifar10")
    assert recipe.name != row.name
    assert "CIFAR-10" in recipe.name
    assert (recipe.epochs, recipe.drops) == (row.epochs, row.drops)
    assert (recipe.batch_size, recipe.weight_decay) == (row.batch_size, row.weight_decay)


@pytest.mark.parametrize("family", ["densenet", "resnet", "wide_resnet"])
def test_digits_have_a_recipe_that_is_not_the_papers(family):
    recipe = table_a(family, "digits")
    assert recipe == DIGITS_RECIPE
    assert "Table A" not in recipe.name
    starts = [start / recipe.epochs for start, _ in recipe.drops]
    assert starts == [0.5, 0.75]


def torchs_rates(recipe):
    """Take the learning rate of every epoch from torch's MultiStepLR."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=recipe.learning_rate)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(
        optimizer, milestones=[start for start, _ in recipe.drops], gamma=0.1
    )
    rates = []
    for _ in range(recipe.epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(("family", "dataset"), [*PAIRS, ("resnet", "digits")])
@pytest.mark.parametrize("epochs", [None, 40, 7])
def test_rates_are_those_of_torchs_multi_step_schedule(family, dataset, epochs):
    recipe = table_a(family, dataset)
    recipe = recipe if epochs is None else recipe.scaled_to(epochs)
    rates = [recipe.learning_rate_at(epoch) for epoch in range(recipe.epochs)]
    assert rates == pytest.approx(torchs_rates(recipe))


pairs = st.sampled_from([*PAIRS, ("resnet", "digits")])


@settings(max_examples=60, deadline=None)
@given(pairs, st.integers(1, 2000))
def test_a_scaled_schedule_keeps_its_proportions(pair, epochs):
    recipe = table_a(*pair)
    scaled = recipe.scaled_to(epochs)
    assert scaled.epochs == epochs
    assert [rate for _, rate in scaled.drops] == [rate for _, rate in recipe.drops]
    for (start, _), (original, _) in zip(scaled.drops, recipe.drops, strict=True):
        exact = epochs * original / recipe.epochs
        assert abs(start - exact) <= (0.5 if exact >= 0.5 else 1)


@settings(max_examples=60, deadline=None)
@given(pairs, st.integers(1, 60))
def test_the_first_epoch_never_has_a_dropped_rate(pair, epochs):
    scaled = table_a(*pair).scaled_to(epochs)
    rates = [scaled.learning_rate_at(epoch) for epoch in range(epochs)]
    assert rates[0] == scaled.learning_rate == 0.1
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize("factor", [2, 3])
def test_multiples_scale_exactly(factor):
    recipe = table_a("resnet", "cifar10")
    assert recipe.scaled_to(factor * 250).drops == ((factor * 100, 0.01), (factor * 200, 0.001))


def test_only_the_schedule_is_scaled_and_the_name_tells():
    recipe = table_a("resnet", "cifar100")
    scaled = recipe.scaled_to(50)
    assert scaled.name == "Table A, scaled from 500 epochs"
    assert (scaled.batch_size, scaled.weight_decay, scaled.learning_rate) == (128, 0.0001, 0.1)
    assert recipe.scaled_to(500) == recipe
