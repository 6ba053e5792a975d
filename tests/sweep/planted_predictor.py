"""A predictor of blocks by a planted rate: every image of an epoch takes its time."""

from types import SimpleNamespace

IMAGE_SECONDS = 1e-4


def planted_jobs(block):
    """Return seconds by images, their pixels, members and epochs."""
    return [
        IMAGE_SECONDS * spec.train_size * (spec.task.size / 8) ** 2 * spec.recipe.epochs
        for spec in block
    ]


def planted_predictor(start_seconds=0.0):
    """Return what has the methods of a `BlockPredictor`."""
    return SimpleNamespace(
        jobs=planted_jobs,
        start_seconds=start_seconds,
        seconds=lambda block: start_seconds + sum(planted_jobs(block)),
        workplace=SimpleNamespace(at_a_time=lambda _: 1.0),
        overheads=SimpleNamespace(decode_seconds=0.0, decoded_images=1),
    )
