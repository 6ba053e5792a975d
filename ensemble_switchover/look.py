"""`python -m ensemble_switchover.look`: draw training images and their augmentation as a PNG."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hydra import compose

from ensemble_switchover.config.command_line import (
    command_parser,
    parse_arguments,
    path_argument,
    run_command,
)
from ensemble_switchover.config.data_check import data_check_lines
from ensemble_switchover.config.dataset_config import FolderConfig
from ensemble_switchover.config.duplicates import ALIKE
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import typed
from ensemble_switchover.config.search_path import composing
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.inherited_variables import keep_library_caches_in
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.machine.standard_streams import prints_beside
from ensemble_switchover.machine.terminal import printable
from ensemble_switchover.results.output_path import require_output_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.dataset_config import DatasetConfig
    from ensemble_switchover.config.run_spec import RunSpec

_DESCRIPTION = (
    "Draw a sheet of training images with the names of their classes, as PNG. If images are "
    "augmented, every row shows one image unchanged, followed by augmented versions of it."
)
MAX_SHEET_ROWS = 20
"""The default number of classes, one row each."""
LEAST_LIMIT = 0.9
"""The least correlation of near duplicates that can be asked for."""
MAX_SHEET_SIDE = 1000
"""The largest number of classes, and of images of each."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the last line it prints is the path of the picture."""
    parser = command_parser("look", _DESCRIPTION)
    parser.add_argument(
        "--out", type=path_argument, default=Path("sheet.png"), help="default: sheet.png"
    )
    parser.add_argument("--images", type=int, default=8, help="images per class; default: 8")
    parser.add_argument(
        "--classes",
        type=int,
        default=MAX_SHEET_ROWS,
        help=f"the largest number of classes; default: {MAX_SHEET_ROWS}",
    )
    parser.add_argument(
        "--near-duplicates",
        nargs="?",
        type=float,
        const=ALIKE,
        metavar="LIMIT",
        help="list images of a folder that look alike although their bytes differ: those whose "
        f"thumbnails correlate by LIMIT or more; default: {ALIKE}",
    )
    given = parse_arguments(parser, arguments)
    return run_command(
        lambda: look(given.overrides, given.out, given.images, given.classes, given.near_duplicates)
    )


def look(
    overrides: Sequence[str],
    out: Path,
    num_images: int,
    max_classes: int,
    alike: float | None = None,
) -> int:
    """Draw the training images of the run that the overrides describe.

    Args:
        overrides: Hydra overrides of one run.
        out: The PNG file to write.
        num_images: Images per class.
        max_classes: The largest number of classes to draw.
        alike: The correlation of thumbnails from which images of a folder are listed as near
            duplicates; None to look for none.

    Returns:
        The exit code, 0.

    Raises:
        ConfigError: if an override is invalid, a number below 1 or too large, or `out` cannot be
            written.
        DataError: if the data set is absent, or not what its configuration says.
    """
    for option, number in (("--images", num_images), ("--classes", max_classes)):
        if not 1 <= number <= MAX_SHEET_SIDE:
            raise ConfigError(f"{option} {number}: expected 1 to {MAX_SHEET_SIDE}")
    if alike is not None and not LEAST_LIMIT <= alike <= 1:
        raise ConfigError(f"--near-duplicates {alike:g}: expected {LEAST_LIMIT} to 1")
    require_output_file("--out", out, "sheet.png")
    with prints_beside(out):
        return _look(overrides, out, num_images, max_classes, alike)


def _look(
    overrides: Sequence[str], out: Path, num_images: int, max_classes: int, alike: float | None
) -> int:
    with composing(overrides) as own:
        config = typed(compose("config", overrides=own))
    with reading_once():
        spec = resolve(config)
        checked = data_check_lines([spec.dataset])
    for line in [*checked, *_near_duplicates(spec.dataset, alike)]:
        print(printable(line))
    keep_library_caches_in(spec.dataset.cache)
    from ensemble_switchover.data.contact_sheet import SheetRow, draw_sheet
    from ensemble_switchover.training.assemble import load_images
    from ensemble_switchover.training.sample_images import images_of_class

    with shown_on(sys.stdout):
        split = load_images(spec)
    for remark in (*spec.remarks, *split.remarks):
        line = f"dataset={spec.dataset.name}: {remark}"
        if line not in checked:
            print(printable(line))
    if split.content is not None:
        print(f"dataset={spec.dataset.name}: images and labels of content {split.content}")
    rows = [
        SheetRow(name, images_of_class(spec, split.train, label, num_images))
        for label, name in enumerate(split.class_names[:max_classes])
    ]
    sheet = io.BytesIO()
    draw_sheet(rows).save(sheet, format="PNG")
    write_file(out, sheet.getvalue())
    print(_describe(spec, len(rows)))
    print(out)
    return 0


def _near_duplicates(dataset: DatasetConfig, alike: float | None) -> list[str]:
    if alike is None:
        return []
    if not isinstance(dataset, FolderConfig):
        raise ConfigError(f"--near-duplicates: is for dataset=folder, and {dataset.name} came")
    from ensemble_switchover.config.near_duplicates import near_duplicate_lines

    return [f"dataset={dataset.name}: {line}" for line in near_duplicate_lines(dataset, alike)]


def _describe(spec: RunSpec, num_rows: int) -> str:
    dataset = spec.dataset
    shown = "" if num_rows == dataset.num_classes else f"the first {num_rows} of "
    text = f"{spec.images_name}: {shown}{dataset.num_classes} classes, training images"
    if dataset.augmentation == "none":
        return f"{text}, not augmented"
    return f"{text}; first unchanged, then dataset.augmentation={dataset.augmentation}"


if __name__ == "__main__":
    sys.exit(main())
