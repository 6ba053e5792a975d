"""One run with everything that decides it resolved and checked (no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.batch_sizes import num_batches
from ensemble_switchover.config.dataset_spec import own_options
from ensemble_switchover.config.evaluated_epochs import evaluated_epochs
from ensemble_switchover.config.fingerprint import SPREAD, fingerprint_of, short_hash
from ensemble_switchover.config.published_images import images_named
from ensemble_switchover.config.seeds import member_seeds
from ensemble_switchover.machine.terminal import count, percent

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.callbacks import Callbacks
    from ensemble_switchover.config.dataset_config import DatasetConfig
    from ensemble_switchover.config.dataset_spec import SplitSizes
    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.config.schema import ExecutionConfig, MeasurementConfig
    from ensemble_switchover.config.trainer_flags import TrainerConfig
    from ensemble_switchover.design import Budget, BudgetRule, Design, Family, ImageTask


def budget_name(family: str, dataset: str, depth: int, width: int) -> str:
    """Return the beginning of the names of all runs of a family and data set at a budget.

    >>> budget_name("resnet", "digits", 26, 12)
    'resnet_digits_26x12_'
    """
    return f"{family}_{dataset}_{depth}x{width}_"


def seed_name(at_budget: str, design_class: str, k: int, seed: int) -> str:
    """Return the beginning of the names of all runs of a design with a seed.

    >>> seed_name("resnet_digits_26x12_", "deq", 4, 0)
    'resnet_digits_26x12_deq_k4_seed0_'
    """
    return f"{at_budget}{design_class}_k{k}_seed{seed}_"


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One run, resolved."""

    family: Family
    task: ImageTask
    budget: Budget
    design: Design
    source: BudgetRule
    """How the design follows from the budget."""
    dataset: DatasetConfig
    sizes: SplitSizes
    recipe: Recipe
    seed: int
    evaluate_every: str
    """The epochs after which the networks are evaluated, as stated."""
    execution: ExecutionConfig
    """The execution that was requested; the plan for it is decided where the run is."""
    trainer: TrainerConfig
    """Flags of Lightning's Trainer."""
    callbacks: Callbacks
    """The callbacks of the user, by name."""
    precision: str
    compile: bool
    device: str
    """The device that was requested; `auto` is decided where the run is."""
    threads: int | None
    """Number of CPU threads; None for torch's choice."""
    measurement: MeasurementConfig
    metrics: dict[str, Any]
    """The user's own metrics, by their names."""
    study: str
    results: Path
    """The folder that holds the studies."""
    notes: tuple[str, ...]
    """How the request was read, where the user should know."""
    remarks: tuple[str, ...]
    """What the user should know of the images and batches; it is kept in the record."""

    @property
    def member_seeds(self) -> list[int]:
        """One seed for each member."""
        return member_seeds(self.seed, self.design.k)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of what decides the result and how it is measured, and of nothing else.

        The schema declares which keys those are.
        """
        return short_hash(f"{self.replicate_fingerprint} {self.seed}")

    @cached_property
    def fingerprint_unspread(self) -> str:
        """The fingerprint of a run whose last batch had whatever few images were left."""
        return short_hash(f"{fingerprint_of(self, SPREAD, 'seed')} {self.seed}")

    @cached_property
    def replicate_fingerprint(self) -> str:
        """A hash of everything but the seed: what the replicates of one run share."""
        return fingerprint_of(self, "seed")

    @cached_property
    def training_fingerprint(self) -> str:
        """A hash of what is trained and measured, whichever budget and design class ask for it."""
        return fingerprint_of(self, "budget", "design_class", "source")

    @cached_property
    def comparison_fingerprint(self) -> str:
        """A hash of what an ensemble shares with the single networks that it is compared with.

        The budget and the seed say which of those networks they are.
        """
        own = ("budget", "design_class", "source", "member", "k", "seed")
        return fingerprint_of(self, *own)

    @property
    def name(self) -> str:
        """The name of the run and of its folder."""
        design = self.design
        at_budget = budget_name(
            self.family.name, self.dataset.name, self.budget.depth, self.budget.width
        )
        seed = seed_name(at_budget, design.design_class.value, design.k, self.seed)
        return f"{seed}{self.fingerprint}"

    @property
    def images_name(self) -> str:
        """The data set, with the size of its images where they are reduced."""
        return images_named(self.dataset)

    @property
    def design_label(self) -> str:
        """The design within its budget, such as `deq k=4`."""
        return f"{self.design.design_class.value} k={self.design.k}"

    @property
    def folder(self) -> Path:
        """The folder of the record."""
        return self.study_folder / self.name

    @property
    def study_folder(self) -> Path:
        """The folder of all runs of the study."""
        return self.results / self.study

    @property
    def train_size(self) -> int:
        """Number of images that are trained on."""
        return self.sizes.train

    @property
    def test_size(self) -> int:
        """Number of test images; 0 where validation images take their place."""
        return self.sizes.test

    @property
    def dataset_options(self) -> dict[str, Any]:
        """The keys that this data set has beyond those of every set, such as its difficulty."""
        return own_options(self.dataset)

    @cached_property
    def evaluated_epochs(self) -> list[int]:
        """The epochs, counted from 1, after which the networks are evaluated."""
        return evaluated_epochs(self.evaluate_every, self.recipe)

    @property
    def num_steps(self) -> int:
        """Training steps of one member."""
        return self.recipe.epochs * num_batches(self.sizes.train, self.recipe.batch_size)

    @property
    def training_flops(self) -> float:
        """Floating-point operations of the whole training: 3 times those of the forward pass."""
        images = self.recipe.epochs * self.sizes.train
        return 3.0 * self.design.k * self.design.member_flops * images


def describe(spec: RunSpec) -> str:
    """Describe a run in one line."""
    design, budget = spec.design, spec.budget
    return (
        f"{design.design_class.value}: {count(design.k, spec.family.name)} "
        f"{design.depth}x{design.width} (depth x width) on {spec.images_name}, "
        f"{design.parameters:,} parameters, {percent(design.budget_fill)} of the budget of "
        f"{budget.depth}x{budget.width}; {count(spec.recipe.epochs, 'epoch')} "
        f"({spec.recipe.name}), seed {spec.seed}"
    )
