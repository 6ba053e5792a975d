"""What a command searches beside `conf/`, given by either option."""

import re

import pytest

from ensemble_switchover import designs, look, plan
from ensemble_switchover.config.compose import compose_overrides, read_overrides
from ensemble_switchover.config.groups import group_options
from ensemble_switchover.config.search_path import check_folders, composing
from ensemble_switchover.errors import ConfigError


@pytest.fixture
def options(tmp_path):
    folder = tmp_path / "options" / "dataset"
    folder.mkdir(parents=True)
    (folder / "few.yaml").write_text("defaults: [digits]\ntrain_size: 50\n")
    return folder.parent


def test_an_option_of_a_folder_is_one_like_ours(options):
    override = f"hydra.searchpath=[{options}]"
    ((sweep, configs),) = compose_overrides([override, "dataset=few,digits", "seed=1"])
    assert [config.dataset.train_size for config in configs] == [50, 300]
    assert {tuple(config.config_dirs) for config in configs} == {(f"file://{options}",)}
    assert sweep.runs[0] == ["dataset=few", "seed=1"]
    with composing([override]):
        assert {"few", "digits"} <= set(group_options("dataset"))
    assert read_overrides([override])[0].together == "none"  # as without it


@pytest.mark.parametrize("main", [designs.main, plan.main])
def test_every_command_takes_the_folder(main, options, capsys):
    words = ["dataset=few", "--config-dir", str(options), "--format", "json"]
    assert main(words) == 0
    assert '"digits"' in capsys.readouterr().out
    assert main(words[:1]) == 2
    assert "dataset=few: expected one of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--config-dir", "nowhere"], "--config-dir nowhere: expected a folder of options"),
        (["hydra.searchpath=[nowhere]"], "expected folders of options, and /.*nowhere is none"),
        (["hydra.searchpath=conf"], r"hydra.searchpath=conf: expected a list, such as"),
    ],
)
def test_a_folder_that_is_none_is_one_sentence(words, message, capsys):
    code = None
    try:
        code = look.main(words)
    except SystemExit as ending:
        code = ending.code
    assert code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)


def test_the_program_checks_the_folders_before_hydra_warns_of_them():
    check_folders(["k=2", "hydra.searchpath=[pkg://own.conf]"])
    with pytest.raises(ConfigError, match=r"expected folders of options, and /.*nowhere is none"):
        check_folders(["hydra.searchpath=[file://nowhere]"])


def test_a_users_own_key_for_the_folders_is_refused():
    with pytest.raises(ConfigError, match="config_dirs: is what --config-dir names"):
        compose_overrides(["config_dirs=[a]"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("epochs: [2\n", r"/experiment/mine\.yaml, line 2: is no YAML; expected ',' or '\]'"),
        (
            "defaults: [override /arch: vgg]\n",
            "/arch: is overridden by a file that fills experiment alone; expected the line `#",
        ),
        (
            "# @package _global_\ndefaults: [/arch: vgg]\n",
            "arch: an option of it is chosen already; .* defaults list .* `override /arch: ...`",
        ),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_one_sentence(content, message, options, capsys):
    (options / "experiment").mkdir()
    (options / "experiment" / "mine.yaml").write_text(content)
    assert designs.main(["--config-dir", str(options), "experiment=mine"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)
