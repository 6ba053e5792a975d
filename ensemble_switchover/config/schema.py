"""The configuration: one typed dataclass for each group, composed by Hydra from `conf/`.

An annotation names the type of a key, the values that it takes, and whether it decides the
fingerprint of a run. What decides the scientific result is in: networks, data, recipe, seed,
precision. Seconds, bytes and milliseconds are results of a run too, so what they depend on and a
user asks for is in as well: execution, compilation, type of device, threads, and what is measured.
Where things are kept, and where metrics go besides the record, is out.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields, is_dataclass, make_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Optional, cast, get_origin, get_type_hints

from hydra.core.config_store import ConfigStore
from omegaconf import II, MISSING, DictConfig, OmegaConf

from ensemble_switchover.config.config_dirs import FILE, config_dirs
from ensemble_switchover.config.execution_plan import WITHIN
from ensemble_switchover.config.hydra_folders import hydra_folder
from ensemble_switchover.config.key_markers import (
    RESOLVED,
    STATED,
    Excluded,
    Expected,
    above_zero,
    at_most,
    between,
    one_of,
)
from ensemble_switchover.config.largest_values import (
    MAX_CHANNELS,
    MAX_CLASSES,
    MAX_EPOCHS,
    MAX_IMAGE_SIZE,
    MAX_IMAGES,
    MAX_LATENCY_SECONDS,
    MAX_LAYER_REPEATS,
    MAX_MAGNITUDE,
    MAX_SWEEP_HOURS,
    MAX_THREADS,
    RANDAUGMENT_OPERATIONS,
)
from ensemble_switchover.config.recipe_config import RecipeConfig, ScheduleConfig
from ensemble_switchover.config.seeds import MAX_MEMBERS, MAX_SEED
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.config.trainer_flags import TrainerConfig
from ensemble_switchover.design import FAMILIES, BudgetRule, DesignClass, Family
from ensemble_switchover.design.families import full_name, known_families
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import user_path

LOGIN_IN_ADDRESS = re.compile(r"(?<=://)[^/?#\s]*@")

STANDARDISED = "standardised"
"""The normalisation of pixels in all runs of before there was another."""

EVERY_EPOCH, MILESTONES = "1", "milestones"
"""Values of `evaluate_every`: the first is that of all runs of before there was the choice."""

SEEDS = between(0, MAX_SEED)
SEED_LISTS = Expected(
    f"seeds of 0 to {MAX_SEED}", lambda seeds: all(0 <= seed <= MAX_SEED for seed in seeds)
)
WEB_ADDRESS = Expected(
    "http://... or https://...", lambda url: url.startswith(("http://", "https://"))
)
BATCH_SIZES = Expected(
    f"batch sizes of 1 to {MAX_IMAGES}",
    lambda sizes: all(1 <= size <= MAX_IMAGES for size in sizes),
)
LAYER_REPEATS = Expected(
    f"2 to {MAX_LAYER_REPEATS}, or 0 to leave the layers' times out",
    lambda repeats: repeats == 0 or 2 <= repeats <= MAX_LAYER_REPEATS,
)
EVALUATE_EVERY = Expected(
    f"a number of epochs, 1 to {MAX_EPOCHS}, or {MILESTONES}",
    lambda every: (
        every == MILESTONES
        or (re.fullmatch(r"[1-9][0-9]{0,8}", every) is not None and int(every) <= MAX_EPOCHS)
    ),
)
METRICS_ELSEWHERE = Excluded("where metrics go besides the record")


@dataclass(slots=True, kw_only=True)
class ArchConfig:
    """A family of networks; the fields of its subclass are the family's options."""

    family: Annotated[str, RESOLVED] = MISSING
    """Name of the family; `arch=` sets it."""


