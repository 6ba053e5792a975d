"""The runs that a command asks for, each once, and the designs that do not exist (no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.config.resolve import read_budget, resolve
from ensemble_switchover.errors import ConfigError, DesignError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.design import Budget


@dataclass(frozen=True, slots=True)
class MissingDesign:
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

    specs: list[RunSpec]
    impossible: list[MissingDesign]
    """What is no mistake, but a hole in the grid."""
    places: list[int]
    """Of each run, which of the configurations asks for it first."""
    num_asked: int
    """Runs asked for, as often as they were: a single network of four k counts four times."""

    def trainings(self) -> list[list[RunSpec]]:
        """Put the runs together that train the same networks in the same way, in their order.

        Two budgets, or two classes, may come out as one design: weq of 26x16 and of 38x16 are both
        four ResNets of 8x16 (Table C).
        """
        equal: dict[str, list[RunSpec]] = {}
        for spec in self.specs:
            equal.setdefault(spec.training_fingerprint, []).append(spec)
        return list(equal.values())


def resolve_study(configs: Iterable[Config]) -> Study:
    """Resolve every configuration; equal runs become one.

    Raises:
        ConfigError: naming every configuration's problems, once each; or every design, if none
            exists; or a run that would go into two folders.
    """
    specs: dict[str, RunSpec] = {}
    impossible: dict[MissingDesign, None] = {}
    problems: dict[str, None] = {}
    places: dict[str, int] = {}
    num_asked = 0
    for place, config in enumerate(configs):
        try:
            spec = resolve(config)
        except DesignError as error:
            impossible.setdefault(_hole(config, str(error)))
        except ConfigError as error:
            problems.update(dict.fromkeys(error.args))
        else:
            num_asked += 1
            if spec.name not in specs:
                specs[spec.name], places[spec.name] = spec, place
            elif (first := specs[spec.name].study_folder) != spec.study_folder:
                problem = f"{spec.name}: would go into both {first} and {spec.study_folder}"
                problems.setdefault(f"{problem}; expected a command for each, or one study=")
    if problems:
        raise ConfigError(*problems)
    if not specs:
        raise ConfigError("nothing to run:\n" + "\n".join(f"  - {line}" for line in impossible))
    return Study(list(specs.values()), list(impossible), list(places.values()), num_asked)


def _hole(config: Config, reason: str) -> MissingDesign:
    family, _, budget = read_budget(config)
    design_class = config.design_class.name
    return MissingDesign(family.name, config.dataset.name, budget, design_class, config.k, reason)
