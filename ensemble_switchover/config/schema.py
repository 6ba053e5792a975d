"""The configuration: one typed dataclass a group, composed by Hydra from `conf/`."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import Any, Optional, cast, get_type_hints

from hydra.core.config_store import ConfigStore
from omegaconf import II, MISSING, DictConfig, OmegaConf

from ensemble_switchover.config.execution_plan import WITHIN
from ensemble_switchover.design import FAMILIES, Family
from ensemble_switchover.errors import ConfigError

LOGIN_IN_ADDRESS = re.compile(r"(?<=://)[^/?#\s]*@")


@dataclass(slots=True, kw_only=True)
class ArchConfig:
    """A family of networks; its options are the fields of the subclasses."""

    family: str = MISSING
    """Name of the family; `arch=` sets it."""


def _arch_schema(family: type[Family]) -> type[ArchConfig]:
    """Make the schema of a family from its options."""
    types = get_type_hints(family)
    options: list[tuple[str, Any, Any]] = [
        (option.name, types[option.name], field(default=option.default))
        for option in fields(family)
    ]
    return make_dataclass(
        f"{family.__name__}Config",
        [("family", str, field(default=family.name)), *options],
        bases=(ArchConfig,),
        slots=True,
        kw_only=True,
    )


@dataclass(slots=True, kw_only=True)
class DatasetConfig:
    """A data set: its facts, and how it is used."""

    name: str = MISSING
    """Name of the set; `dataset=` sets it."""
    base: Optional[str] = None
    """The set whose files and whose row of Table A it shares; absent: its own."""
    channels: int = MISSING
    """Colours of a pixel."""
    image_size: int = MISSING
    """Pixels a side."""
    num_classes: int = MISSING
    """Classes that the labels tell apart."""
    train_images: int = MISSING
    """Images that the set has for training."""
    test_images: int = MISSING
    """Images that the set has for testing."""
    pooled: bool = False
    """True where training and test images are drawn from one pool of `train_images`."""
    root: Optional[str] = None
    """Folder of the files; absent: the user's cache folder."""
    cache: Optional[str] = None
    """Folder of the decoded arrays; absent: the user's cache folder."""
    url: Optional[str] = None
    """A mirror that has the set's files, http(s)://...; absent: where they are published."""
    residence: str = "auto"
    """Where images lie in training: `device`, `host`, or `auto`: on the device if they fit."""
    train_size: Optional[int] = None
    """A stratified subset of so many training images; absent: all."""
    validation_size: Optional[int] = None
    """So many of them, stratified, are held out and not trained on; absent: none."""
    evaluate_on: Optional[str] = None
    """What is measured after every epoch: `test` or `validation`; absent: the validation images
    where there are some, and the test images are then not touched."""
    test_size: Optional[int] = None
    """A stratified subset of so many test images; absent: all."""
    split_seed: int = 0
    """Seed of the subsets; the same for every run of a study."""
    augmentation: str = "standard"
    """`none`, `standard` (random crop after padding, and a horizontal flip where `flip`), or
    `randaugment` (random operations, and then as `standard`)."""
    crop_padding: int = 4
    """Pixels of padding before the random crop (He et al. 2016, section 4.2)."""
    flip: bool = True
    """Flip half of the training images from left to right (He et al. 2016, section 4.2)."""
    randaugment_ops: int = 2
    """Operations that RandAugment applies to an image (N of Cubuk et al. 2020; Figure J)."""
    randaugment_magnitude: int = 14
    """Strength of RandAugment's operations, 0 to 30 (M of Cubuk et al. 2020; Figure J)."""


@dataclass(slots=True, kw_only=True)
class FractalsConfig(DatasetConfig):
    """Images of iterated function systems, generated."""

    difficulty: float = 0.5
    """0 to 1: wider variation inside a class, more noise, classes more alike; at 0.5 the weights
    vary as in FractalDB (Kataoka et al., ACCV 2020)."""
    generator_seed: int = 0
    """Seed of the classes and of their images."""


@dataclass(slots=True, kw_only=True)
class FolderConfig(DatasetConfig):
    """A folder of the user's own images; 0 for what is counted there."""

    test_share: float = 0.2
    """Share of the images that is split off for testing; 0 once a folder `test` is found."""
    skip_bad: bool = False
    """Leave out files that cannot be read as images, and say so, in place of an error."""
    content: str = ""
    """A hash of the files' names and bytes; found in the folder."""