def _arch_schema(family: type[Family], target: str | None = None) -> type[ArchConfig]:
    """Make the schema of a family from its options; one of another package has its full name."""
    types = get_type_hints(family)
    named = [] if target is None else [(TARGET, Annotated[str, RESOLVED], field(default=target))]
    options: list[tuple[str, Any, Any]] = [
        (option.name, Annotated[types[option.name], RESOLVED], field(default=option.default))
        for option in fields(family)
    ]
    return make_dataclass(
        f"{family.__name__}Config",
        [("family", Annotated[str, RESOLVED], field(default=family.name)), *named, *options],
        bases=(ArchConfig,),
        slots=True,
        kw_only=True,
    )


@dataclass(slots=True, kw_only=True)
class DatasetConfig:
    """A data set: the facts about it, and how it is used."""

    name: Annotated[str, STATED] = MISSING
    """Name of the data set; `dataset=` sets it."""
    base: Annotated[Optional[str], STATED] = None
    """Data set whose files and whose row of Table A are used; absent: its own."""
    channels: Annotated[int, between(1, MAX_CHANNELS), STATED] = MISSING
    """Colour channels of an image."""
    image_size: Annotated[int, between(1, MAX_IMAGE_SIZE), STATED] = MISSING
    """Side of an image in pixels, at most 1024."""
    num_classes: Annotated[int, at_most(MAX_CLASSES), STATED] = MISSING
    """Number of classes, 2 or more."""
    train_images: Annotated[int, between(0, MAX_IMAGES), STATED] = MISSING
    """Number of training images that the data set has."""
    test_images: Annotated[int, between(0, MAX_IMAGES), STATED] = MISSING
    """Number of test images that the data set has."""
    pooled: Annotated[bool, STATED] = False
    """Whether training and test images are drawn from one pool of `train_images`."""
    root: Annotated[Optional[str], Excluded("where the files are")] = None
    """Folder of the files; `~` at its beginning is the home folder; absent: `datasets` in the
    folder of caches."""
    cache: Annotated[Optional[str], Excluded("where caches are kept")] = None
    """Folder of the decoded images and of all other caches; `~` at its beginning is the home
    folder; absent: the user's cache folder."""
    url: Annotated[
        Optional[str], WEB_ADDRESS, Excluded("where the files come from; their bytes are checked")
    ] = None
    """Address of a mirror that has the files, http://... or https://...; absent: the address at
    which they are published."""
    residence: Annotated[
        str,
        one_of("auto", "device", "host"),
        Excluded("where the images are kept; it is in the record"),
    ] = "auto"
    """Where the images are kept during training: `device`, `host`, or `auto`, which is the device
    if they fit into its memory."""
    train_size: Annotated[Optional[int], RESOLVED] = None
    """Number of training images used, a stratified subset; absent: all."""
    validation_size: Annotated[Optional[int], RESOLVED] = None
    """Number of training images that are held out for validation, stratified, and not trained on;
    absent: none."""
    evaluate_on: Annotated[Optional[str], one_of("test", "validation"), RESOLVED] = None
    """Images that the networks are evaluated on: `test` or `validation`; absent: the validation
    images where there are any, and then the test images are never used."""
    test_size: Annotated[Optional[int], RESOLVED] = None
    """Number of test images used, a stratified subset; absent: all."""
    split_seed: Annotated[int, SEEDS, STATED] = 0
    """Seed that chooses the subsets; all runs of a study should share it."""
    augmentation: Annotated[str, one_of("none", "standard", "randaugment"), STATED] = "standard"
    """Augmentation of the training images: `none`; `standard`, a random crop after padding and,
    with `flip`, a horizontal flip; or `randaugment`, random operations followed by `standard`."""
    crop_padding: Annotated[int, between(0, MAX_IMAGE_SIZE), STATED] = 4
    """Padding before the random crop, in pixels a side (He et al. 2016, section 4.2)."""
    flip: Annotated[bool, STATED] = True
    """Whether half of the training images are flipped from left to right (He et al. 2016, section
    4.2)."""
    normalisation: Annotated[str, one_of(STANDARDISED, "scaled"), STATED] = STANDARDISED
    """What is done to pixels: `standardised` by the mean and deviation of each channel over the
    training images, or `scaled` to 0 to 1, which is division by 255."""
    randaugment_ops: Annotated[int, between(1, RANDAUGMENT_OPERATIONS), STATED] = 2
    """Number of operations that RandAugment applies to an image, 1 to 14 (N of Cubuk et al. 2020;
    Figure J)."""
    randaugment_magnitude: Annotated[int, between(0, MAX_MAGNITUDE), STATED] = 14
    """Strength of the operations of RandAugment, 0 to 30 (M of Cubuk et al. 2020; Figure J)."""


