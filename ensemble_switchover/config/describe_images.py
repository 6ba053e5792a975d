"""The images of a folder in lines for a person: how many, of which classes, of which kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from ensemble_switchover.config.dataset_config import FolderConfig
    from ensemble_switchover.config.folder_parts import FolderParts
    from ensemble_switchover.config.image_survey import ImageSurvey

MAX_LISTED_CLASSES = 12
"""The number of classes whose images are counted one by one; of more, the rarest are."""
UNBALANCED = 10
"""How many times as many images as the rarest class the largest one has where that is told."""

LEAST_ADVISED_SIDE = 8
"""The side in pixels of the smallest images whose own size is advised."""
MAX_SHOWN_NAME = 40
"""The number of characters of a class's name that are shown."""
ELONGATED = 3
"""How many times the shorter side the longer one is where most of an image is cut off."""


def describe_images(dataset: FolderConfig, parts: FolderParts, survey: ImageSurvey) -> list[str]:
    """Write how many images there are of each class, and what is worth knowing of them.

    Args:
        dataset: The configuration of the folder.
        parts: Which files are trained on, held out and tested on.
        survey: What the images are like.
    """
    return [
        _uses(parts),
        _classes(parts),
        *_balance(parts),
        _sizes(dataset, survey),
        *_traits(dataset, survey),
    ]


def _uses(parts: FolderParts) -> str:
    uses = [f"{len(parts.train):,} to train on"]
    uses += [f"{len(parts.validation):,} to validate on"] if parts.validation else []
    uses += [f"{len(parts.test):,} to test on"] if parts.test else []
    num_unused = len(parts.labels) - sum(map(len, (parts.train, parts.validation, parts.test)))
    uses += [f"{num_unused:,} not used"] if num_unused else []
    return (
        f"{count(len(parts.labels), 'image')} of {len(parts.class_names):,} classes: "
        f"{', '.join(uses)}"
    )


def _classes(parts: FolderParts) -> str:
    """Count the images of every class, or of the rarest of many."""
    used = [files for files in (parts.train, parts.validation, parts.test) if files]
    counts = [parts.counts(files) for files in used]
    names = list(parts.class_names)
    which = "images of a class"
    if len(names) > MAX_LISTED_CLASSES:
        names = sorted(names, key=lambda name: counts[0][name])[:MAX_LISTED_CLASSES]
        which = f"images of the {MAX_LISTED_CLASSES} rarest classes"
    listed = [
        f"{_short(name)} {' + '.join(f'{of_part[name]:,}' for of_part in counts)}" for name in names
    ]
    return f"{which}, as they are used: {', '.join(listed)}"


def _balance(parts: FolderParts) -> list[str]:
    """Say what one answer for all images would score, where one class is much the largest."""
    counts = parts.counts(parts.train)
    rarest, largest = (choose(counts, key=lambda name: counts[name]) for choose in (min, max))
    if counts[largest] < UNBALANCED * counts[rarest]:
        return []
    measured = parts.counts(parts.measured)
    always = max(measured, key=lambda name: measured[name])
    error = 100 * (1 - measured[always] / len(parts.measured))
    return [
        f"{_short(largest)} has {count(counts[largest], 'image')} to train on and "
        f"{_short(rarest)} {counts[rarest]:,}: to answer {_short(always)} always has an "
        f"error of {error:.1f} %, and every network is to be compared with that"
    ]


def _sizes(dataset: FolderConfig, survey: ImageSurvey) -> str:
    side = dataset.image_size
    colours = "grey" if dataset.channels == 1 else "colour"
    read = f"read in {colours}, {side}x{side} (dataset.channels, dataset.image_size)"
    if survey.smallest_side == survey.largest_side:
        sides = count(survey.smallest_side, "pixel")
    else:
        sides = (
            f"{survey.smallest_side:,} to {survey.largest_side:,} pixels, "
            f"{survey.median_side:,} in the middle"
        )
    sizes = "all of one size" if survey.num_sizes == 1 else f"{survey.num_sizes:,} sizes"
    enlarged = ""
    if LEAST_ADVISED_SIDE <= survey.median_side < side:
        enlarged = (
            f"; enlarging tells nothing new: dataset.image_size={survey.median_side} would do"
        )
    return f"shorter side {sides}; {sizes}; {read}{enlarged}"


def _traits(dataset: FolderConfig, survey: ImageSurvey) -> list[str]:
    """Say how many images are grey, deep, transparent and so on, and how they are read."""
    num_images, num_grey = survey.num_images, survey.num_grey
    colour = num_images - num_grey
    lines = []
    if dataset.channels == 1 and colour:
        lines.append(f"{_share(colour, num_images)} in colour: converted to grey")
    elif dataset.channels > 1 and num_grey == num_images:
        lines.append("all are grey: dataset.channels=1 would read them as such")
    elif dataset.channels > 1 and num_grey:
        lines.append(f"{_share(num_grey, num_images)} grey: their three channels will be equal")
    told = (
        (survey.num_deep, "of 16 bits or more a channel: read as 8 bits"),
        (survey.num_transparent, "with transparency: white where they are transparent"),
        (survey.num_turned, "turned by their EXIF entry: read upright"),
        (survey.num_animated, "of several pictures: the first is read"),
        (
            survey.num_elongated,
            f"more than {ELONGATED} times as long as wide: only the central square is read",
        ),
    )
    lines += [f"{_share(number, num_images)} {text}" for number, text in told if number]
    return lines


def _share(number: int, of: int) -> str:
    return f"{number:,} of {of:,} images" if number < of else f"all {of:,} images"


def _short(name: str) -> str:
    text = on_one_line(name)
    return text if len(text) <= MAX_SHOWN_NAME else f"{text[: MAX_SHOWN_NAME - 3]}..."