@dataclass(slots=True, kw_only=True)
class SvhnConfig(DatasetConfig):
    """SVHN (Netzer et al. 2011)."""

    extra: bool = False
    """Train on the easier extra images too."""
    extra_images: int = MISSING
    """How many of them there are."""


@dataclass(slots=True, kw_only=True)
class DesignClassConfig:
    """A design class of the paper: single, deq or weq."""

    name: str = MISSING
    """Name of the class; `design=` sets it."""
    k: int = MISSING
    """Number of members where none is asked for."""


@dataclass(slots=True, kw_only=True)
class BudgetConfig:
    """A parameter budget."""

    source: str = "rule"
    """`rule` (the inequality of section 2), `published` (Tables B to D) or `nearest`."""
    depth: Optional[int] = None
    """Depth of the single network; absent: the family's default."""
    width: Optional[int] = None
    """Width factor of the single network; absent: the family's default."""


@dataclass(slots=True, kw_only=True)
class NetworkBudgetConfig(BudgetConfig):
    """A budget stated as a single network."""

    network: Optional[str] = None
    """Depth and width factor in one word, such as 40x12: a list of them sweeps networks."""


@dataclass(slots=True, kw_only=True)
class ParametersBudgetConfig(BudgetConfig):
    """A budget stated as a number of parameters that the single network must not exceed."""

    parameters: str = MISSING
    """Such as 1.5M, 200k or 269722."""
    along: str = "width"
    """The knob of the single network that grows: `width` (at `depth`) or `depth` (at `width`)."""


@dataclass(slots=True, kw_only=True)
class ExecutionConfig:
    """How the k members are executed."""

    name: str = MISSING
    """Name of the way; `execution=` sets it."""
    channels_last: bool = False
    """Of members one after another: channels last in memory, and one kernel for an update."""
    processes: Optional[int] = None
    """Of `parallel`: how many; absent: one a GPU, or one a thread of the CPU, at most k."""
    within: str = "sequential"
    """Of `parallel`: how the members of a process take their steps, `sequential` or `fused`."""


@dataclass(slots=True, kw_only=True)
class LoggerConfig:
    """Where metrics go besides the record."""

    kind: str = MISSING
    """Name of the logger; `logger=` sets it."""
    project: str = "ensemble_switchover"
    """W&B project."""
    entity: Optional[str] = None
    """W&B user or team; absent: the login's default."""
    mode: str = "auto"
    """W&B: `online`, `offline`, or `auto`: online with a login, else offline."""


@dataclass(slots=True, kw_only=True)
class RecipeConfig:
    """Training hyperparameters that replace those of Table A; absent: Table A's."""

    batch_size: Optional[int] = None
    """Images of one step of one member."""
    learning_rate: Optional[float] = None
    """The rate before the first drop; the drops keep their ratios."""
    weight_decay: Optional[float] = None
    """Weight of the penalty on the squares of the weights."""


@dataclass(slots=True, kw_only=True)
class MeasurementConfig:
    """What is measured after training."""

    latency_batch_sizes: list[int] = field(default_factory=lambda: [1, 32, 128, 1024])
    """Images of one prediction whose time is taken; an empty list leaves the measurement out."""
    latency_seconds: float = 2.0
    """Seconds a model after which the repeats of one batch size end, if 30 repeats did not."""
    layer_repeats: int = 5
    """Steps in which the layers' times are taken, 2 or more; 0 leaves the measurement out."""


@dataclass(slots=True, kw_only=True)
class RecordConfig:
    """What is kept beside the record."""

    predictions: str = "final"
    """After which epochs the members' probabilities on the test images are: `none`, `final`,
    `milestones` (before every drop of the learning rate, and the last), or `all`."""
    weights: bool = True
    """The trained weights."""


@dataclass(slots=True, kw_only=True)
class Config:
    """One run."""

    arch: ArchConfig = MISSING
    dataset: DatasetConfig = MISSING
    design_class: DesignClassConfig = MISSING
    budget: BudgetConfig = MISSING
    execution: ExecutionConfig = MISSING
    logger: LoggerConfig = MISSING
    recipe: RecipeConfig = field(default_factory=RecipeConfig)
    measurement: MeasurementConfig = field(default_factory=MeasurementConfig)
    record: RecordConfig = field(default_factory=RecordConfig)
    k: int = II("design_class.k")
    """Number of members, 1 to 64; a single network has one."""
    seed: int = 0
    """The members' seeds follow from it; so do their initialisation, order and augmentation."""
    epochs: Optional[int] = None
    """A total budget of epochs: the recipe's schedule scaled in proportion (Figure K)."""
    precision: str = "32"
    """`32`, `64`, `tf32` (CUDA), or mixed: `bf16`, `16` (with the loss scaled)."""
    compile: bool = False
    """Compile every member with torch.compile."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda` or `mps`."""
    threads: Optional[int] = None
    """CPU threads of one run; absent: torch's choice."""
    results: str = "results"
    """Folder of the store."""
    study: str = "runs"
    """Folder of the run within the store."""
    retry: str = "none"
    """`none`, or `failed`: try a run again that failed before."""