@dataclass(slots=True, kw_only=True)
class FractalsConfig(DatasetConfig):
    """Generated images of iterated function systems."""

    difficulty: Annotated[float, between(0, 1), STATED] = 0.5
    """Difficulty of the images, 0 to 1: the higher, the wider the variation inside a class, the
    more noise, and the more alike the classes; at 0.5 the weights vary as in FractalDB (Kataoka et
    al., ACCV 2020)."""
    generator_seed: Annotated[int, SEEDS, STATED] = 0
    """Seed of the classes and of their images."""


@dataclass(slots=True, kw_only=True)
class FolderConfig(DatasetConfig):
    """A folder of the user's own images; the counts are 0 until the folder has been read."""

    test_share: Annotated[float, STATED] = 0.2
    """Share of the images that is split off for testing, more than 0 and at most 0.5; unused where
    there is a folder `test`."""
    skip_bad: Annotated[
        bool, Excluded("files that are left out are not among the hashed contents")
    ] = False
    """Whether files that cannot be read as images are left out and reported, rather than end the
    run."""
    content: Annotated[str, STATED] = ""
    """Hash of the names and contents of the files; it is computed, and cannot be set."""


@dataclass(slots=True, kw_only=True)
class OwnDatasetConfig(DatasetConfig):
    """A data set of the user's own, which a function makes."""

    _target_: Annotated[str, STATED] = MISSING
    """Full name of the function that returns the images, such as `package.module.load`."""
    arguments: Annotated[dict[str, Any], STATED] = field(default_factory=dict)
    """Arguments of the function by their names."""
    content: Annotated[Optional[str], STATED] = None
    """Hash of the images and labels, with which those that the function returns are compared;
    absent: they are not."""


@dataclass(slots=True, kw_only=True)
class SvhnConfig(DatasetConfig):
    """Street View House Numbers (Netzer et al. 2011)."""

    extra: Annotated[bool, STATED] = False
    """Whether the extra, easier images are trained on as well."""
    extra_images: Annotated[int, between(0, MAX_IMAGES), STATED] = MISSING
    """Number of extra images that the data set has."""


@dataclass(slots=True, kw_only=True)
class DesignClassConfig:
    """A design class of the paper: `single`, `deq` or `weq`."""

    name: Annotated[str, one_of(*(rule.value for rule in DesignClass)), RESOLVED] = MISSING
    """Name of the design class; `design=` sets it."""
    k: Annotated[int, between(1, MAX_MEMBERS, " members"), RESOLVED] = MISSING
    """Number of members where `k` is not set."""


@dataclass(slots=True, kw_only=True)
class BudgetConfig:
    """A parameter budget."""

    source: Annotated[str, one_of(*(rule.value for rule in BudgetRule)), RESOLVED] = "rule"
    """How a design follows from the budget: `rule` (the inequality of section 2), `published`
    (Tables B to D) or `nearest`."""
    depth: Annotated[Optional[int], RESOLVED] = None
    """Depth of the single network; absent: the family's default."""
    width: Annotated[Optional[int], RESOLVED] = None
    """Width factor of the single network; absent: the family's default."""


@dataclass(slots=True, kw_only=True)
class NetworkBudgetConfig(BudgetConfig):
    """A budget stated as a single network."""

    network: Annotated[Optional[str], RESOLVED] = None
    """Depth and width factor together, such as 40x12, so that one list sweeps networks."""


@dataclass(slots=True, kw_only=True)
class ParametersBudgetConfig(BudgetConfig):
    """A budget stated as a number of parameters that the single network must not exceed."""

    parameters: Annotated[str, RESOLVED] = MISSING
    """Number of parameters, such as 1.5M, 200k or 269722."""
    along: Annotated[str, one_of("width", "depth"), RESOLVED] = "width"
    """Knob of the single network that is increased up to the budget: `width` (at the given `depth`)
    or `depth` (at the given `width`)."""


