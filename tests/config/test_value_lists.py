"""No list of values of a command is lost without a word."""

import shlex

import pytest

from ensemble_switchover.config.compose import compose_overrides, read_overrides
from ensemble_switchover.config.quoting import quoted_text
from ensemble_switchover.errors import ConfigError


def refusal(*overrides):
    with pytest.raises(ConfigError) as error:
        read_overrides(overrides)
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    "overrides",
    [
        ("seed=glob(*)",),
        ("seed=range(3,3)",),
        ("k=range(3,3)", "seed=0,1"),
        ("design=deq", "seed=range(5,0)", "k=2"),
        ("arch=glob(zzz*)",),
        ("logger=glob(x*)", "seed=0,1"),
        ("sweep=glob(zz*)",),
        ("sweep=smoke", "seed=range(3,3)"),
        ("sweep=smoke", "budget.network=glob(*)"),
        ("hydra.launcher.n_jobs=2", "hydra/launcher=joblib", "seed=glob(*)"),
        ("seed=shuffle(range(1,1))",),
    ],
)
def test_a_list_without_a_value_is_refused(overrides):
    text = refusal(*overrides)
    named = next(o for o in overrides if "(" in o)
    assert text.startswith(f"{named}: stands for no value, so there is nothing to run; expected ")


def test_no_overrides_are_one_run():
    assert [sweep.runs for sweep in read_overrides([])] == [[[]]]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("seed=0,1", "seed=2"), "seed=0,1 and seed=2: only one of them would count"),
        (("k=2", "++k=3,4"), "k=2 and ++k=3,4: only one of them would count"),
        (("logger=none,csv",), "logger=none,csv: was read as 2 values, and a command has one"),
        (("record.weights=true,false",), "record.weights=true,false: was read as 2 values"),
        (("retry=none,failed", "seed=0,1"), "retry=none,failed: was read as 2 values"),
        (("dataset.residence=host,device",), "dataset.residence=host,device: was read as 2"),
        (("study=1e3, b",), "study='1e3', b: was read as 2 values, and a command has one study="),
        (("seed=range(0,3,0)",), "seed=range(0,3,0): range() arg 3 must not be zero; expected a"),
    ],
)
def test_values_that_would_get_lost_are_refused(overrides, message):
    assert refusal(*overrides).startswith(message)


def test_one_value_may_come_again():
    assert len(compose_overrides(["logger=choice(none)", "seed=0,0"])[0][1]) == 2
    assert read_overrides(["seed=0", "seed=1"])[0].runs == [["seed=1"]]  # as Hydra has it


@pytest.mark.parametrize("key", ["study", "results", "dataset.cache", "dataset.root"])
def test_a_comma_in_a_path_is_told_with_the_quoted_form(key, tmp_path):
    path = f"{tmp_path}/a,b" if key != "study" else "a,b"
    text = refusal(f"{key}={path}", "seed=0,1")
    assert "was read as 2 values" in text
    quoted = shlex.split(text)[-1]
    (sweep,) = read_overrides([quoted, "seed=0,1"])
    assert sweep.runs[1] == [f"{key}='{path}'", "seed=1"]


def test_what_was_typed_as_one_text_is_given_back_as_it_was():
    for text in ("2024_05_01, it's 1e3", "a ,b", "007,true"):
        refused = refusal(f"study={hydra_list(text)}")
        (quoted,) = shlex.split(refused.partition("with a comma in it ")[2])
        assert read_overrides([quoted])[0].runs == [[f"study={quoted_text(text)}"]]


def hydra_list(text):
    """Write a text as a user might who does not think of commas: what needs quotes has them."""
    return ",".join(quoted_text(part) if "'" in part else part for part in text.split(","))


def test_folders_of_images_that_are_there_may_be_swept(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (sweep,) = read_overrides(["dataset=folder", f"dataset.root={tmp_path}/a,{tmp_path}/b"])
    assert len(sweep.runs) == 2
