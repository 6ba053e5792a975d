"""What the commands that read or plan share: overrides, and one message for a mistake."""

from __future__ import annotations

import argparse
import gc
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
import yaml
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.config.override_texts import refuse_bytes
from ensemble_switchover.config.search_path import with_config_dir
from ensemble_switchover.errors import ConfigError, EnsembleSwitchoverError
from ensemble_switchover.machine.inherited_variables import forget_other_trainings
from ensemble_switchover.machine.interruption import exit_code
from ensemble_switchover.machine.paths import user_path
from ensemble_switchover.machine.standard_streams import lost_output, secure_standard_streams
from ensemble_switchover.machine.system_errors import machine_trouble
from ensemble_switchover.machine.terminal import complain, replace_unknown_characters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXIT_FAILURE = 1
EXIT_USAGE = 2

PROGRAM = "python -m ensemble_switchover"
SCRIPT = "ensemble-switchover"
"""The command that the package installs."""
_OPTIONS_WITH_A_VALUE = {
    *("--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn"),
    *("--config-dir", "-cd", "--info", "-i", "--experimental-rerun"),
}
"""Of Hydra."""
MISTAKES = (HydraException, OmegaConfBaseException, yaml.YAMLError, EnsembleSwitchoverError)
"""Errors that say what the user can correct."""
_PLAIN_MISTAKES = (
    "Config group override", "Only one of --run", "The --resolve flag", "Expecting one subcommand",
    "No completion plugin",
)  # fmt: skip
OVERRIDES_HELP = "overrides of a run or sweep: key=value, group=option, or lists of either"


def command_parser(module: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of a command that takes the overrides of a run."""
    parser = argparse.ArgumentParser(prog=f"{PROGRAM}.{module}", description=description)
    parser.add_argument("overrides", nargs="*", metavar="override", help=OVERRIDES_HELP)
    parser.add_argument(
        "--config-dir",
        "-cd",
        type=path_argument,
        metavar="DIR",
        help="a folder of options of your own, beside those of the program",
    )
    return parser


def parse_arguments(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None
) -> argparse.Namespace:
    """Parse the words of a command, by default those that this process was given.

    From then on, no loss of what it prints ends it.

    Raises:
        SystemExit: for words that the parser does not take, or that are not UTF-8.
    """
    secure_standard_streams()
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        for word in words:
            refuse_bytes(word)
        parser.add_argument("--version", action="version", version=version_text())
        given = parser.parse_intermixed_args(words)
        if getattr(given, "config_dir", None) is not None and hasattr(given, "overrides"):
            given.overrides = with_config_dir(given.overrides, given.config_dir)
    except ConfigError as error:
        complain(str(error))
        sys.exit(EXIT_USAGE)
    return given


def path_argument(text: str) -> Path:
    """Read a path among the arguments of a command.

    Raises:
        argparse.ArgumentTypeError: if it is empty, or begins with a home folder that is not known.
    """
    if not text:
        raise argparse.ArgumentTypeError("expected a path, and an empty text came")
    try:
        return user_path(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def program_name(path: str) -> str:
    """Return what a user types to start the program, for the text of its usage.

    >>> program_name("/home/user/ensemble_switchover/__main__.py")
    'python -m ensemble_switchover'
    """
    return PROGRAM if Path(path).name == "__main__.py" else path


def version_text() -> str:
    """Return the name and version of the program, and those of Hydra."""
    package = sys.modules["ensemble_switchover"]  # which imports this module
    return f"{SCRIPT} {package.__version__}, Hydra {hydra.__version__}"


def asks_version(words: Sequence[str]) -> bool:
    """Return whether the words of a command ask for the version, as argparse would shorten it.

    >>> asks_version(["k=2", "--version"]), asks_version(["--vers"]), asks_version(["k=2"])
    (True, True, False)
    """
    return any(len(word) > len("--") and "--version".startswith(word) for word in words)


def options_first(words: Sequence[str]) -> list[str]:
    """Put options before overrides, among which Hydra's parser does not take them.

    >>> options_first(["k=2", "--multirun", "seed=0,1", "--cfg", "job"])
    ['--multirun', '--cfg', 'job', 'k=2', 'seed=0,1']
    """
    options: list[str] = []
    overrides: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            overrides += left
        elif not word.startswith("-"):
            overrides.append(word)
        else:
            options.append(word)
            if word in _OPTIONS_WITH_A_VALUE:
                options += itertools.islice(left, 1)
    return [*options, *overrides]


def run_command(body: Callable[[], int]) -> int:
    """Run a command; a mistake of the user ends it with one message.

    Returns:
        The exit code: that of the body, 2 for a mistake, 1 for what the machine refuses or lacks,
        or 130 for Ctrl-C.
    """
    forget_other_trainings()
    register_schemas()
    replace_unknown_characters()
    gc.disable()  # a plan of thousands of runs creates millions of objects, and then ends
    try:
        code = body()
        lost = lost_output()
        if lost is not None:
            raise lost
        return code
    except (*MISTAKES, ValueError) as error:
        if not is_mistake(error):
            raise
        complain(message_for(error))
        return EXIT_USAGE
    except Exception as error:
        trouble = machine_trouble(error)
        if trouble is None:
            raise
        complain(trouble)
        return EXIT_FAILURE
    except KeyboardInterrupt:
        complain("Interrupted.")
        return exit_code()
    finally:
        gc.enable()


def is_mistake(error: Exception) -> bool:
    """Return whether an error is a mistake of the user, rather than a fault of the program.

    Hydra raises a plain ValueError for some mistakes.
    """
    return isinstance(error, MISTAKES) or str(error).startswith(_PLAIN_MISTAKES)


def has_override(overrides: Sequence[str], key: str) -> bool:
    """Return whether one of the overrides sets a key or chooses an option of a group.

    >>> has_override(["design=deq,weq"], "design"), has_override(["design_class.k=2"], "design")
    (True, False)
    """
    return any(override.lstrip("+").partition("=")[0] == key for override in overrides)