@dataclass(slots=True, kw_only=True)
class ExecutionConfig:
    """How the k members are executed; it never changes what they learn."""

    name: Annotated[str, one_of("auto", *WITHIN, "parallel"), STATED] = MISSING
    """Name of the execution; `execution=` sets it."""
    channels_last: Annotated[bool, STATED] = False
    """Whether members that train one after another store images with the channels last, and update
    all weights in one kernel."""
    processes: Annotated[Optional[int], between(1, MAX_MEMBERS), STATED] = None
    """Number of processes of `parallel`; absent: one per GPU, or one per thread of the CPU, and at
    most k."""
    within: Annotated[str, one_of(*WITHIN), STATED] = "sequential"
    """How the members of one process of `parallel` take their steps: `sequential` or `fused`."""


@dataclass(slots=True, kw_only=True)
class LoggerConfig:
    """Where metrics go besides the record."""

    kind: Annotated[str, one_of("wandb", "csv", "tensorboard", "none"), METRICS_ELSEWHERE] = MISSING
    """Name of the logger; `logger=` sets it."""
    project: Annotated[str, METRICS_ELSEWHERE] = "ensemble_switchover"
    """Project in W&B."""
    entity: Annotated[Optional[str], METRICS_ELSEWHERE] = None
    """User or team in W&B; absent: the default of the login."""
    mode: Annotated[str, one_of("auto", "online", "offline"), METRICS_ELSEWHERE] = "auto"
    """Mode of W&B: `online`, `offline`, or `auto`, which is online with a login and offline
    without."""
    name: Annotated[Optional[str], METRICS_ELSEWHERE] = None
    """Name of the run in W&B; absent: that of its folder. In a sweep it has to differ between runs,
    as `${design_class.name}_${seed}` does."""
    group: Annotated[Optional[str], METRICS_ELSEWHERE] = None
    """Group of the run in W&B; absent: the study."""
    tags: Annotated[list[str], METRICS_ELSEWHERE] = field(default_factory=list)
    """Tags of the run in W&B, besides those that it has anyway."""
    notes: Annotated[Optional[str], METRICS_ELSEWHERE] = None
    """Notes on the run in W&B."""


@dataclass(slots=True, kw_only=True)
class MeasurementConfig:
    """What is measured after training."""

    latency_batch_sizes: Annotated[list[int], BATCH_SIZES, STATED] = field(
        default_factory=lambda: [1, 32, 128, 1024]
    )
    """Batch sizes, in images, at which the inference latency is measured; an empty list skips the
    measurement."""
    latency_seconds: Annotated[float, above_zero(MAX_LATENCY_SECONDS), STATED] = 2.0
    """Seconds after which the measurement of one model at one batch size ends, if 30 repeats take
    longer."""
    layer_repeats: Annotated[int, LAYER_REPEATS, STATED] = 5
    """Number of training steps in which the layers are timed, 2 or more; 0 skips the timing."""


@dataclass(slots=True, kw_only=True)
class RecordConfig:
    """What is kept beside the record."""

    predictions: Annotated[
        str, one_of("none", "final", "milestones", "all"), Excluded("which predictions are kept")
    ] = "final"
    """Epochs after which the members' probabilities on the images measured on are kept: `none`,
    `final`, `milestones` (before every drop of the learning rate, and the last), or `all`."""
    weights: Annotated[bool, Excluded("whether the weights are kept")] = True
    """Whether the trained weights are kept."""


