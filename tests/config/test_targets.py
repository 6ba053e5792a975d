"""Parts of a user's own, by their full name."""

import sys

import pytest

from ensemble_switchover.config.targets import find_part, make_part, target_problems
from ensemble_switchover.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("OrderedDict", "expected a full name, such as package.module.Name"),
        ("no_such_package.Name", "there is no module no_such_package"),
        (3, "expected a full name"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_without_importing_it(name, message):
    (problem,) = target_problems("recipe.loss", {"_target_": name})
    assert problem.startswith(f"recipe.loss._target_={name}: ")
    assert message in problem


def test_a_part_takes_its_arguments_and_further_ones():
    part = {"_target_": "fractions.Fraction", "denominator": 4}
    assert target_problems("part", part) == []
    assert str(make_part("part", part, 3)) == "3/4"


def test_lists_among_the_arguments_are_pythons():
    made = make_part("part", {"_target_": "builtins.dict", "entries": [1, {"a": [2]}]})
    assert made == {"entries": [1, {"a": [2]}]}
    assert type(made["entries"]) is list


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"_target_": "fractions.Ratio"}, "part._target_=fractions.Ratio: .*Ratio"),
        ({"_target_": "fractions.Fraction", "foo": 1}, "fractions.Fraction: .*'foo'"),
        ({"_target_": "fractions.Fraction", "numerator": "x"}, "fractions.Fraction: .*'x'"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(part, message):
    with pytest.raises(ConfigError, match=message) as caught:
        make_part("part", part)
    assert "\n" not in str(caught.value)


def test_a_part_may_be_defined_in_the_main_module(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)  # as in a script and a notebook
    assert target_problems("part", {"_target_": "__main__.Mine"}) == []


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Fracton", "the module fractions has no Fracton; did you mean fractions.Fraction?"),
        ("Zzz", "the module fractions has no Zzz"),
    ],
)
def test_a_misspelt_class_is_named_with_the_one_that_was_meant(name, reason, made):
    part = {"_target_": f"fractions.{name}"}
    with pytest.raises(ConfigError) as caught:
        make_part("part", part) if made else find_part("part", part["_target_"])
    assert str(caught.value) == f"part._target_=fractions.{name}: {reason}"
