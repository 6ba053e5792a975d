"""Completion in shells by Hydra's plugins, of the command that the package installs."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from ensemble_switchover.config.command_line import options_first

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

_OPTIONS = {"--shell-completion", "-sc"}
_LINE = "COMP_LINE"
"""The variable in which a shell tells what has been typed."""


def asks_completion(words: Sequence[str]) -> bool:
    """Return whether the words of a command ask for completion, or for its installation."""
    return not _OPTIONS.isdisjoint(words)


def prepare_completion(
    words: Sequence[str], environment: MutableMapping[str, str] = os.environ
) -> None:
    """Let Hydra read a line with options among overrides; print no error into what is typed.

    Args:
        words: The words of the command.
        environment: The variables of the process.
    """
    if not asks_completion(words) or _LINE not in environment:
        return
    line = environment[_LINE]
    program, *typed = line.split()
    ending = " " if line.endswith(" ") else ""
    environment[_LINE] = " ".join([program, *options_first(typed)]) + ending
    sys.stderr = io.StringIO()