@dataclass(slots=True, kw_only=True)
class Config:
    """One run."""

    arch: ArchConfig = MISSING
    dataset: DatasetConfig = MISSING
    design_class: DesignClassConfig = MISSING
    budget: BudgetConfig = MISSING
    execution: ExecutionConfig = MISSING
    trainer: TrainerConfig = MISSING
    logger: LoggerConfig = MISSING
    recipe: RecipeConfig = field(default_factory=RecipeConfig)
    measurement: MeasurementConfig = field(default_factory=MeasurementConfig)
    record: RecordConfig = field(default_factory=RecordConfig)
    metrics: Annotated[dict[str, Any], STATED] = field(default_factory=dict)
    """Metrics of your own by their names, each with its class or function as `_target_` and its
    arguments; they are measured after every evaluated epoch, and kept in the record."""
    k: Annotated[int, between(1, MAX_MEMBERS, " members"), RESOLVED] = II("design_class.k")
    """Number of members, 1 to 64; a single network has one."""
    seed: Annotated[int, SEEDS, STATED] = 0
    """Seed of the run, from which the seeds of the members follow, and from those their
    initialisation, the order of their images and their augmentation."""
    epochs: Annotated[Optional[int], between(1, MAX_EPOCHS), RESOLVED] = None
    """Number of training epochs, to which the schedule of the recipe is scaled in proportion
    (Figure K); absent: the recipe's."""
    evaluate_every: Annotated[str, EVALUATE_EVERY, STATED] = EVERY_EPOCH
    """Epochs after which the networks are evaluated: `1`, every epoch; `N`, every N-th and the
    last; or `milestones`, before every drop of the learning rate and the last. Others have no
    error: time to accuracy and lowest error are over the evaluated epochs alone."""
    callbacks: Annotated[dict[str, Any], RESOLVED] = field(default_factory=dict)
    """Lightning callbacks by a name of your own, each with its full name as `_target_` and its
    arguments: `+callbacks.mine._target_=my.module.Callback`. `callbacks=` adds those that are
    shipped."""
    precision: Annotated[str, one_of("32", "64", "tf32", "bf16", "16"), STATED] = "32"
    """Precision of training: `32`, `64`, `tf32` (CUDA), or mixed: `bf16`, or `16` with a scaled
    loss."""
    compile: Annotated[bool, STATED] = False
    """Whether every member is compiled with torch.compile."""
    device: Annotated[str, one_of("auto", "cpu", "cuda", "mps"), STATED] = "auto"
    """Device that trains: `cpu`, `cuda`, `mps`, or `auto`, the best that the machine has."""
    threads: Annotated[Optional[int], between(1, MAX_THREADS), STATED] = None
    """Number of CPU threads of one run, 1 to 1024; absent: torch's choice."""
    results: Annotated[str, Excluded("where the record is written")] = "results"
    """Folder that holds the studies; `~` at its beginning is the home folder."""
    config_dirs: Annotated[list[str], Excluded("where options of the user's own are")] = field(
        default_factory=list
    )
    """Folders of options beside those of the program; `--config-dir` and `hydra.searchpath` set
    it."""
    study: Annotated[str, Excluded("where the record is written")] = "runs"
    """Name of the study, which is the folder of its runs inside `results`: characters that can be
    printed, no dot or hyphen in front, and no name that the program uses itself, such as `report`
    and `wandb`."""
    retry: Annotated[
        str, one_of("none", "failed"), Excluded("what is done about an earlier failure")
    ] = "none"
    """Whether runs that failed before are tried again: `none` or `failed`."""


@dataclass(slots=True, kw_only=True)
class SweepConfig:
    """How the runs of a sweep are chosen and launched; no part of any run."""

    studies: list[str] = field(default_factory=list)
    """Named sweeps that this sweep consists of; `sweep=` sets it."""
    hours: Annotated[Optional[float], above_zero(MAX_SWEEP_HOURS)] = None
    """Hours that the sweep may take, spent on the runs that settle most; absent: all runs."""
    together: Annotated[str, one_of("auto", "seeds", "none")] = "auto"
    """Whether all seeds of a design are trained together in one process: `seeds`; `auto`, where
    that is measured to be quicker; or `none`, each in a run of its own, whose times are its own."""
    seeds: Annotated[list[int], SEED_LISTS] = field(default_factory=list)
    """Seeds that a job trains together; `sweep.together` sets it."""
    beside: list[str] = field(default_factory=list)
    """Designs that a job times in turn, such as `deq k=4`; `sweep.together` sets it."""
    page: bool = True
    """Whether the report's page is written while the sweep runs, and rewritten as runs finish: by a
    process that gives way to the runs and takes at most a twentieth of the time of one core."""
    jobs_per_device: Optional[str] = None
    """Number of runs that share a GPU (or the CPU) with the joblib launcher, or `auto`, as many as
    fit its memory; absent: one per GPU, and on the CPU as `hydra.launcher.n_jobs` says."""


