"""What the commands that read or plan share: overrides, and one message for a mistake."""

from __future__ import annotations

import argparse
import gc
from typing import TYPE_CHECKING

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.config.schema import register_schemas
from ensemble_switchover.errors import EnsembleSwitchoverError
from ensemble_switchover.machine.inherited_variables import forget_ranks
from ensemble_switchover.machine.interruption import exit_code
from ensemble_switchover.machine.terminal import complain, forget_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXIT_FAILURE = 1
EXIT_USAGE = 2

OVERRIDES_HELP = "overrides of a run or sweep: key=value, group=option, or lists of either"


def command_parser(module: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of a command that takes the overrides of a run."""
    parser = argparse.ArgumentParser(
        prog=f"python -m ensemble_switchover.{module}", description=description
    )
    parser.add_argument("overrides", nargs="*", metavar="override", help=OVERRIDES_HELP)
    return parser


def run_command(body: Callable[[], int]) -> int:
    """Run a command; a mistake of the user ends it with one message.

    Returns:
        The exit code: that of the body, 2 for a mistake, 1 for an error of the operating system,
        or 130 for Ctrl-C.
    """
    forget_ranks()
    register_schemas()
    gc.disable()  # a plan of thousands of runs creates millions of objects, and then ends
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
    """Return whether an error is a mistake of the user, rather than a fault of the program.

    Hydra raises a plain ValueError for one mistake in an override.
    """
    known = isinstance(error, (HydraException, OmegaConfBaseException, EnsembleSwitchoverError))
    return known or "Config group override" in str(error)


def has_override(overrides: Sequence[str], key: str) -> bool:
    """Return whether one of the overrides sets a key or chooses an option of a group.

    >>> has_override(["design=deq,weq"], "design"), has_override(["design_class.k=2"], "design")
    (True, False)
    """
    return any(override.lstrip("+").partition("=")[0] == key for override in overrides)
