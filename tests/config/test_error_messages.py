"""What a user is told about a mistake, in-process; the real command line is in `test_app.py`."""

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.config.groups import GROUPS, conf_folder, key_owners
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import typed
from ensemble_switchover.config.unknown_keys import SHOW_ALL
from ensemble_switchover.errors import ConfigError, EnsembleSwitchoverError, join_problems

SOME_BUDGET = ("budget=parameters", "budget.parameters=1M")


def complaint(*overrides):
    """Compose and resolve as the application does; return what it would tell."""
    with (
        initialize_config_dir(str(conf_folder()), version_base="1.3"),
        pytest.raises((HydraException, OmegaConfBaseException, EnsembleSwitchoverError)) as error,
    ):
        resolve(typed(compose("config", overrides=list(overrides))))
    return message_for(error.value)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        # options of groups
        (["arch=resnett"],
         "arch=resnett: expected one of densenet, resnet, vgg, wide_resnet; did you mean resnet?"),
        (["dataset=cifar"], "dataset=cifar: expected one of cifar10, cifar100"),
        (["design=foo"], "design=foo: expected one of deq, single, weq"),
        (["budget=parms"], "budget=parms: expected one of network, parameters"),
        (["execution=threads"], "execution=threads: expected one of auto, fused, "),
        (["logger=mlflow"], "logger=mlflow: expected one of csv, none, tensorboard, wandb"),
        (["sweep=nope"], "sweep=nope: expected one of demo"),
        (["arch="], "arch=: expected one of densenet, resnet, vgg, wide_resnet"),
        # keys of another option
        (["budget.parameters=5"],
         "budget.parameters: belongs to budget=parameters, which was not chosen"),
        (["budget.along=depth"],
         "budget.along: belongs to budget=parameters, which was not chosen"),
        (["arch.compression=0.5"],
         "arch.compression: belongs to arch=densenet, which was not chosen"),
        (["arch=wide_resnet", "arch.shortcut=projection"],
         "arch.shortcut: belongs to arch=resnet, which was not chosen"),
        # types
        (["k=abc"], "k=abc: expected a value of type Integer"),
        (["k=1e9"], "k=1000000000.0: expected a value of type Integer"),
        (["k=2.5"], "k=2.5: expected a value of type Integer"),
        (["k=[1,2]"], "k=[1, 2]: expected a value of type Integer"),
        (["k=null"], "k=null: expected a value"),
        (["budget.depth=deep"], "budget.depth=deep: expected a value of type Integer"),
        (["recipe.learning_rate=fast"],
         "recipe.learning_rate=fast: expected a value of type Float"),
        (["measurement.latency_batch_sizes=[1,a]"],
         "measurement.latency_batch_sizes[1]=a: expected a value of type Integer"),
        # absent
        (["budget=parameters"],
         "budget.parameters: expected a value, none came; give budget.parameters=..."),
        # appended
        # groups and flags of other templates
        (["hparams_search=optuna"], "hparams_search: no such group; Hydra's Optuna sweeper"),
        (["+hparams_search=optuna"], "hparams_search: no such group; Hydra's Optuna sweeper"),
        (["callbacks=lr_monitor", "callbacks.lr_monitor.log_momentum=true"],
         "callbacks.lr_monitor.log_momentum: is not among the arguments so far; expected "
         "callbacks=lr_monitor beside it, and a + for an argument"),
        (["recipe.schedule=cosine"],
         "recipe.schedule: holds keys of its own; expected recipe/schedule=OPTION, one of const"),
        (["recipe.loss=mine"],
         "recipe.loss: holds keys of its own; expected recipe.loss._target_=..."),
        (["recipe.optimizer.lr=0.1"], "recipe.optimizer.lr: expected recipe.learning_rate"),
        (["recipe/optimizer=adamW"],
         "recipe/optimizer=adamW: expected one of adam, adamw, sgd; did you mean adamw?"),
        (["recipe.optimizer.betas=[0.9,0.99]"],
         "recipe.optimizer.betas: is not among the arguments so far; expected a +"),
        (["trainer.max_epochs=3"], "trainer.max_epochs: the schedule has to know"),
        (["+trainer.max_epochs=3"], "trainer.max_epochs: the schedule has to know"),
        (["+junk=1"], f"junk: no such key; {SHOW_ALL}"),
        (["++junk=1"], f"junk: no such key; {SHOW_ALL}"),
        (["+arch.junk=1"], f"arch.junk: no such key; {SHOW_ALL}"),
        (["+recipe.lr=1"], "recipe.lr: no such key; did you mean recipe.learning_rate?"),
        (["++recipe.foo=1"], f"recipe.foo: no such key; {SHOW_ALL}"),
        (["+optimizer=adamw"], "optimizer: no such key; did you mean recipe/optimizer?"),
        (["optimizer=adamw"], "optimizer: no such key; did you mean recipe/optimizer=adamw?"),
        (["model=vgg"], "model: no such key; did you mean arch=vgg?"),
        (["recipe.optimizer=adamw"],
         "recipe.optimizer: holds keys of its own; expected recipe/optimizer=OPTION, one of adam"),
        (["+k=4"], "+k=4: the key is there already; expected k=4"),
        (["+arch=vgg"], "arch: an option of it is chosen already; expected arch=... without a +"),
        (["++arch=vgg"], "arch: an option of it is chosen already; expected arch=... without a +"),
        # removed
        (["~foo"], "foo: no such key"),
        (["~logger"], "logger: expected a value, none came; give logger=..."),
        # lists
        (["design=single,deq"],
         "design=single,deq: is a list, and this is one run; expected one value, or --multirun to"),
        (["seed=1,2"], "seed=1,2: is a list, and this is one run; expected one value, or"),
        (["seed=range(3)"], "seed=range(3): is a list, and this is one run; expected one value"),
        (["logger.tags=a,b"],
         "logger.tags=a,b: is a list, and this is one run; expected brackets around one list, "
         "'logger.tags=[a,b]', or --multirun"),
        (["logger.tags=a"],
         "logger.tags: expected a list in brackets, such as 'logger.tags=[a,b]'"),
        # unparsable
        (["hello"], "hello: cannot be read; expected key=value"),
        (["k==3"], "k==3: cannot be read; expected key=value"),
        (["study=été"], "study=été: cannot be read; expected key=value"),
        (["k=[1,2"], "k=[1,2: cannot be read; expected key=value"),
        (["study=${"], "study=${: cannot be read; expected key=value"),
        # designs and values
        (["k=0"], "k=0: expected 1 to 64 members"),
        (["budget.depth=25"],
         "budget.depth=25: a resnet has depth 6n+2, n at least 1; nearest: 20 and 26"),
        (["design=deq", "k=64"], "design=deq k=64: 64 networks of depth 26 do not fit"),
        (["budget=parameters", "budget.parameters=1k"],
         "budget.parameters=1,000: no resnet of depth 26 is that small; the smallest has 1,595"),
    ],
)  # fmt: skip
def test_one_line_names_key_expectation_and_value(overrides, message):
    text = complaint(*overrides)
    assert text.startswith(message)
    assert "\n" not in text


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("bugdet.width=3", "budget.width"),
        ("budget.widht=3", "budget.width"),
        ("sede=1", "seed"),
        ("epoch=1", "epochs"),
        ("desgin=deq", "design"),
        ("recipe.batchsize=1", "recipe.batch_size"),
        ("dataset.trainsize=1", "dataset.train_size"),
        ("measurement.latency_second=1", "measurement.latency_seconds"),
        ("reslts=x", "results"),
        ("arch.shortcat=projection", "arch.shortcut"),
    ],
)
def test_a_misspelt_key_gets_the_near_one_first(override, meant):
    text = complaint(override)
    key = override.partition("=")[0]
    assert text.startswith(f"{key}: no such key; did you mean {meant}")
    assert SHOW_ALL in text