@dataclass(slots=True, kw_only=True)
class CommandConfig(Config):
    """What the overrides of a command may set: a run, and how a sweep of runs is made."""

    sweep: SweepConfig = field(default_factory=SweepConfig)


GROUPS = (
    *("arch", "budget", "callbacks", "dataset", "design", "execution", "experiment", "logger"),
    *("metrics", "recipe", "recipe/optimizer", "recipe/schedule", "sweep", "trainer"),
)
"""The config groups."""

ABSENT_GROUPS = {
    "hparams_search": "Hydra's Optuna sweeper (1.3.0) needs Optuna below 3, "
    "which is long out of date; expected a sweep over the values, such as --multirun "
    "recipe.learning_rate=0.05,0.1,0.2 dataset.validation_size=100",
}
"""Groups of lightning-hydra-template that are none here -> why, and what to do instead."""

SCHEMAS: dict[str, dict[str, type[Any]]] = {
    "arch/schema": {name: _arch_schema(family) for name, family in FAMILIES.items()},
    "budget/schema": {"network": NetworkBudgetConfig, "parameters": ParametersBudgetConfig},
    "dataset/schema": {
        "dataset": DatasetConfig,
        "folder": FolderConfig,
        "fractals": FractalsConfig,
        "own": OwnDatasetConfig,
        "svhn": SvhnConfig,
    },
    "design/schema": {"design": DesignClassConfig},
    "execution/schema": {"execution": ExecutionConfig},
    "logger/schema": {"logger": LoggerConfig},
    "recipe/schema": {"recipe": RecipeConfig},
    "recipe/schedule/schema": {"schedule": ScheduleConfig},
    "trainer/schema": {"trainer": TrainerConfig},
}

_FAMILIES_IN_FILES: set[str] = set()
"""Families of other packages whose option is a file of the user's own."""


def register_schemas() -> None:
    """Register the dataclasses with Hydra, so that every key is typed and checked."""
    from ensemble_switchover.config.own_options import use_own_options  # it needs the schemas

    OmegaConf.register_new_resolver(
        "options", lambda group: "|".join(group_options(group)), replace=True
    )
    OmegaConf.register_new_resolver("user_path", lambda text: str(user_path(text)), replace=True)
    OmegaConf.register_new_resolver("hydra_folder", hydra_folder, replace=True)
    use_own_options()
    for name, family in known_families().items():
        if name not in SCHEMAS["arch/schema"]:
            _add_family_schema(family, full_name(family))
    store = ConfigStore.instance()
    store.store(name="schema", node=CommandConfig)
    for group, schemas in SCHEMAS.items():
        for name, schema in schemas.items():
            store.store(group=group, name=name, node=schema)
    for name, schema in SCHEMAS["arch/schema"].items():
        in_file = name in _FAMILIES_IN_FILES or (conf_folder() / "arch" / f"{name}.yaml").exists()
        if not in_file:
            store.store(group="arch", name=name, node=schema)
    for name in WITHIN:
        if not (conf_folder() / "execution" / f"{name}.yaml").exists():
            store.store(group="execution", name=name, node=ExecutionConfig(name=name))


def schema_of_file(family: type[Family], target: str) -> type[ArchConfig]:
    """Return the schema of a family that a file of the user's own describes.

    Args:
        family: The class of the family.
        target: Its full name, as the file has it.
    """
    _FAMILIES_IN_FILES.add(family.name)
    return _add_family_schema(family, target)


def _add_family_schema(family: type[Family], target: str) -> type[ArchConfig]:
    schema = _arch_schema(family, target)
    SCHEMAS["arch/schema"][family.name] = schema
    key_owners.cache_clear()
    return schema


