"""The command of a study of the user's own images: a name, and the overrides (no torch)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.config.command_line import PROGRAM, has_override
from ensemble_switchover.config.quoting import hydra_text
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.shell import shell_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.sweep.choice.study_size import StudySize

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_PADDING_SHARE = 8
"""The random crop is padded by a side of an image over this, 4 of 32 pixels (He et al. 2016)."""
EVALUATIONS = 10
"""Evaluations of a run, about."""
_GIVEN_OTHERWISE = {
    "dataset": "the folder alone",
    "dataset.root": "the folder alone",
    "study": "--study",
    "results": "--results",
    "sweep": "python -m ensemble_switchover for other sweeps than sweep=own",
    "sweep.hours": "--minutes or --hours",
}
"""Key that the command sets itself -> what it is given by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStudy:
    """A study of the user's own images, but for its size."""

    root: Path
    """The folder of the images."""
    channels: int
    """1 where all images are grey, else 3."""
    train_images: int
    """Training images that there are."""
    name: str
    """Of the study."""
    results: Path
    """The folder of the studies."""
    num_jobs: int
    """Jobs at a time on this machine."""
    threads: int | None
    """Threads of each of them; None for torch's choice."""
    overrides: tuple[str, ...]
    """Those that the user states, in place of others of the same key."""

    @property
    def folder(self) -> Path:
        """The folder of its records."""
        return self.results / self.name

    def fixed_overrides(self) -> list[str]:
        """Return the overrides of any size, without those of the user."""
        jobs = []
        if self.num_jobs > 1:
            jobs = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={self.num_jobs}"]
        jobs += [] if self.threads is None else [f"threads={self.threads}"]
        return [
            "sweep=own",
            f"study={hydra_text(self.name)}",
            *(
                []
                if self.results == Path("results")
                else [f"results={hydra_text(str(self.results))}"]
            ),
            *folder_overrides(self.root),
            f"dataset.channels={self.channels}",
            "logger=none",
            *jobs,
        ]

    def overrides_of(self, size: StudySize) -> list[str]:
        """Return the overrides of a study, without its hours.

        Args:
            size: What it trains.
        """
        in_part = size.train_images < self.train_images
        own = [
            *self.fixed_overrides(),
            f"dataset.image_size={size.image_side}",
            f"dataset.crop_padding={max(1, round(size.image_side / _PADDING_SHARE))}",
            *([f"dataset.train_size={size.train_images}"] if in_part else []),
            f"epochs={size.epochs}",
            f"evaluate_every={max(1, round(size.epochs / EVALUATIONS))}",
            *([f"budget.parameters={','.join(map(str, size.budgets))}"] if size.budgets else []),
        ]
        return self.with_stated(own)

    def with_stated(self, overrides: Sequence[str]) -> list[str]:
        """Put those of the user in place of overrides of the same keys."""
        keys = {entry: entry.partition("=")[0] for entry in overrides}
        kept = [entry for entry in overrides if not has_override(self.overrides, keys[entry])]
        if has_override(self.overrides, "hydra/launcher"):  # others may not have these keys
            kept = [entry for entry in kept if not entry.startswith("hydra.launcher.")]
        return [*kept, *self.overrides]


def refuse_given_otherwise(overrides: Sequence[str]) -> None:
    """Refuse overrides of what the command sets itself, by the folder and its options.

    Raises:
        ConfigError: naming the first of them, and what is expected in its place.
    """
    for override in overrides:
        for key, expected in _GIVEN_OTHERWISE.items():
            if has_override([override.lstrip("~")], key):
                raise ConfigError(f"{override}: is set by this command; expected {expected}")


def folder_overrides(root: Path) -> list[str]:
    """Return the overrides of a folder of images, of which those that can be read are used."""
    return ["dataset=folder", f"dataset.root={hydra_text(str(root))}", "dataset.skip_bad=true"]


def study_name(root: Path, minutes: float) -> str:
    """Return the name of the study of a folder within so many minutes.

    >>> from pathlib import Path
    >>> study_name(Path("my photos"), 10), study_name(Path("."), 90.5), study_name(Path("/"), 480)
    ('my_photos_10min', 'images_90.5min', 'images_480min')
    """
    name = _NOT_IN_NAMES.sub("_", root.name).strip("._-") or "images"
    return f"{name}_{minutes:g}min"


def shown_command(overrides: Sequence[str]) -> str:
    """Return the command of a sweep as a line for a shell."""
    return shell_command(*PROGRAM.split(), *overrides)
