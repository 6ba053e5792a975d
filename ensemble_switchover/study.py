"""The runs that a command asks for, each once, and the designs that do not exist (no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.cell import Cell, resolve
from ensemble_switchover.errors import ConfigError, DesignError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ensemble_switchover.config import Config


@dataclass(frozen=True, slots=True)
class Study:
    """The runs of a sweep, each once, and the designs that do not exist at their budget."""

    cells: list[Cell]
    impossible: list[str]
    """One line for each design that does not exist: a hole in the grid, and no mistake."""


def resolve_study(configs: Iterable[Config]) -> Study:
    """Resolve every configuration; equal runs become one.

    Raises:
        ConfigError: naming every configuration's problems, once each; or every design, if none
            exists.
    """
    cells: dict[str, Cell] = {}
    impossible: dict[str, None] = {}
    problems: dict[str, None] = {}
    for config in configs:
        try:
            cell = resolve(config)
        except DesignError as error:
            impossible.setdefault(str(error))
        except ConfigError as error:
            problems.update(dict.fromkeys(error.args))
        else:
            cells.setdefault(cell.name, cell)
    if problems:
        raise ConfigError(*problems)
    if not cells:
        raise ConfigError("nothing to run:\n" + "\n".join(f"  - {line}" for line in impossible))
    return Study(list(cells.values()), list(impossible))
