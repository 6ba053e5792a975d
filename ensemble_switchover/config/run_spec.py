"""A run of a study: one run with everything that decides it resolved and checked (no torch)."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.dataset_spec import (
    SplitSizes,
    dataset_problems,
    decisive,
    evaluated_on,
    own_options,
    split_sizes,
    with_facts,
)
from ensemble_switchover.config.execution_plan import SEQUENTIAL, WITHIN
from ensemble_switchover.config.recipe import Recipe, table_a
from ensemble_switchover.config.schema import (
    ArchConfig,
    Config,
    NetworkBudgetConfig,
    ParametersBudgetConfig,
)
from ensemble_switchover.config.seeds import MAX_MEMBERS, member_seeds
from ensemble_switchover.design import (
    Budget,
    BudgetRule,
    Design,
    DesignClass,
    Family,
    ImageTask,
    budget_of_network,
    budget_of_parameters,
    make_family,
    solve,
)
from ensemble_switchover.design.budget import parse_parameters
from ensemble_switchover.design.layers import BatchNorm
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from ensemble_switchover.config.schema import (
        BudgetConfig,
        DatasetConfig,
        ExecutionConfig,
        MeasurementConfig,
        RecipeConfig,
    )

CHOICES = {
    "budget.source": [source.value for source in BudgetRule],
    "budget.along": ["width", "depth"],
    "dataset.augmentation": ["none", "standard", "randaugment"],
    "dataset.evaluate_on": ["test", "validation"],
    "dataset.residence": ["auto", "device", "host"],
    "design": [design_class.value for design_class in DesignClass],
    "device": ["auto", "cpu", "cuda", "mps"],
    "execution": ["auto", *WITHIN, "parallel"],
    "execution.within": list(WITHIN),
    "logger": ["wandb", "csv", "tensorboard", "none"],
    "logger.mode": ["auto", "online", "offline"],
    "precision": ["32", "64", "tf32", "bf16", "16"],
    "record.predictions": ["none", "final", "milestones", "all"],
    "retry": ["none", "failed"],
}

OVERSPENT = 1.1
"""Budget fill above which the user is told."""

MAX_NAME_BYTES = 255
"""What common file systems allow for the name of a folder."""

MAX_THREADS = 1024
"""More than any machine has; torch would try to start them all."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run, resolved."""

    family: Family
    task: ImageTask
    budget: Budget
    design: Design
    source: BudgetRule
    dataset: DatasetConfig
    sizes: SplitSizes
    recipe: Recipe
    seed: int
    execution: ExecutionConfig
    """As asked for."""
    precision: str
    compile: bool
    device: str
    """As asked for; `auto` is decided where the run is."""
    threads: int | None
    measurement: MeasurementConfig
    study: str
    results: Path
    notes: tuple[str, ...]
    """What the user should be told about how the request was read."""

    @property
    def member_seeds(self) -> list[int]:
        """One seed a member."""
        return member_seeds(self.seed, self.design.k)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of what decides the result and how it is measured, and of nothing else.

        Which keys those are, and why, is in `ensemble_switchover.config.fingerprint`.
        """
        return _hash(f"{self.replicate_fingerprint} {self.seed}")

    @cached_property
    def replicate_fingerprint(self) -> str:
        """A hash of the same without the seed: what the seeds of one design share."""
        decisive = self.decisive()
        del decisive["seed"]
        return _hash(json.dumps(decisive, sort_keys=True))

    @cached_property
    def training_fingerprint(self) -> str:
        """A hash of what is trained and measured, whichever budget and class ask for it."""
        values = self.decisive()
        for key in ("budget", "design_class", "source"):
            del values[key]
        return _hash(json.dumps(values, sort_keys=True))

    @cached_property
    def comparison_fingerprint(self) -> str:
        """A hash of what an ensemble shares with the single networks that it is compared with.

        Budget and seed say with which of them.
        """
        values = self.decisive()
        for key in ("budget", "design_class", "source", "member", "k", "seed"):
            del values[key]
        return _hash(json.dumps(values, sort_keys=True))

    @property
    def name(self) -> str:
        """The name of the run and of its folder."""
        budget, design = self.budget, self.design
        return (
            f"{self.family.name}_{self.dataset.name}_{budget.depth}x{budget.width}"
            f"_{design.design_class.value}_k{design.k}_seed{self.seed}_{self.fingerprint}"
        )

    @property
    def folder(self) -> Path:
        """Where the record goes."""
        return self.study_folder / self.name

    @property
    def study_folder(self) -> Path:
        """The folder of all runs of the study."""
        return self.results / self.study

    @property
    def train_size(self) -> int:
        """Images that are trained on."""
        return self.sizes.train

    @property
    def test_size(self) -> int:
        """Test images; 0 where validation images take their place."""
        return self.sizes.test

    @property
    def dataset_options(self) -> dict[str, Any]:
        """What a set has beyond the keys of every set, such as a generator's difficulty."""
        return own_options(self.dataset)

    @property
    def training_flops(self) -> float:
        """Operations of the whole training, forward and backward (3 times the forward pass)."""
        images = self.recipe.epochs * self.sizes.train
        return 3.0 * self.design.k * self.design.member_flops * images

    def decisive(self) -> dict[str, Any]:
        """Return what decides the result and how it is measured, as plain values."""
        return {
            "family": self.family.name,
            "options": self.family.options,
            "budget": asdict(self.budget),
            "design_class": self.design.design_class.value,
            "member": [self.design.depth, self.design.width],
            "k": self.design.k,
            "source": self.source.value,
            "dataset": decisive(self.dataset),
            "recipe": asdict(replace(self.recipe, name="")),
            "seed": self.seed,
            "execution": asdict(self.execution),
            "precision": self.precision,
            "compile": self.compile,
            "device": self.device,
            "threads": self.threads,
            "measurement": asdict(self.measurement),
        }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_budget(config: Config) -> tuple[Family, ImageTask, Budget]:
    """Read what a configuration builds, for what, and under which budget.

    Raises:
        ConfigError: if an option or a knob of the single network is wrong.
    """
    return _read_budget(replace(config, dataset=with_facts(config.dataset)))


