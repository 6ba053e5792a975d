"""Files of a user's own that name a family or a data set."""

import pickle
import sys

import pytest
from hydra.errors import HydraException

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import ConfigError

DIR = "hydra.searchpath=[options]"


def resolved(*overrides):
    ((_, (config,)),) = compose_overrides([DIR, *overrides])
    return resolve(config)


def test_a_family_has_its_options_typed_and_its_full_name_hashed(example):
    spec = resolved("arch=mobilenet", "arch.expansion=3")
    assert (spec.family.name, spec.family.options) == ("mobilenet", {"expansion": 3})
    assert spec.name.startswith("mobilenet_digits_20x8_")
    again = resolved("arch=mobilenet", "arch.expansion=3")
    assert again.fingerprint == spec.fingerprint != resolved("arch=mobilenet").fingerprint
    assert pickle.loads(pickle.dumps(spec)).family == spec.family  # for processes of members
    (example / "own_parts.py").write_text((example / "my_parts.py").read_text())
    (example / "other" / "arch").mkdir(parents=True)
    (example / "other" / "arch" / "mobilenet.yaml").write_text("_target_: own_parts.MobileNet")
    with pytest.raises(
        ConfigError, match=r"own_parts.MobileNet: its name is mobilenet, as that of"
    ):
        compose_overrides(["hydra.searchpath=[other]", "arch=mobilenet"])


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["arch.expansion=a"], "arch.expansion=a: expected a value of type Integer"),
        (["arch.expantion=3"], "arch.expantion: no such key; did you mean arch.expansion"),
        (["arch._target_=my_parts.Other"], "arch._target_=my_parts.Other: expected my_parts."),
    ],
)
def test_a_wrong_value_of_an_option_is_refused(overrides, message, example):
    with pytest.raises((ConfigError, HydraException)) as caught:
        resolved("arch=mobilenet", *overrides)
    assert message in message_for(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "_target_: my_parts.MobileNet\nwidth: 3",
            "mobilenet.yaml: width: no such key; expected one of expansion$",
        ),
        (
            "_target_: my_parts.MobileNet\nexpansion: a",
            r"mobilenet.yaml: arch.expansion: Value 'a'",
        ),
        ("_target_: my_part.MobileNet", "arch._target_=my_part.MobileNet: there is no module"),
        (
            "_target_: my_parts.Mobile",
            "arch._target_=my_parts.Mobile: .*has no Mobile; did you mean",
        ),
        ("_target_: my_parts.stripes", "my_parts.stripes: expected a class that extends"),
        ("_target_: 3", "expected a full name"),
    ],
)
def test_what_is_wrong_with_the_file_of_a_family_is_one_sentence(content, message, example):
    (example / "options" / "arch" / "mobilenet.yaml").write_text(content)
    with pytest.raises(ConfigError, match=message) as caught:
        resolved("arch=mobilenet")
    assert "\n" not in str(caught.value)


def test_the_file_of_a_family_has_its_name_and_a_variant_builds_on_it(example):
    arch = example / "options" / "arch"
    (arch / "narrow.yaml").write_text("defaults: [mobilenet]\nexpansion: 2\n")
    assert resolved("arch=narrow").family.options == {"expansion": 2}
    (arch / "other.yaml").write_text("_target_: my_parts.MobileNet")
    with pytest.raises(ConfigError, match=r"other.yaml: describes the family mobilenet; expected"):
        resolved("arch=other")


def test_a_data_set_is_planned_without_its_code(example):
    (example / "my_parts.py").write_text("raise RuntimeError('imported')")
    spec = resolved("dataset=stripes", "dataset.arguments.noise=0.7")
    assert (spec.dataset.name, spec.task.num_classes, spec.sizes.train) == ("stripes", 4, 400)
    assert spec.dataset_options["arguments"] == {"noise": 0.7}
    assert "my_parts" not in sys.modules
    assert resolved("dataset=stripes").fingerprint != spec.fingerprint


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "_target_: my_parts",
            "_target_: my_part",
            "dataset._target_=.*: there is no module my_pa",
        ),
        ("noise: 0.5}", "noise: 0.5}\nname: lines", "name=lines: expected stripes; leave the key"),
        (
            "channels: 1",
            "colours: 1",
            "stripes.yaml: colours: no such key; expected a key of a data set",
        ),
    ],
)
def test_what_is_wrong_with_the_file_of_a_data_set_is_one_sentence(before, after, message, example):
    path = example / "options" / "dataset" / "stripes.yaml"
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(ConfigError, match=message):
        resolved("dataset=stripes")


def test_metrics_of_a_file_are_in_the_fingerprint(example):
    spec = resolved("metrics=f1")
    assert spec.metrics["macro_f1"]["average"] == "macro"
    assert spec.fingerprint != resolved().fingerprint
    with pytest.raises(
        ConfigError, match=r"metrics.macro_f1._target_=no.F1: there is no module no"
    ):
        resolved("metrics=f1", "metrics.macro_f1._target_=no.F1")


def test_options_may_lie_in_a_package(example):
    package = example / "own_parts"
    (package / "options").mkdir(parents=True)
    for folder in (package, package / "options"):
        (folder / "__init__.py").touch()
    (example / "options" / "arch").rename(package / "options" / "arch")
    (example / "my_parts.py").rename(package / "networks.py")
    target = "_target_: own_parts.networks.MobileNet"
    (package / "options" / "arch" / "mobilenet.yaml").write_text(target)
    sys.path.append(str(example))  # where it is installed
    ((_, (config,)),) = compose_overrides(
        ["hydra.searchpath=[pkg://own_parts.options]", "arch=mobilenet"]
    )
    assert resolve(config).family.options == {"expansion": 6}
    assert config.config_dirs == ["pkg://own_parts.options"]
