"""The size of a study, of which a first answer stands after a third of the time.

Torch is imported only to time designs that are not known on this device.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.config.command_line import has_override
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.machine.units import MINUTE_SECONDS
from ensemble_switchover.planning.seed_groups import together_of
from ensemble_switchover.sweep.block_seconds import block_predictor, workplace_here
from ensemble_switchover.sweep.choice.kept_choice import read_choice, write_choice
from ensemble_switchover.sweep.choice.size_range import size_range
from ensemble_switchover.sweep.choice.study_size import largest_that_fits, study_sizes
from ensemble_switchover.sweep.next_runs import FIRST_BUDGETS, spread_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.sweep.block_seconds import BlockPredictor
    from ensemble_switchover.sweep.choice.own_images import OwnImages
    from ensemble_switchover.sweep.choice.study_command import OwnStudy
    from ensemble_switchover.sweep.choice.study_size import StudySize

FIRST_ANSWER_SHARE = 1 / 3
"""Share of the time after which a first answer stands."""
SIZE_TIMING_SHARE = 1 / 40
"""Share of the time that designs of one size may be timed for; there are two such times."""

MINUTES_MARGIN = 1.3
"""By how much more time is advised than is predicted, which other programs make longer."""


@dataclass(frozen=True, slots=True)
class ChosenStudy:
    """A study whose first answer fits."""

    size: StudySize
    overrides: list[str]
    """Those of its command, without hours."""
    first_seconds: float | None
    """Seconds of the first block, as predicted, from the start of the sweep; None where the study
    was chosen before."""


def choose_size(
    study: OwnStudy,
    images: OwnImages,
    *,
    most_parameters: int | None,
    seconds: float,
    begin: float,
    command_of: Callable[[float], str],
) -> ChosenStudy:
    """Choose the largest size of which the first block stands after a third of the time.

    What was chosen by the same command before stays.

    Args:
        study: The study, but for its size.
        images: Its images.
        most_parameters: The most parameters of what is to be built; None for any.
        seconds: All the time that there is.
        begin: When it began, by the monotonic clock.
        command_of: Gives the command with another number of seconds.

    Raises:
        ConfigError: if an override is wrong, or the time too short for any size.
    """
    asked = {
        "images": images.content,
        "overrides": list(study.overrides),
        "--parameters": most_parameters,
    }
    kept = read_choice(study.folder, asked)
    if kept is not None:
        return ChosenStudy(kept, study.overrides_of(kept), None)
    sizes = study_sizes(size_range(study, images, most_parameters))
    search = _Search(study, SIZE_TIMING_SHARE * seconds)
    first_share = FIRST_ANSWER_SHARE * seconds
    search.time_designs(sizes[len(sizes) // 2])
    size = largest_that_fits(sizes, search.seconds_of, _left(begin, first_share))
    while size is not None:
        search.time_designs(size)
        if search.seconds_of(size) <= _left(begin, first_share):
            write_choice(study.folder, asked, size)
            return ChosenStudy(size, study.overrides_of(size), search.seconds_of(size))
        size = next(iter(sizes[sizes.index(size) + 1 :]), None)
    needed = MINUTES_MARGIN * (time.monotonic() - begin + search.seconds_of(sizes[-1]))
    minutes = math.ceil(needed / FIRST_ANSWER_SHARE / MINUTE_SECONDS)
    raise ConfigError(
        f"{seconds / MINUTE_SECONDS:g} minutes are too few here for even "
        f"{describe_size(sizes[-1])}; expected about {minutes}: "
        f"{command_of(minutes * MINUTE_SECONDS)}"
    )


class _Search:
    """Predicts the first block of a study of any size, after a few designs were timed."""

    def __init__(self, study: OwnStudy, timing_seconds: float) -> None:
        self._study = study
        self._timing_seconds = timing_seconds
        self._predictor: BlockPredictor | None = None
        self._seconds: dict[StudySize, float] = {}
        self._blocks: dict[StudySize, tuple[list[RunSpec], dict[str, Config]]] = {}

    def time_designs(self, size: StudySize) -> None:
        """Time designs of a size on this device, unless they are known."""
        specs, configs = self.first_block(size)
        together = together_of("auto", specs)
        workplace = workplace_here(self._study.num_jobs, together)
        self._predictor = block_predictor(specs, configs, workplace, self._timing_seconds)
        self._seconds.clear()

    def seconds_of(self, size: StudySize) -> float:
        """Predict the seconds of a first block, with the start of the sweep."""
        assert self._predictor is not None
        if size not in self._seconds:
            specs, _ = self.first_block(size)
            start = self._predictor.overheads.start_seconds  # of the sweep's own process
            self._seconds[size] = start + self._predictor.seconds(specs, decoded=False)
        return self._seconds[size]

    def first_block(self, size: StudySize) -> tuple[list[RunSpec], dict[str, Config]]:
        """Return the runs of a first block, and the configuration of each by its name."""
        if size not in self._blocks:
            self._blocks[size] = self._compose(size)
        return self._blocks[size]

    def _compose(self, size: StudySize) -> tuple[list[RunSpec], dict[str, Config]]:
        columns = spread_columns(len(size.budgets), FIRST_BUDGETS) if size.budgets else []
        first = replace(size, budgets=tuple(size.budgets[column] for column in columns))
        overrides = self._study.overrides_of(first)
        if not has_override(overrides, "seed"):
            overrides.append(f"seed={','.join(map(str, range(MIN_SEEDS)))}")
        configs = [config for _, part in compose_overrides(overrides) for config in part]
        study = resolve_study(configs)
        indices = zip(study.specs, study.first_asked, strict=True)
        return study.specs, {spec.name: configs[index] for spec, index in indices}


def _left(begin: float, seconds: float) -> float:
    return begin + seconds - time.monotonic()


def describe_size(size: StudySize) -> str:
    """Describe what a study trains.

    >>> from ensemble_switchover.sweep.choice.study_size import StudySize
    >>> size = StudySize(image_side=16, train_images=3000, epochs=12, budgets=(15000, 25000, 37000))
    >>> describe_size(size)
    '3 budgets of 15,000 to 37,000 parameters, 12 epochs of 3,000 images of 16x16 pixels'
    """
    images = f"{count(size.train_images, 'image')} of {size.image_side}x{size.image_side} pixels"
    trained = f"{count(size.epochs, 'epoch')} of {images}"
    if not size.budgets:
        return trained
    budgets = f"{count(len(size.budgets), 'budget')} of {size.budgets[0]:,} to "
    return f"{budgets}{size.budgets[-1]:,} parameters, {trained}"