def _read_budget(config: Config) -> tuple[Family, ImageTask, Budget]:
    dataset = config.dataset
    task = ImageTask(dataset.channels, dataset.image_size, dataset.num_classes)
    family = _family(config.arch)
    return family, task, _budget(config.budget, family, task)


def resolve(config: Config) -> RunSpec:
    """Resolve and check one configuration.

    Raises:
        ConfigError: naming every problem found, its key, what was expected and what came.
    """
    problems = _value_problems(config)
    try:
        config = replace(config, dataset=with_facts(config.dataset))
    except ConfigError as error:
        raise ConfigError(*problems, *error.args) from error
    problems += dataset_problems(config.dataset)
    try:
        family, task, budget = _read_budget(config)
    except ConfigError as error:
        raise ConfigError(*problems, *error.args) from error
    if problems:
        raise ConfigError(*problems)
    dataset, design_class = config.dataset, DesignClass(config.design_class.name)
    source = BudgetRule(config.budget.source)
    design = solve(family, budget, design_class, config.k, task, source)
    notes = []
    if design_class is DesignClass.SINGLE and config.k != 1:
        notes.append(f"design=single is one network: k={config.k} is taken as k=1")
    if design.budget_fill > OVERSPENT:
        notes.append(
            f"the design has {100 * design.budget_fill:.0f} % of the parameters of its budget"
        )
    recipe = table_a(family.name, dataset.base or dataset.name)
    if recipe.name.startswith("Table A,"):
        notes.append(
            f"Table A has no row for {family.name} on {dataset.name}; used is "
            f"{recipe.name.removeprefix('Table A, ')}"
        )
    used = split_sizes(dataset)
    if used.evaluated_on == "validation":
        notes.append(
            f"measured on {used.validation} validation images, held out of the training images; "
            f"the test images are not touched"
        )
    adjusted = _adjusted(recipe, config.recipe, config.epochs)
    _refuse_lone_image(family, design, task, used.train, adjusted.batch_size)
    return RunSpec(
        family=family,
        task=task,
        budget=budget,
        design=design,
        source=BudgetRule.RULE if design_class is DesignClass.SINGLE else source,
        dataset=dataset,
        sizes=used,
        recipe=adjusted,
        seed=config.seed,
        execution=config.execution,
        precision=config.precision,
        compile=config.compile,
        device=config.device,
        threads=config.threads,
        measurement=config.measurement,
        study=config.study,
        results=Path(config.results),
        notes=tuple(notes),
    )