def test_a_key_unlike_any_other_gets_no_suggestion():
    assert complaint("zzzzz=1") == f"zzzzz: no such key; {SHOW_ALL}"


def test_a_missing_interpolation_names_the_key():
    assert complaint("study=${nope}").startswith("study: ")


def test_characters_outside_the_grammar_get_a_hint_that_works():
    assert complaint("study=été").endswith("\"study='été'\"")
    assert complaint("k=été").endswith("\"key='value'\"")
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        assert compose("config", overrides=["study='été'"]).study == "été"


def test_several_problems_make_one_message():
    assert complaint("k=0", "seed=-1").splitlines() == [
        "2 problems:",
        "  - k=0: expected 1 to 64 members",
        "  - seed=-1: expected 0 to 9007199254740991",
    ]


def test_the_programs_own_errors_are_told_as_they_are():
    assert message_for(ConfigError("k=0: expected more")) == "k=0: expected more"


def test_an_error_of_hydra_that_is_not_known_is_told_in_full():
    error = HydraException("the headline")
    error.__cause__ = ValueError("the cause")
    assert message_for(error).splitlines() == ["the headline", "the cause"]


def test_the_known_keys_are_those_that_can_be_set():
    keys = key_owners()
    for key in ("k", "seed", "budget.along", "arch.compression", "arch.shortcut", "logger.mode",
                "measurement.latency_seconds", "recipe.batch_size", "dataset.root"):  # fmt: skip
        assert key in keys
    assert "arch.parameters" not in keys
    composed = {}
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        for choice in (["arch=densenet"], ["arch=resnet"], [*SOME_BUDGET], ["design=deq"]):
            composed.update(leaves(compose("config", overrides=choice)))
    missing = sorted(set(composed) - set(keys))
    assert missing == []


def leaves(node, prefix=""):
    """List the dotted keys of a composed node, lists and values alike."""
    found = {}
    for key, value in node.items():
        if hasattr(value, "items") and f"{prefix}{key}" not in key_owners():
            found.update(leaves(value, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = value
    return found


def test_the_groups_are_the_folders_of_conf():
    conf = conf_folder()
    folders = {str(path.parent.relative_to(conf)) for path in conf.rglob("*.yaml")} - {"."}
    ours = {name for name in folders if not name.startswith("hydra") and name != "sweep/grid"}
    assert ours == set(GROUPS)


@pytest.mark.parametrize(
    ("problems", "text"),
    [(["a"], "a"), (["a", "b"], "2 problems:\n  - a\n  - b")],
)
def test_problems_are_joined(problems, text):
    assert join_problems(problems) == text
