"""How k members are executed: one execution a file; a new file in this folder is found.

An execution never changes what a member learns.
"""

import inspect
from importlib import import_module

from ensemble_switchover.config.execution_plan import WITHIN
from ensemble_switchover.training.execution.base import Execution

__all__ = ["EXECUTIONS", "Execution"]


def _defined_in(file: str) -> type[Execution]:
    """Return the execution that a file of this folder defines."""
    module = import_module(f"{__name__}.{file}")
    (found,) = (
        value
        for _, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, Execution) and value.__module__ == module.__name__
    )
    return found


EXECUTIONS = {name: _defined_in(name) for name in WITHIN}
"""Executions of the members of one process, by name."""