def _refuse_lone_image(
    family: Family, design: Design, task: ImageTask, train_size: int, batch_size: int
) -> None:
    """Refuse a batch of one image where a batch norm would see one number a channel."""
    if batch_size != 1 and train_size % batch_size != 1:
        return
    operations = family.trace(design.depth, design.width, task)
    if any(isinstance(op.layer, BatchNorm) and op.input_shape.size == 1 for op in operations):
        raise ConfigError(
            f"recipe.batch_size={batch_size}: leaves a batch of one of {train_size:,} training "
            f"images, which batch norm cannot take where a {family.name} has maps of one pixel; "
            f"expected another recipe.batch_size or dataset.train_size"
        )


def _value_problems(config: Config) -> list[str]:
    values = {
        "budget.source": config.budget.source,
        "dataset.augmentation": config.dataset.augmentation,
        "dataset.evaluate_on": evaluated_on(config.dataset),
        "dataset.residence": config.dataset.residence,
        "design": config.design_class.name,
        "device": config.device,
        "execution": config.execution.name,
        "execution.within": config.execution.within,
        "logger": config.logger.kind,
        "logger.mode": config.logger.mode,
        "precision": config.precision,
        "record.predictions": config.record.predictions,
        "retry": config.retry,
    }
    if isinstance(config.budget, ParametersBudgetConfig):
        values["budget.along"] = config.budget.along
    problems = [
        f"{key}={value}: expected one of {', '.join(CHOICES[key])}"
        for key, value in values.items()
        if value not in CHOICES[key]
    ]
    if not 1 <= config.k <= MAX_MEMBERS:
        problems.append(f"k={config.k}: expected 1 to {MAX_MEMBERS} members")
    not_negative = {
        "seed": config.seed,
        "dataset.split_seed": config.dataset.split_seed,
        "dataset.crop_padding": config.dataset.crop_padding,
        "recipe.weight_decay": config.recipe.weight_decay,
    }
    problems += [
        f"{key}={value}: expected 0 or more"
        for key, value in not_negative.items()
        if value is not None and not 0 <= value < math.inf
    ]
    positive = {
        "epochs": config.epochs,
        "execution.processes": config.execution.processes,
        "recipe.batch_size": config.recipe.batch_size,
        "recipe.learning_rate": config.recipe.learning_rate,
        "measurement.latency_seconds": config.measurement.latency_seconds,
    }
    problems += [
        f"{key}={value}: expected more than 0"
        for key, value in positive.items()
        if value is not None and not 0 < value < math.inf
    ]
    if config.threads is not None and not 1 <= config.threads <= MAX_THREADS:
        problems.append(f"threads={config.threads}: expected 1 to {MAX_THREADS}")
    if config.measurement.layer_repeats < 0 or config.measurement.layer_repeats == 1:
        problems.append(
            f"measurement.layer_repeats={config.measurement.layer_repeats}: expected 2 or more, "
            f"or 0 to leave the layers' times out"
        )
    problems += _execution_problems(config)
    if any(size < 1 for size in config.measurement.latency_batch_sizes):
        problems.append(
            f"measurement.latency_batch_sizes={config.measurement.latency_batch_sizes}: "
            f"expected batch sizes of at least 1"
        )
    for key, name in (("study", config.study), ("results", config.results)):
        if not name or (key == "study" and not _is_folder_name(name)):
            problems.append(f"{key}={name}: expected the name of a folder")
    return problems + _results_problems(config.results)


