"""Text keys keep the text that was typed, or it is refused with the quoted form."""

import os
import shlex

import pytest
from hydra import compose, initialize_config_dir

from ensemble_switchover.config.compose import read_overrides
from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.config.override_texts import keep_texts, split_list, text_keys
from ensemble_switchover.config.schema import typed
from ensemble_switchover.errors import ConfigError

LIKE_NUMBERS = [
    "2024_05_01", "1e3", "1.10", "true", "False", "0x10", "1_000", "007", "+5", "-0", ".5", "5.",
    "nan", "Inf", "0", "12", "1E5", "1_0.5", "~", "~x", "a b", "a:b", "-1",
]  # fmt: skip


def study_of(*overrides):
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return typed(compose("config", keep_texts(overrides))).study


@pytest.mark.parametrize("text", LIKE_NUMBERS)
def test_a_text_key_keeps_its_text(text):
    assert study_of(f"study={text}") == text
    assert study_of(f"++study={text}") == text


def test_a_text_keeps_its_form_in_lists_too():
    overrides = ["budget=parameters", "budget.parameters=1e6,2_000_000, 1.50M", "seed=1_0"]
    (sweep,) = read_overrides(overrides)
    assert [run[1].partition("=")[2].strip("'") for run in sweep.runs] == [
        "1e6", "2_000_000", "1.50M",
    ]  # fmt: skip
    assert sweep.runs[0][2] == "seed=10"
    (sweep,) = read_overrides(["budget=parameters", "budget.parameters=choice(1e6,07)"])
    assert [run[1] for run in sweep.runs] == ["budget.parameters='1e6'", "budget.parameters='07'"]


def test_every_key_that_the_schema_declares_a_text_is_one():
    keys = text_keys()
    for key in ("study", "results", "logger.project", "precision", "budget.parameters"):
        assert keys[key] is False
    for key in ("dataset.root", "dataset.cache", "logger.entity", "sweep.jobs_per_device"):
        assert keys[key] is True
    assert not {"seed", "k", "dataset.flip", "sweep.hours", "recipe.learning_rate"} & keys.keys()


@pytest.mark.parametrize(
    "override",
    ["study=demo", "study='a b'", 'study="x"', "study=${seed}", "logger.entity=null",
     "precision=32", "study=", "--multirun",
     "seed=1_000", "hydra.launcher.n_jobs=4", "arch=resnet", "study=été"],
)  # fmt: skip
def test_other_overrides_stay_as_they_are(override):
    assert keep_texts([override]) == [override]


def test_numbers_of_hydras_own_keys_keep_their_digits():
    overrides = ["hydra.launcher.account=1_000", "hydra.launcher.partition=1e3"]
    assert keep_texts(overrides) == [
        "hydra.launcher.account='1_000'", "hydra.launcher.partition='1e3'",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed_text", "read"), [(r"a\,b", "a,b"), (" a", "a"), ("a ", "a"), (r"a\\b", r"a\b")]
)
def test_what_hydra_would_remove_is_refused_with_both_texts_quoted(typed_text, read):
    with pytest.raises(ConfigError) as error:
        keep_texts([f"study={typed_text}"])
    *_, first, _, second = shlex.split(str(error.value))
    assert study_of(first) == typed_text
    assert study_of(second) == read


@pytest.mark.parametrize(
    "override", ["study=caf\udce9", "seed=\udce9", "\udce9", "results='\udce9'"]
)
def test_what_is_not_utf8_is_refused_and_shown(override):
    with pytest.raises(ConfigError) as error:
        keep_texts([override])
    text = str(error.value)
    assert "\\xe9: is not UTF-8" in text.replace("'", "")
    assert "mv $'" in text
    os.fsencode(text).decode()


def test_lists_are_split_where_hydra_splits_them():
    assert list(split_list(r"a\,b,(c,d),${e:1,2},'f,\'g'")) == [
        r"a\,b", "(c,d)", "${e:1,2}", r"'f,\'g'",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["[ab]", "[]", "{}", "{a:b}", "[a,b]"])
def test_a_list_or_mapping_in_place_of_a_text_is_refused_with_the_quoted_form(text):
    with pytest.raises(ConfigError) as error:
        keep_texts([f"study={text}"])
    (option,) = shlex.split(str(error.value).partition("if it is this: ")[2])
    assert option == f"study='{text}'"
    assert keep_texts([option]) == [option]


@pytest.mark.parametrize("word", ["~k", "~recipe.nesterov", "~measurement", "~k=2"])
def test_a_key_is_not_removed_and_a_groups_choice_may_be(word):
    name = word[1:].partition("=")[0]
    with pytest.raises(ConfigError, match=f"^~{name}: a key cannot be removed; expected {name}="):
        keep_texts([word])
    assert keep_texts(["~logger", "~nothing"]) == ["~logger", "~nothing"]
