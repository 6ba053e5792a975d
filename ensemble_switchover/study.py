"""The runs that a command asks for, each once, and the designs that do not exist (no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.cell import Cell, read_budget, resolve
from ensemble_switchover.errors import ConfigError, DesignError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ensemble_switchover.config import Config
    from ensemble_switchover.design import Budget


@dataclass(frozen=True, slots=True)
class Hole:
    """A design that does not exist at its budget."""

    family: str
    dataset: str
    budget: Budget
    design_class: str
    k: int
    reason: str

    def __str__(self) -> str:
        return f"{self.family} on {self.dataset}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Study:
    """The runs of a sweep, each once, and the designs that do not exist at their budget."""

    cells: list[Cell]
    impossible: list[Hole]
    """What is no mistake, but a hole in the grid."""


def resolve_study(configs: Iterable[Config]) -> Study:
    """Resolve every configuration; equal runs become one.

    Raises:
        ConfigError: naming every configuration's problems, once each; or every design, if none
            exists.
    """
    cells: dict[str, Cell] = {}
    impossible: dict[Hole, None] = {}
    problems: dict[str, None] = {}
    for config in configs:
        try:
            cell = resolve(config)
        except DesignError as error:
            impossible.setdefault(_hole(config, str(error)))
        except ConfigError as error:
            problems.update(dict.fromkeys(error.args))
        else:
            cells.setdefault(cell.name, cell)
    if problems:
        raise ConfigError(*problems)
    if not cells:
        raise ConfigError("nothing to run:\n" + "\n".join(f"  - {line}" for line in impossible))
    return Study(list(cells.values()), list(impossible))


def _hole(config: Config, reason: str) -> Hole:
    family, _, budget = read_budget(config)
    design_class = config.design_class.name
    return Hole(family.name, config.dataset.name, budget, design_class, config.k, reason)
