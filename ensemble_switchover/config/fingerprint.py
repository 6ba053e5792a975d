"""Which keys of the configuration decide a run's fingerprint, each decided here, in or out.

In is what decides the scientific result: the networks, the data, the recipe, the seed, the
precision. Seconds, bytes and milliseconds are results of a run too, and tables, figures and the
switchover's costs are made of them. So what they depend on and a user asks for is in as well: the
execution, compilation, the type of device, the threads, and what is measured. Two such runs must
never be taken for one. Out is where things are, and who is told.
"""

from __future__ import annotations

DECISIVE = frozenset(
    {
        "arch.*",
        "dataset.name",
        "dataset.base",
        "dataset.channels",
        "dataset.image_size",
        "dataset.num_classes",
        "dataset.train_images",
        "dataset.test_images",
        "dataset.pooled",
        "dataset.train_size",
        "dataset.validation_size",
        "dataset.evaluate_on",
        "dataset.test_size",
        "dataset.split_seed",
        "dataset.augmentation",
        "dataset.crop_padding",
        "dataset.flip",
        "dataset.randaugment_ops",
        "dataset.randaugment_magnitude",
        "dataset.difficulty",
        "dataset.generator_seed",
        "dataset.test_share",
        "dataset.content",
        "dataset.extra",
        "dataset.extra_images",
        "design_class.name",
        "design_class.k",
        "budget.source",
        "budget.depth",
        "budget.width",
        "budget.network",
        "budget.parameters",
        "budget.along",
        "execution.name",
        "execution.channels_last",
        "execution.processes",
        "execution.within",
        "recipe.batch_size",
        "recipe.learning_rate",
        "recipe.weight_decay",
        "measurement.latency_batch_sizes",
        "measurement.latency_seconds",
        "measurement.layer_repeats",
        "k",
        "seed",
        "epochs",
        "precision",
        "compile",
        "device",
        "threads",
    }
)
"""Keys that are in. They are hashed as they are resolved, so that two ways to state one budget or
one recipe are one run, and a key that decides nothing where it stands changes nothing. `arch.*`
are the options of every family, whose one file is all that a family is."""

EXCLUDED = {
    "dataset.root": "where the files are",
    "dataset.cache": "where the decoded images are kept",
    "dataset.url": "where the files come from; their bytes are checked",
    "dataset.residence": "where the images lie; the record says it",
    "dataset.skip_bad": "the files that are left out are not among the hashed contents",
    "logger.kind": "who is told",
    "logger.project": "who is told",
    "logger.entity": "who is told",
    "logger.mode": "who is told",
    "results": "where the record goes",
    "study": "where the record goes",
    "retry": "what to do about a failure of before",
    "record.predictions": "which are kept",
    "record.weights": "whether they are kept",
}
"""Keys that are out, and why. Hydra's own, such as the launcher, are no part of a run at all."""


def is_decisive(key: str) -> bool:
    """Tell whether a key of the configuration is in the fingerprint.

    Raises:
        KeyError: if nobody has decided.

    >>> is_decisive("seed"), is_decisive("arch.bottleneck"), is_decisive("results")
    (True, True, False)
    """
    if key in DECISIVE or f"{key.partition('.')[0]}.*" in DECISIVE:
        return True
    if key in EXCLUDED:
        return False
    raise KeyError(f"{key}: expected in DECISIVE or EXCLUDED of {__name__}")


def excluded_of(group: str) -> tuple[str, ...]:
    """Return the keys of a group that are out, without the group's name.

    >>> excluded_of("dataset")
    ('root', 'cache', 'url', 'residence', 'skip_bad')
    """
    prefix = f"{group}."
    return tuple(key.removeprefix(prefix) for key in EXCLUDED if key.startswith(prefix))
