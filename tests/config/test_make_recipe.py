"""Recipes from the keys of a configuration."""

import pytest

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import ConfigError


@pytest.fixture
def recipe_of(compose_config):
    return lambda *overrides: resolve(compose_config(*overrides)).recipe


@pytest.mark.parametrize("name", ["sgd_cosine", "adamw_onecycle", "airbench"])
def test_every_shipped_recipe_composes_and_is_told_by_its_name(name, recipe_of):
    recipe = recipe_of(f"recipe={name}")
    assert recipe.name.startswith(name)
    assert recipe.drops == ()
    assert "schedule" in recipe.additions
    assert recipe.batch_size == (1024 if name == "airbench" else 64)


def test_what_is_stated_replaces_what_the_recipe_has(recipe_of):
    recipe = recipe_of(
        "recipe=sgd_cosine", "recipe.momentum=0.8", "recipe.nesterov=false", "recipe.cutmix=1"
    )
    assert (recipe.momentum, recipe.nesterov, recipe.cutmix) == (0.8, False, 1)
    assert recipe.label_smoothing == 0.1


def test_table_a_has_nothing_more(recipe_of):
    assert recipe_of().additions == {}
    assert recipe_of("recipe.optimizer._target_=torch.optim.SGD").additions == {}


def test_a_recipes_epochs_are_scaled_to_those_asked_for(recipe_of):
    assert recipe_of("recipe=airbench").epochs == 10
    short = recipe_of("recipe=sgd_cosine", "epochs=4")
    assert short.epochs == 4
    assert short.schedule.warmup_epochs == 1  # of 20 epochs there were 5


def test_own_drops_are_shares_of_the_rate(recipe_of):
    recipe = recipe_of("recipe.schedule.drops=[[10,0.5],[15,0.1]]", "recipe.learning_rate=0.2")
    assert recipe.drops == ((10, 0.1), (15, pytest.approx(0.02)))
    assert recipe.milestones == [10, 15, 20]


@pytest.mark.parametrize(
    ("optimizer", "additions"),
    [
        ("adamw", {"_target_": "torch.optim.AdamW", "betas": [0.9, 0.999], "eps": 1e-8}),
        ("sgd", None),
    ],
)
def test_an_optimizer_is_a_group(optimizer, additions, recipe_of):
    recipe = recipe_of(f"recipe/optimizer={optimizer}")
    assert recipe.additions.get("optimizer") == additions
    assert recipe.momentum == (0.9 if additions is None else 0)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["+recipe.optimizer.lr=1"], r"recipe\.optimizer\.lr=1: expected recipe\.learning_rate"),
        (["recipe.optimizer._target_=Adam"], "expected a full name"),
        (["recipe.optimizer._target_=nowhere.Adam"], "there is no module nowhere"),
        (["recipe.optimizer._target_=torch.optim.LBFGS"], "several times a step"),
        (["recipe.optimizer._target_=torch.optim.Muon"], "matrices alone"),
        (
            ["recipe/optimizer=adamw", "recipe.momentum=0.9"],
            r"recipe\.momentum=0\.9: is of .* descent.*; expected recipe\.momentum=null",
        ),
        (["recipe/schedule=scheduler"], r"recipe\.schedule\.scheduler: expected .*_target_"),
        (
            ["recipe.schedule.scheduler._target_=torch.optim.lr_scheduler.StepLR"],
            r"recipe/schedule=scheduler beside it",
        ),
        (
            [
                "recipe/schedule=scheduler",
                "recipe.schedule.scheduler._target_=torch.optim.lr_scheduler.ReduceLROnPlateau",
            ],
            "known before the training",
        ),
        (
            ["recipe.optimizer._target_=torch.optim.lbfgs.LBFGS"],
            r"lbfgs\.LBFGS: expected torch\.optim\.LBFGS",
        ),
        (
            ["recipe.optimizer._target_=torch.optim.Rprop"],
            r"recipe\.weight_decay=0\.0001: torch\.optim\.Rprop takes none",
        ),
        (["+recipe.optimizer.momentum=x"], r"momentum=x: expected 0 or more, less than 1"),
        (["recipe.schedule.drops=[[10]]"], "expected pairs of an epoch"),
        (["recipe/schedule=cosine", "recipe.schedule.drops=[[1,1]]"], "is of .*name=steps"),
        (
            ["recipe.loss._target_=torch.nn.CrossEntropyLoss", "recipe.label_smoothing=0.1"],
            "among the arguments of recipe.loss",
        ),
        (["recipe.label_smoothing=1"], "expected 0 or more, less than 1"),
        (["recipe.gradient_clip=0"], "more than 0"),
        (["recipe.ema_decay=1"], "less than 1"),
        (
            ["recipe.optimizer._target_=torch.optim.Adafactor", "execution=fused"],
            "updates every weight by itself, and torch.optim.Adafactor is not known to",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(overrides, message, recipe_of):
    with pytest.raises(ConfigError, match=message):
        recipe_of(*overrides)


def test_recipes_decide_the_fingerprint(compose_config):
    asked = [
        (),
        ("recipe=sgd_cosine",),
        ("recipe/optimizer=adamw",),
        ("recipe/optimizer=adamw", "recipe.optimizer.betas=[0.8,0.999]"),
        ("recipe.momentum=0.8",),
        ("recipe.label_smoothing=0.1",),
        ("recipe.mixup=0.2",),
        ("recipe.gradient_clip=1",),
        ("recipe.ema_decay=0.99",),
        ("recipe.decay=weights",),
        ("recipe.loss._target_=torch.nn.CrossEntropyLoss",),
    ]
    found = {resolve(compose_config(*overrides)).fingerprint for overrides in asked}
    assert len(found) == len(asked)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("recipe.schedule.end=0.1", "recipe.schedule.interval=step"), ()),
        (("recipe/schedule=cosine", "recipe.schedule.peak=0.5"), ("recipe/schedule=cosine",)),
        (
            ("recipe.schedule.drops=[[9,0.01],[4,0.1]]",),
            ("recipe.schedule.drops=[[4,0.1],[9,0.01]]",),
        ),
        (("+recipe.optimizer.momentum=null",), ()),
    ],
)
def test_what_decides_nothing_is_not_in_the_fingerprint(ours, theirs, compose_config):
    first, second = (resolve(compose_config(*overrides)) for overrides in (ours, theirs))
    assert first.recipe == second.recipe
    assert first.fingerprint == second.fingerprint
