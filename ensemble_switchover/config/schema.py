"""The configuration: one typed dataclass for each group, composed by Hydra from `conf/`.

An annotation names the type of a key, the values that it takes, and whether it decides the
fingerprint of a run. What decides the scientific result is in: networks, data, recipe, seed,
precision. Seconds, bytes and milliseconds are results of a run too, so what they depend on and a
user asks for is in as well: execution, compilation, type of device, threads, and what is measured.
Where things are kept, and where metrics go besides the record, is out.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Annotated, Any, Optional, cast

from omegaconf import II, MISSING, DictConfig, OmegaConf

from ensemble_switchover.config.config_dirs import config_dirs
from ensemble_switchover.config.dataset_config import SEEDS, DatasetConfig
from ensemble_switchover.config.execution_plan import WITHIN
from ensemble_switchover.config.key_markers import (
    RESOLVED,
    STATED,
    Excluded,
    Expected,
    above_zero,
    between,
    one_of,
)
from ensemble_switchover.config.largest_values import (
    MAX_EPOCHS,
    MAX_IMAGES,
    MAX_LATENCY_SECONDS,
    MAX_LAYER_REPEATS,
    MAX_SWEEP_HOURS,
    MAX_THREADS,
)
from ensemble_switchover.config.recipe_config import RecipeConfig
from ensemble_switchover.config.seeds import MAX_MEMBERS, MAX_SEED
from ensemble_switchover.config.trainer_flags import TrainerConfig  # noqa: TC001 - hints are read
from ensemble_switchover.design import BudgetRule, DesignClass
from ensemble_switchover.errors import ConfigError

LOGIN_IN_ADDRESS = re.compile(r"(?<=://)[^/?#\s]*@")


EVERY_EPOCH, MILESTONES = "1", "milestones"
"""Values of `evaluate_every`: the first is that of all runs of before there was the choice."""

SEED_LISTS = Expected(
    f"seeds of 0 to {MAX_SEED}", lambda seeds: all(0 <= seed <= MAX_SEED for seed in seeds)
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
    share: Annotated[
        Optional[float], above_zero(1), Excluded("how often is measured, and at which batch sizes")
    ] = None
    """Share of a run's training that the measuring after it, and likewise a timing pass, may take:
    repeats become fewer, and the large batches are left out; absent: no bound. `sweep.hours=` sets
    0.1."""


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
    check: bool = True
    """Whether the check of a folder of images is printed when the sweep begins."""
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
