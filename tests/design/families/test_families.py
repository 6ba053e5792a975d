"""The families are those of the folder's files."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.groups import group_options, register_schemas
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.design import FAMILIES, families, make_family, register_family
from ensemble_switchover.design.families import known_families, outside_name
from ensemble_switchover.design.family import Family
from ensemble_switchover.errors import ConfigError, DesignError
from tests.example_project import nothing_registered
from tests.networks.small import Mobile


def test_an_unknown_family_is_refused():
    with pytest.raises(ConfigError, match="arch=alexnet: expected one of densenet, resnet, vgg"):
        make_family("alexnet", {})


def test_families_are_those_of_the_folders_files():
    folder = Path(families.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert FAMILIES.keys() == files
    for name, family in FAMILIES.items():
        assert family.name == name
        assert family.__module__.rpartition(".")[2] == name
        assert issubclass(family, Family)
        defaults = family()
        assert defaults.default_depth in defaults.depths
        assert defaults.default_width >= 1


@pytest.fixture
def mobile():
    with nothing_registered():
        yield register_family(Mobile)


def test_a_registered_family_is_made_by_its_name(mobile):
    assert make_family("mobile", {}) == Mobile()
    assert known_families().keys() == {*FAMILIES, "mobile"}
    assert register_family(Mobile) is Mobile  # again
    assert outside_name(Mobile()) == "tests.networks.small.Mobile"
    assert outside_name(FAMILIES["resnet"]()) is None


def test_a_family_of_before_may_not_be_replaced(mobile):
    for name in ("resnet", "mobile"):
        with pytest.raises(DesignError, match=f"Twin: its name is {name}, as that of .*; expected"):
            register_family(replaced(name=name))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "my net"}, "expected a name of letters, digits and underscores"),
        ({"layers": Family.layers}, "expected the methods layers"),
        ({"blocks": 3, "__annotations__": {"blocks": int}}, None),
        ({"__annotations__": {"blocks": int}}, "blocks: expected a default"),
    ],
)
def test_what_a_family_lacks_is_one_sentence(changes, message, mobile):
    if message is None:
        assert replaced(**changes)().options == {"blocks": 3}
        return
    with pytest.raises(DesignError, match=message):
        register_family(replaced(**changes))


def test_what_is_no_dataclass_is_no_family(mobile):
    for wrong in (type("Plain", (Mobile,), {"name": "plain"}), 3, int):
        with pytest.raises(DesignError, match="expected"):
            register_family(wrong)


def test_an_installed_package_registers_families(monkeypatch, capsys):
    small = "tests.networks.small"
    entries = [
        EntryPoint("mobile", f"{small}:Mobile", families.ENTRY_POINTS),
        EntryPoint("lost", f"{small}:Lost", families.ENTRY_POINTS),
    ]
    monkeypatch.setattr(families, "entry_points", lambda group: entries)
    with nothing_registered():
        families._register_entry_points.cache_clear()
        assert make_family("mobile", {}) == Mobile()
        register_schemas()
        ((_, (config,)),) = compose_overrides(["arch=mobile"])
        assert resolve(config).family == Mobile()
        assert "mobile" in group_options("arch")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"the family lost of {small}:Lost: left out: ")


def replaced(**changes):
    """Return a family that is `Mobile` but for some attributes."""
    return dataclass(frozen=True)(type("Twin", (Mobile,), {"name": "twin", **changes}))