def _execution_problems(config: Config) -> list[str]:
    """Refuse what would make members depend on each other, and what would do nothing."""
    asked = config.execution
    problems = []
    parallel = asked.name == "parallel"
    if asked.channels_last and asked.name in ("auto", *WITHIN[1:]):
        problems.append(
            f"execution.channels_last=true: execution={asked.name} decides that itself; expected "
            f"execution=sequential or execution=parallel beside it"
        )
    if asked.processes is not None and not parallel:
        problems.append(
            f"execution.processes={asked.processes}: execution={asked.name} has no processes; "
            f"expected execution=parallel beside it"
        )
    if asked.within != SEQUENTIAL and asked.within in WITHIN and not parallel:
        problems.append(
            f"execution.within={asked.within}: is for execution=parallel, and "
            f"execution={asked.name} came"
        )
    too_few = config.threads is not None and (asked.processes or 0) > config.threads
    if parallel and too_few and config.device == "cpu":
        problems.append(
            f"execution.processes={asked.processes}: expected at most one a thread, and "
            f"threads={config.threads} came"
        )
    within = asked.within if parallel else asked.name
    if config.precision == "16" and within in WITHIN[1:]:
        problems.append(
            "precision=16: members in one vectorised step would share the scale of their losses, "
            "and one's overflow would cost all a step; expected execution=sequential, "
            "execution=parallel or precision=bf16"
        )
    return problems


def _is_folder_name(name: str) -> bool:
    return name not in {".", ".."} and "/" not in name and len(name.encode()) <= MAX_NAME_BYTES


def _results_problems(results: str) -> list[str]:
    path = Path(results)
    try:
        there = next(folder for folder in (path, *path.parents, Path()) if folder.exists())
    except OSError as error:
        return [f"results={results}: expected a folder: {error.strerror}"]
    if there.is_dir():
        return []
    return [f"results={results}: expected a folder, but {there} is none"]


def _family(arch: ArchConfig) -> Family:
    chosen = type(arch)().family
    if arch.family != chosen:
        raise ConfigError(f"arch.family={arch.family}: expected {chosen}; arch= chooses a family")
    options = {
        option.name: getattr(arch, option.name)
        for option in fields(arch)
        if option.name != "family"
    }
    return make_family(arch.family, options)


def _budget(config: BudgetConfig, family: Family, task: ImageTask) -> Budget:
    if isinstance(config, ParametersBudgetConfig):
        _refuse_sought_knob(config)
    depth, width = _network(config, family)
    try:
        if isinstance(config, ParametersBudgetConfig):
            return budget_of_parameters(
                family,
                parse_parameters(config.parameters),
                along=config.along,
                depth=depth,
                width=width,
                task=task,
            )
        return budget_of_network(family, depth, width, task)
    except ConfigError as error:
        text = str(error)
        raise ConfigError(text if text.startswith("budget.") else f"budget.{text}") from error


def _network(config: BudgetConfig, family: Family) -> tuple[int, int]:
    """Return the depth and the width that state a budget, or hold one of its knobs."""
    text = config.network if isinstance(config, NetworkBudgetConfig) else None
    if text is None:
        depth = family.default_depth if config.depth is None else config.depth
        width = family.default_width if config.width is None else config.width
        return depth, width
    network = re.fullmatch(r"\s*(\d{1,9})\s*x\s*(\d{1,9})\s*", text, re.ASCII)
    if network is None:
        raise ConfigError(f"budget.network={text}: expected depth x width in one word, as 40x12")
    for key, value in (("depth", config.depth), ("width", config.width)):
        if value is not None:
            raise ConfigError(
                f"budget.{key}={value}: budget.network={text} says it; expected one of the two"
            )
    return int(network[1]), int(network[2])


def _refuse_sought_knob(config: ParametersBudgetConfig) -> None:
    sought = config.width if config.along == "width" else config.depth
    if sought is not None:
        held = "depth" if config.along == "width" else "width"
        raise ConfigError(
            f"budget.{config.along}={sought}: budget.along={config.along} finds the "
            f"{config.along}; expected budget.{held}="
        )


def _adjusted(recipe: Recipe, config: RecipeConfig, epochs: int | None) -> Recipe:
    adjusted = recipe if epochs is None else recipe.scaled_to(epochs)
    if config.batch_size is not None:
        adjusted = replace(adjusted, batch_size=config.batch_size)
    if config.weight_decay is not None:
        adjusted = replace(adjusted, weight_decay=config.weight_decay)
    if config.learning_rate is not None:
        factor = config.learning_rate / recipe.learning_rate
        drops = tuple((start, rate * factor) for start, rate in adjusted.drops)
        adjusted = replace(adjusted, learning_rate=config.learning_rate, drops=drops)
    return adjusted