def group_options(group: str) -> list[str]:
    """List the options of a config group: files, those of the user's own too, and what has none."""
    own = (Path(each.removeprefix(FILE)) for each in config_dirs() if each.startswith(FILE))
    files = {
        path.stem for folder in (conf_folder(), *own) for path in (folder / group).glob("*.yaml")
    }
    further = {"arch": known_families().keys(), "execution": set(WITHIN)}
    return sorted(files | further.get(group, set()))


def node_of(group: str) -> str:
    """Return the node of the configuration that a group fills.

    >>> node_of("design/schema"), node_of("recipe/optimizer")
    ('design_class', 'recipe.optimizer')
    """
    name = group.removesuffix("/schema").replace("/", ".")
    return "design_class" if name == "design" else name


@cache
def key_owners() -> dict[str, type]:
    """Return every dotted key that some choice of groups has, with the dataclass that it is in."""
    owners = dict(_keys_of(CommandConfig, ""))
    for group, schemas in SCHEMAS.items():
        for schema in schemas.values():
            owners |= _keys_of(schema, f"{node_of(group)}.")
    return dict(sorted(owners.items()))


@cache
def mapping_keys() -> frozenset[str]:
    """Return the keys that hold a mapping, such as an optimizer's name with its arguments."""
    hints = {key: get_type_hints(owner)[_last(key)] for key, owner in key_owners().items()}
    return frozenset(key for key, hint in hints.items() if get_origin(hint) is dict)


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _keys_of(schema: type, prefix: str) -> dict[str, type]:
    owners: dict[str, type] = {}
    for name, hint in get_type_hints(schema).items():
        if isinstance(hint, type) and is_dataclass(hint):
            owners |= _keys_of(hint, f"{prefix}{name}.")
        else:
            owners[f"{prefix}{name}"] = schema
    return owners


def typed(node: DictConfig) -> Config:
    """Turn a composed node into the typed configuration of a run.

    Raises:
        ConfigError: for a key that was appended but that the schema does not have.
    """
    try:
        composed = cast("CommandConfig", OmegaConf.to_object(node))
    except AttributeError as error:
        from ensemble_switchover.config.unknown_keys import unknown_key_text  # which imports this

        raise ConfigError(unknown_key_text(_added_key(node) or str(error))) from error
    if composed.config_dirs:
        raise ConfigError("config_dirs: is what --config-dir names; expected --config-dir DIR")
    config = Config(**{entry.name: getattr(composed, entry.name) for entry in fields(Config)})
    config.config_dirs = config_dirs()
    return config


def _added_key(node: DictConfig, prefix: str = "") -> str | None:
    """Return the first key of a composed node, or of those in it, that its schema does not have."""
    schema = OmegaConf.get_type(node)
    if schema is None or not is_dataclass(schema):
        return None
    known = {entry.name for entry in fields(schema)}
    for name in map(str, node):
        if name not in known:
            return f"{prefix}{name}"
        if OmegaConf.is_missing(node, name) or OmegaConf.is_interpolation(node, name):
            continue
        value = node[name]
        if isinstance(value, DictConfig):
            found = _added_key(value, f"{prefix}{name}.")
            if found is not None:
                return found
    return None


def plain(config: Config) -> dict[str, Any]:
    """Return a configuration as plain values to be stored, without logins in addresses."""
    return cast("dict[str, Any]", _without_logins(asdict(config)))


def has_login(text: str) -> bool:
    """Return whether a text contains an address with a user's name or password in it.

    >>> has_login("dataset.url=https://user:secret@example.org/cifar")
    True
    """
    return LOGIN_IN_ADDRESS.search(text) is not None


def _without_logins(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_logins(entry) for key, entry in value.items()}
    return LOGIN_IN_ADDRESS.sub("", value) if isinstance(value, str) else value


def conf_folder() -> Path:
    """Return the folder of config groups: in the installed package, else in the repository."""
    packaged = Path(__file__).parents[1] / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "conf"
