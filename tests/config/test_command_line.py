"""What the commands share."""

from importlib import import_module

import pytest
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.command_line import (
    PROGRAM,
    command_parser,
    has_override,
    options_first,
    program_name,
    run_command,
    version_text,
)
from ensemble_switchover.errors import ConfigError


def failing(error):
    def body():
        raise error

    return body


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("k=0: expected 1"),
        HydraException("no"),
        OmegaConfBaseException("no"),
        ValueError("Config group override must be a string or a list. Got int"),
    ],
)
def test_a_mistake_ends_in_2_and_one_message(error, capsys):
    assert run_command(failing(error)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("error", [ValueError("a fault"), TypeError("a fault"), KeyError("fault")])
def test_a_fault_of_the_program_is_no_mistake(error):
    with pytest.raises(type(error)):
        run_command(failing(error))


def test_a_machine_that_fails_ends_in_1(capsys):
    assert run_command(failing(OSError(28, "No space left on device"))) == 1
    assert "No space left" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error", [RuntimeError("can't start new thread"), ModuleNotFoundError("No module named 'x'")]
)
def test_what_the_machine_lacks_is_one_sentence_whatever_tells_it(error, capsys):
    assert run_command(failing(error)) == 1
    assert capsys.readouterr().err == f"{type(error).__name__}: {error}\n"


def test_ctrl_c_ends_in_130_and_one_message(capsys):
    assert run_command(failing(KeyboardInterrupt())) == 130
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("code", [0, 1])
def test_the_bodys_code_is_the_commands(code):
    assert run_command(lambda: code) == code


def test_a_message_is_never_a_control_sequence(capsys):
    run_command(failing(ConfigError("study=\x1b[2J: expected\nanother line")))
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize(
    ("overrides", "key", "has"),
    [
        (["design=deq,weq"], "design", True),
        (["+design=deq"], "design", True),
        (["++design=deq"], "design", True),
        (["design_class.k=2"], "design", False),
        (["budget.depth=4"], "budget", False),
        ([], "k", False),
    ],
)
def test_a_key_is_found_among_overrides(overrides, key, has):
    assert has_override(overrides, key) is has


def test_overrides_may_come_between_options():
    parser = command_parser("designs", "Shows.")
    parser.add_argument("--format")
    given = parser.parse_intermixed_args(["k=2", "--format", "csv", "seed=1"])
    assert (given.overrides, given.format) == (["k=2", "seed=1"], "csv")


@pytest.mark.parametrize(
    ("words", "ordered"),
    [
        ("k=2 --multirun seed=0,1", "--multirun k=2 seed=0,1"),
        ("k=2 seed=0,1 -m", "-m k=2 seed=0,1"),
        ("k=2 --cfg job seed=1 -p dataset", "--cfg job -p dataset k=2 seed=1"),
        ("k=2 --cfg=job --info", "--cfg=job --info k=2"),
        ("-m -- k=2 -x", "-m k=2 -x"),
        ("~logger +a=1", "~logger +a=1"),
        ("", ""),
    ],
)
def test_options_may_stand_between_overrides(words, ordered):
    assert options_first(words.split()) == ordered.split()


def test_usage_names_what_is_typed():
    assert program_name("/x/ensemble_switchover/__main__.py") == PROGRAM
    assert program_name("/x/bin/ensemble-switchover") == "/x/bin/ensemble-switchover"


COMMANDS = (
    "plan", "designs", "look", "report", "explore", "advise", "results", "results.shipped",
    "dashboard", "export", "choose", "measure",
)  # fmt: skip


def main_of(name):
    packages = {"results": "results.__main__", "measure": "measure.__main__"}
    module = packages.get(name, name)
    return import_module(f"ensemble_switchover.{module}").main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_names_itself_for_a_wrong_option(name, capsys):
    with pytest.raises(SystemExit) as end:
        main_of(name)(["folder", "--no-such-option"])
    assert end.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"usage: {PROGRAM}.{name} ")
    assert "__main__.py" not in err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_the_version_of_the_program(name, capsys):
    with pytest.raises(SystemExit) as end:
        main_of(name)(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"{version_text()}\n"
