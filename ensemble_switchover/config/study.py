"""A study: the runs that a command asks for, each once, and the designs that do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.config.resolve import read_budget, resolve
from ensemble_switchover.errors import ConfigError, DesignError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.design import Budget


@dataclass(frozen=True, slots=True)
class MissingDesign:
    """A design that does not exist at its budget, which is no mistake but a hole in the grid."""

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
    """The set of runs that a command asks for, each once, and the designs that do not exist."""

    specs: list[RunSpec]
    impossible: list[MissingDesign]
    first_asked: list[int]
    """For each run, the position of the first configuration that asks for it."""
    num_asked: int
    """Number of configurations that ask for a run: a single network of four k counts four times."""

    def config_of(self, configs: Sequence[Config]) -> dict[str, Config]:
        """Return the configuration of each run by its name, from those that asked for the study."""
        asked = zip(self.specs, self.first_asked, strict=True)
        return {spec.name: configs[index] for spec, index in asked}

    def trainings(self) -> list[list[RunSpec]]:
        """Group the runs that train the same networks under the same conditions, in their order.

        Two budgets or two classes may lead to one design: weq of 26x16 and of 38x16 are both
        four ResNets of 8x16 (Table C).
        """
        equal: dict[str, list[RunSpec]] = {}
        for spec in self.specs:
            equal.setdefault(spec.training_fingerprint, []).append(spec)
        return list(equal.values())


def resolve_study(configs: Iterable[Config]) -> Study:
    """Resolve every configuration; equal runs become one.

    Raises:
        ConfigError: naming every problem of every configuration once; every design, if none
            exists; or a run that would be stored in two folders.
    """
    with reading_once():
        return _resolve_study(configs)


def _resolve_study(configs: Iterable[Config]) -> Study:
    specs: dict[str, RunSpec] = {}
    impossible: dict[MissingDesign, None] = {}
    problems: dict[str, None] = {}
    first_asked: dict[str, int] = {}
    num_asked = 0
    for position, config in enumerate(configs):
        try:
            spec = resolve(config)
        except DesignError as error:
            impossible.setdefault(missing_design(config, str(error)))
        except ConfigError as error:
            problems.update(dict.fromkeys(error.args))
        else:
            num_asked += 1
            if spec.name not in specs:
                specs[spec.name], first_asked[spec.name] = spec, position
            elif (first := specs[spec.name].study_folder) != spec.study_folder:
                problem = f"{spec.name}: would go into both {first} and {spec.study_folder}"
                problems.setdefault(f"{problem}; expected a command for each, or one study=")
    if problems:
        raise ConfigError(*problems)
    if not specs:
        raise ConfigError("nothing to run:\n" + "\n".join(f"  - {line}" for line in impossible))
    return Study(list(specs.values()), list(impossible), list(first_asked.values()), num_asked)


def missing_design(config: Config, reason: str) -> MissingDesign:
    """Describe the design that a configuration asks for in vain."""
    family, _, budget = read_budget(config)
    design_class = config.design_class.name
    return MissingDesign(family.name, config.dataset.name, budget, design_class, config.k, reason)
