"""A folder of made images, and a study of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ensemble_switchover.sweep.choice.study_command import OwnStudy

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 20
PER_CLASS = 30


def make_images(root: Path, *, grey: bool = True, classes: int = 2) -> Path:
    """Write images of noise, and return their folder."""
    random = np.random.default_rng(0)
    for label in range(classes):
        folder = root / f"class {label}"
        folder.mkdir(parents=True)
        for number in range(PER_CLASS):
            shape = (SIDE, SIDE + 4) if grey else (SIDE, SIDE + 4, 3)
            pixels = random.integers(0, 256, shape, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return root


def make_study(root: Path, results: Path, *overrides: str) -> OwnStudy:
    """Return a study of a folder of images, of one job."""
    return OwnStudy(
        root=root,
        channels=1,
        train_images=48,
        name="own",
        results=results,
        num_jobs=1,
        threads=None,
        overrides=overrides,
    )
