"""What every command that reads or plans shares: its words, and one message for a mistake."""

from __future__ import annotations

import argparse
import gc
from typing import TYPE_CHECKING

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.config.schema import register_schemas
from ensemble_switchover.errors import EnsembleSwitchoverError
from ensemble_switchover.machine.interruption import exit_code
from ensemble_switchover.machine.terminal import complain, forget_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXIT_FAILURE = 1
EXIT_USAGE = 2

WORDS_HELP = "overrides of a run or sweep: key=value, group=option, or lists of either"


def command_parser(module: str, description: str) -> argparse.ArgumentParser:
    """Make the parser of a command that takes the words of a run."""
    parser = argparse.ArgumentParser(
        prog=f"python -m ensemble_switchover.{module}", description=description
    )
    parser.add_argument("words", nargs="*", metavar="override", help=WORDS_HELP)
    return parser


def run_command(body: Callable[[], int]) -> int:
    """Run a command; a user's mistake ends in one message.

    Returns:
        The exit code: the body's, or 2 for a mistake, 1 where the machine fails, 130 for Ctrl-C.
    """
    register_schemas()
    gc.disable()  # a plan of thousands of runs makes millions of objects, and then is over
    try:
        return body()
    except (HydraException, OmegaConfBaseException, EnsembleSwitchoverError, ValueError) as error:
        if not is_mistake(error):
            raise
        complain(message_for(error))
        return EXIT_USAGE
    except BrokenPipeError:  # the reader, such as head, has seen enough
        forget_output()
        return 0
    except OSError as error:
        complain(str(error))
        return EXIT_FAILURE
    except KeyboardInterrupt:
        complain("Interrupted.")
        return exit_code()
    finally:
        gc.enable()


def is_mistake(error: Exception) -> bool:
    """Tell a mistake in the words from a fault of the program; Hydra raises one ValueError too."""
    known = isinstance(error, (HydraException, OmegaConfBaseException, EnsembleSwitchoverError))
    return known or "Config group override" in str(error)


def has_word(words: Sequence[str], key: str) -> bool:
    """Tell whether the words set a key or choose an option of a group.

    >>> has_word(["design=deq,weq"], "design"), has_word(["design_class.k=2"], "design")
    (True, False)
    """
    return any(word.lstrip("+").partition("=")[0] == key for word in words)
