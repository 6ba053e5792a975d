"""`python -m ensemble_switchover.look`: draw training images and their augmentation as a PNG."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from hydra import compose, initialize_config_dir

from ensemble_switchover.config.amounts import refuse_long_numbers
from ensemble_switchover.config.command_line import command_parser, run_command
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import conf_folder, typed
from ensemble_switchover.config.seeds import Stream, stream_seed
from ensemble_switchover.data.augmentation import augment, draw_augmentation
from ensemble_switchover.data.contact_sheet import SheetRow, draw_sheet
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.training.assemble import augmentation_of, load_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from torch import Tensor

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.data import ImageSet

_DESCRIPTION = (
    "Draw a sheet of training images with the names of their classes, as PNG. If images are "
    "augmented, every row shows one image unchanged, followed by augmented versions of it."
)
MAX_SHEET_ROWS = 20
"""The default number of classes, one row each."""
MAX_SHEET_SIDE = 1000
"""The largest number of classes, and of images of each."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the last line it prints is the path of the picture."""
    parser = command_parser("look", _DESCRIPTION)
    parser.add_argument("--out", type=Path, default=Path("sheet.png"), help="default: sheet.png")
    parser.add_argument("--images", type=int, default=8, help="images per class; default: 8")
    parser.add_argument(
        "--classes",
        type=int,
        default=MAX_SHEET_ROWS,
        help=f"the largest number of classes; default: {MAX_SHEET_ROWS}",
    )
    given = parser.parse_intermixed_args(arguments)
    return run_command(lambda: look(given.overrides, given.out, given.images, given.classes))


def look(overrides: Sequence[str], out: Path, num_images: int, max_classes: int) -> int:
    """Draw the training images of the run that the overrides describe.

    Args:
        overrides: Hydra overrides of one run.
        out: The PNG file to write.
        num_images: Images per class.
        max_classes: The largest number of classes to draw.

    Returns:
        The exit code, 0.

    Raises:
        ConfigError: if an override is invalid, or a number below 1 or too large.
        DataError: if the data set is absent, or not what its configuration says.
    """
    for option, number in (("--images", num_images), ("--classes", max_classes)):
        if not 1 <= number <= MAX_SHEET_SIDE:
            raise ConfigError(f"{option} {number}: expected 1 to {MAX_SHEET_SIDE}")
    refuse_long_numbers(overrides)
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        spec = resolve(typed(compose("config", overrides=list(overrides))))
    with shown_on(sys.stdout):
        split = load_images(spec)
    for remark in split.remarks:
        print(f"dataset={spec.dataset.name}: {remark}")
    rows = [
        SheetRow(name, _images_of_class(spec, split.train, label, num_images))
        for label, name in enumerate(split.class_names[:max_classes])
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    draw_sheet(rows).save(out, format="PNG")
    print(_describe(spec, len(rows)))
    print(out)
    return 0


def _images_of_class(spec: RunSpec, data: ImageSet, label: int, count: int) -> np.ndarray:
    """Return `count` images (N, C, H, W) of a class.

    Without augmentation they are its first images; with it, its first image and augmented
    versions of that image.
    """
    augmentation = augmentation_of(spec)
    of_class = torch.nonzero(data.labels == label).flatten()
    if augmentation is None:
        return data.images[of_class[:count]].numpy()
    seed = stream_seed(spec.member_seeds[0], Stream.AUGMENTATION, label)
    generator = torch.Generator().manual_seed(seed)
    first: Tensor = data.images[of_class[:1]]
    copies = first.expand(count - 1, -1, -1, -1).contiguous()
    draws = draw_augmentation(augmentation, count - 1, generator)
    return torch.cat([first, augment(copies, draws, augmentation)]).numpy()


def _describe(spec: RunSpec, num_rows: int) -> str:
    dataset = spec.dataset
    shown = "" if num_rows == dataset.num_classes else f"the first {num_rows} of "
    text = f"{dataset.name}: {shown}{dataset.num_classes} classes, training images"
    if dataset.augmentation == "none":
        return f"{text}, not augmented"
    return f"{text}; first unchanged, then dataset.augmentation={dataset.augmentation}"


if __name__ == "__main__":
    sys.exit(main())