@dataclass(slots=True, kw_only=True)
class SweepConfig:
    """How the runs of a sweep are found and spread; no part of any of them."""

    studies: list[str] = field(default_factory=list)
    """Named sweeps that this one is made of; `sweep=` sets it."""
    hours: Optional[float] = None
    """Time of this command, which is spent where the winner is least certain; absent: all runs."""
    jobs_per_device: Optional[str] = None
    """Of the joblib launcher: how many runs share a GPU (or the CPU), or `auto`: as many as fit its
    memory; absent: one a GPU, and on a CPU what `hydra.launcher.n_jobs` says."""


@dataclass(slots=True, kw_only=True)
class CommandConfig(Config):
    """What the words of a command may set: a run, and how a sweep of runs is made."""

    sweep: SweepConfig = field(default_factory=SweepConfig)


GROUPS = ("arch", "budget", "dataset", "design", "execution", "logger", "sweep")
"""The config groups."""

SCHEMAS: dict[str, dict[str, type[Any]]] = {
    "arch/schema": {name: _arch_schema(family) for name, family in FAMILIES.items()},
    "budget/schema": {"network": NetworkBudgetConfig, "parameters": ParametersBudgetConfig},
    "dataset/schema": {
        "dataset": DatasetConfig,
        "folder": FolderConfig,
        "fractals": FractalsConfig,
        "svhn": SvhnConfig,
    },
    "design/schema": {"design": DesignClassConfig},
    "execution/schema": {"execution": ExecutionConfig},
    "logger/schema": {"logger": LoggerConfig},
}


def register_schemas() -> None:
    """Make the dataclasses known to Hydra, so that every key is typed and checked."""
    OmegaConf.register_new_resolver(
        "options", lambda group: "|".join(group_options(group)), replace=True
    )
    store = ConfigStore.instance()
    store.store(name="schema", node=CommandConfig)
    for group, schemas in SCHEMAS.items():
        for name, schema in schemas.items():
            store.store(group=group, name=name, node=schema)
    for name, schema in SCHEMAS["arch/schema"].items():
        if not (conf_folder() / "arch" / f"{name}.yaml").exists():
            store.store(group="arch", name=name, node=schema)
    for name in WITHIN:
        if not (conf_folder() / "execution" / f"{name}.yaml").exists():
            store.store(group="execution", name=name, node=ExecutionConfig(name=name))


def group_options(group: str) -> list[str]:
    """List the options of a config group: from `conf/`, the families and the executions."""
    files = {path.stem for path in (conf_folder() / group).glob("*.yaml")}
    return sorted(files | {"arch": FAMILIES.keys(), "execution": set(WITHIN)}.get(group, set()))


def typed(node: DictConfig) -> Config:
    """Turn a composed node into the typed configuration of a run.

    Raises:
        ConfigError: for a key that was appended but that the schema does not have.
    """
    try:
        words = cast("CommandConfig", OmegaConf.to_object(node))
    except AttributeError as error:
        key = re.search(r"no attribute '(\w+)'", str(error))
        raise ConfigError(
            f"{key[1] if key else error}: no such key; expected an existing one, without a +"
        ) from error
    return Config(**{entry.name: getattr(words, entry.name) for entry in fields(Config)})


def plain(config: Config) -> dict[str, Any]:
    """Return a configuration as plain values, to be written down: without logins in addresses."""
    return cast("dict[str, Any]", _without_logins(asdict(config)))


def has_login(text: str) -> bool:
    """Tell whether a text has an address with a user's name or password in it.

    >>> has_login("dataset.url=https://user:secret@example.org/cifar")
    True
    """
    return LOGIN_IN_ADDRESS.search(text) is not None


def _without_logins(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_logins(entry) for key, entry in value.items()}
    return LOGIN_IN_ADDRESS.sub("", value) if isinstance(value, str) else value


def conf_folder() -> Path:
    """Return the folder of config groups: inside the installed package, else the repository's."""
    packaged = Path(__file__).parents[1] / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "conf"
