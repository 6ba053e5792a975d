"""The families are those of the folder's files."""

from pathlib import Path

import pytest

from ensemble_switchover.design import FAMILIES, families, make_family
from ensemble_switchover.design.family import Family
from ensemble_switchover.errors import ConfigError


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
