"""From overrides to checked runs, without torch: one, or all those of lists and named sweeps."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.api.hydra_state import own_hydra_state
from ensemble_switchover.api.overrides import as_overrides, parse
from ensemble_switchover.config.command_line import MISTAKES, is_mistake
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.run_spec import describe
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.errors import ConfigError, EnsembleSwitchoverError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.design import Design

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """One run, resolved and checked; `train` trains it."""

    spec: RunSpec
    """Everything that decides it, resolved."""
    config: Config
    """The configuration that it was resolved from."""

    @property
    def name(self) -> str:
        """The name of the run and of its folder; its end is the fingerprint."""
        return self.spec.name

    @property
    def folder(self) -> Path:
        """The folder of its record in the store."""
        return self.spec.folder

    @property
    def design(self) -> Design:
        """The networks: class, depth, width, number of members, parameters."""
        return self.spec.design

    @property
    def notes(self) -> tuple[str, ...]:
        """How the request was read, where one may not expect it."""
        return self.spec.notes

    def __repr__(self) -> str:
        return f"<Run {self.name}: {describe(self.spec)}>"


def compose(*overrides: str, **keywords: object) -> Run:
    """Compose and check one run, as `python -m ensemble_switchover` does with the same overrides.

    Args:
        overrides: `key=value` and `group=option`, as on the command line.
        keywords: The same as keywords: `k=4`, `design="deq"`, `budget={"width": 12}`.

    Raises:
        ConfigError: naming every problem: its key, what was expected and what came.
        DataError: if the data set is a folder of images and something is wrong with it.
    """
    with mistakes_explained(), own_hydra_state():
        words = as_overrides(overrides, keywords)
        _refuse_several(words)
        ((_, (config,)),) = compose_overrides(words)
        return Run(resolve(config), config)


def compose_all(*overrides: str, **keywords: object) -> list[Run]:
    """Compose and check a run of each combination of values, each run once.

    Args:
        overrides: As for `compose`, and lists of values (`k=2,4`) and named sweeps (`sweep=smoke`).
        keywords: The same as keywords: `seed=range(3)`, `design=["deq", "weq"]`.

    Returns:
        The runs in the order of the values, the last one fastest; a warning is logged for each
        design that does not exist.

    Raises:
        ConfigError: naming every problem of any of them once.
        DataError: if the data set is a folder of images and something is wrong with it.
    """
    with mistakes_explained(), own_hydra_state():
        sweeps = compose_overrides(as_overrides(overrides, keywords))
        configs = [config for _, of_sweep in sweeps for config in of_sweep]
        study = resolve_study(configs)
    for missing in study.impossible:
        _logger.warning(f"no such design: {missing}")
    return [
        Run(spec, configs[position])
        for spec, position in zip(study.specs, study.first_asked, strict=True)
    ]


@contextmanager
def mistakes_explained() -> Iterator[None]:
    """Turn what Hydra and OmegaConf say of a mistake into one error that names it.

    Raises:
        ConfigError: with the sentence that the command line prints.
    """
    try:
        yield
    except EnsembleSwitchoverError:
        raise
    except (*MISTAKES, ValueError) as error:
        if not is_mistake(error):
            raise
        raise ConfigError(message_for(error)) from None


def _refuse_several(overrides: Sequence[str]) -> None:
    for parsed in parse(overrides):
        several = "a sweep" if parsed.key_or_group == "sweep" else "a list"
        if several == "a sweep" or parsed.is_sweep_override():
            raise ConfigError(
                f"{parsed.input_line}: is {several}, and compose makes one run; expected one "
                f"value, or compose_all, which makes all of its runs"
            )
