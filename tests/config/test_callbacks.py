"""Callbacks of the user: which are taken, what is said of the others, and what they decide."""

import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import ConfigError

SHIPPED = sorted(path.stem for path in (conf_folder() / "callbacks").glob("*.yaml"))
CHECKPOINT = "pytorch_lightning.callbacks.ModelCheckpoint"


def targets(config):
    return [part["_target_"].rpartition(".")[2] for part in config.callbacks.values()]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_callback_composes_and_resolves(name, compose_config):
    config = compose_config(f"callbacks={name}")
    assert len(config.callbacks) == (name != "none")
    assert resolve(config).callbacks == config.callbacks


def test_several_are_chosen_as_a_list_and_changed_by_their_names(compose_config):
    config = compose_config(
        "callbacks=[early_stopping,lr_monitor]", "callbacks.early_stopping.patience=3",
        "+callbacks.mine._target_=torch.nn.Identity", "+callbacks.mine.size=5",
    )  # fmt: skip
    assert targets(config) == ["EarlyStopping", "LearningRateMonitor", "Identity"]
    assert config.callbacks["early_stopping"]["patience"] == 3
    assert config.callbacks["mine"] == {"_target_": "torch.nn.Identity", "size": 5}


def test_they_are_swept_like_other_groups():
    ((_, configs),) = compose_overrides(["callbacks=none,early_stopping", "seed=0,1"])
    assert [targets(config) for config in configs] == [[], [], ["EarlyStopping"], ["EarlyStopping"]]


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (["+callbacks.mine.patience=3"], r"callbacks\.mine: expected callbacks\.mine\._target_="),
        (["+callbacks.mine=3"], r"callbacks\.mine=3: expected callbacks\.mine\._target_="),
        (["+callbacks.a._target_=nowhere_at_all.Callback"], "there is no module nowhere_at_all"),
        (["callbacks=early_stopping", "execution=parallel"], "execution=parallel: its processes"),
        (["callbacks=early_stopping", "callbacks.early_stopping.monitor=val_loss"],
         r"monitor=val_loss: is not logged; expected one of error, member_error"),
        (["+callbacks.a._target_=pytorch_lightning.callbacks.GradientAccumulationScheduler"],
         r"every batch is a step; expected recipe\.batch_size"),
        ([f"+callbacks.a._target_={CHECKPOINT}"], r"callbacks\.a\.dirpath="),
        (["+callbacks.a._target_=lightning.pytorch.callbacks.EarlyStopping"],
         r"of another package; expected pytorch_lightning\.callbacks\.EarlyStopping"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(overrides, problem, compose_config):
    with pytest.raises(ConfigError, match=problem):
        resolve(compose_config(*overrides))


def test_one_that_is_null_is_left_out(compose_config):
    config = compose_config("callbacks=early_stopping", "callbacks.early_stopping=null")
    assert resolve(config).callbacks == {}
    assert resolve(config).fingerprint == resolve(compose_config()).fingerprint


def test_those_that_decide_are_in_the_fingerprint(compose_config):
    plain = resolve(compose_config()).fingerprint
    for name in ("none", "lr_monitor", "rich_progress"):
        assert resolve(compose_config(f"callbacks={name}")).fingerprint == plain
    stopping = [
        resolve(compose_config("callbacks=early_stopping", f"callbacks.early_stopping.{argument}"))
        for argument in ("patience=10", "patience=11", "monitor=nll")
    ]
    assert len({plain, *(spec.fingerprint for spec in stopping)}) == 4


def test_who_stops_by_the_test_images_is_told(compose_config):
    def notes(*overrides):
        spec = resolve(compose_config("callbacks=early_stopping", *overrides))
        return [note for note in spec.notes if "callbacks." in note]

    assert "dataset.validation_size=" in notes()[0]
    assert notes("dataset.validation_size=50") == []
    assert notes("callbacks.early_stopping.monitor=train_loss") == []


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (conf_folder() / "experiment").glob("*.yaml"))
)
def test_every_experiment_composes_resolves_and_may_be_written_with_a_plus(name):
    ((_, [plain]),), ((_, [plus]),) = (
        compose_overrides([f"{sign}experiment={name}", "epochs=3"]) for sign in ("", "+")
    )
    assert plain == plus
    assert resolve(plain).recipe.epochs == 3
    assert (plain.study, targets(plain)) == (name, ["EarlyStopping", "LearningRateMonitor"])
