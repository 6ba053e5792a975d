"""Which runs of a study come next, when there is no time for all of them (no torch).

The first block tries a few budgets. After it, runs are bought by `analysis.purchase`: those that
are expected to settle most of where ensembles switch over, for the seconds that they take.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.collapse import outliers
from ensemble_switchover.analysis.decision_rule import MIN_SEEDS, DecisionRule
from ensemble_switchover.analysis.open_cells import find_open_cells
from ensemble_switchover.analysis.purchase import find_purchases
from ensemble_switchover.analysis.standing import Question, Replicates, standing_of
from ensemble_switchover.design import Budget, DesignClass
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ensemble_switchover.analysis.purchase import Purchase
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.sweep.seed_seconds import SeedSeconds

FIRST_BUDGETS = 3
PURSUED = DecisionRule(confidence=0.98)
"""The rule by which a sweep takes a budget for decided. It is stricter than that of a report: runs
that go on until a budget is decided are looked at again and again, and at 90 % chance alone would
decide one in seven budgets at which both designs are equally good (`benchmarks/buying.py`)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Runs that are made together."""

    specs: Sequence[RunSpec]
    reason: str


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """What is known of the finished runs of a study, and how long others would take."""

    errors: Mapping[str, float]
    """Name -> error in percent, where it is finite."""
    seconds: Mapping[str, float]
    """Name of any run of the study -> seconds it took, or would take, as its share of a job."""
    of_seed: Mapping[str, SeedSeconds] = field(default_factory=dict)
    """Name -> what a seed of the run's design took, where one is finished."""


@dataclass(frozen=True, slots=True)
class CandidateDesign:
    """One design at one budget, of which a study has runs with several seeds."""

    setting: str
    """The fingerprint of what an ensemble shares with the single networks it is compared with."""
    design_class: DesignClass
    k: int
    source: str | None
    """The budget rule; None for a single network."""
    budget: Budget

    @property
    def label(self) -> str:
        """Design class and k."""
        name = self.design_class.value
        return name if self.design_class is DesignClass.SINGLE else f"{name} k={self.k}"


def first_block(specs: Sequence[RunSpec]) -> Block:
    """Choose the smallest budget, the largest, and one between, with as many seeds as decide.

    Only budgets with an ensemble are considered, if any has one.
    """
    budgets = compared_budgets(specs)
    chosen = {budgets[column] for column in spread_columns(len(budgets), FIRST_BUDGETS)}
    seeds = sorted({spec.seed for spec in specs})[:MIN_SEEDS]
    block = [spec for spec in specs if spec.budget.parameters in chosen and spec.seed in seeds]
    return Block(block, f"{len(chosen)} of {count(len(budgets), 'budget')}, {len(seeds)} seeds")


def spread_columns(number: int, chosen: int) -> list[int]:
    """Return so many indices below a number, the first, the last and some between.

    >>> spread_columns(8, 3), spread_columns(1, 3)
    ([0, 4, 7], [0])
    """
    return sorted({round((number - 1) * i / (chosen - 1)) for i in range(chosen)})


def next_blocks(
    specs: Sequence[RunSpec], finished: FinishedRuns, attempted: Collection[str]
) -> list[Block]:
    """List the purchases that may settle most, the one that settles most a second first.

    A study without a single network and an ensemble of one budget asks nothing: its runs come in
    the order of seeds and budgets.

    Args:
        specs: All runs that may be made.
        finished: What is known of the finished ones.
        attempted: Names of the runs that were finished or tried.

    Returns:
        The blocks; none if everything is settled, or no run is left that may settle anything.
    """
    by_design = specs_by_design(specs)
    questions = questions_of(by_design)
    left = [spec for spec in specs if spec.name not in attempted]
    if not questions:
        return [Block([spec], spec.name) for spec in sorted(left, key=_seed_and_budget)[:1]]
    designs = replicates_of(by_design, finished, attempted)
    cells = find_open_cells(questions, designs, PURSUED)
    return [
        Block(
            [
                spec
                for design, number in purchase.amounts
                for spec in _untried(by_design[design], attempted)[:number]
            ],
            _describe(purchase),
        )
        for purchase in find_purchases(cells, designs, PURSUED)
    ]


def count_open(specs: Sequence[RunSpec], finished: FinishedRuns) -> int:
    """Count the budgets that keep a switchover open, for each setting, class and k."""
    by_design = specs_by_design(specs)
    designs = replicates_of(by_design, finished, ())
    return len(find_open_cells(questions_of(by_design), designs, PURSUED))


def unbounded(specs: Sequence[RunSpec], finished: FinishedRuns) -> list[CandidateDesign]:
    """List the ensembles at the smallest budget that are better there and at every larger one."""
    by_design = specs_by_design(specs)
    designs = replicates_of(by_design, finished, ())
    found = []
    for question in questions_of(by_design):
        standing = standing_of(question, designs, PURSUED)
        smallest = question.ensembles[0]
        if standing.ruled_out < 0 and standing.beyond == 0 and smallest is not None:
            found.append(smallest)
    return found


def budgets_of(specs: Sequence[RunSpec]) -> list[int]:
    """Return the parameters of every budget, ascending."""
    return sorted({spec.budget.parameters for spec in specs})


def compared_budgets(specs: Sequence[RunSpec]) -> list[int]:
    """Return the parameters of the budgets that have an ensemble, or of all where none has."""
    return budgets_of([spec for spec in specs if not _is_single(spec)]) or budgets_of(specs)


def design_of(spec: RunSpec) -> CandidateDesign:
    """Return the design of which a run is one seed."""
    design = spec.design
    source = None if _is_single(spec) else spec.source.value
    return CandidateDesign(
        spec.comparison_fingerprint, design.design_class, design.k, source, spec.budget
    )


def questions_of(by_design: Mapping[CandidateDesign, object]) -> list[Question[CandidateDesign]]:
    """Ask of every setting, class and k where it switches over, at the budgets of its singles."""
    budgets: defaultdict[str, list[CandidateDesign]] = defaultdict(list)
    series: dict[tuple[str, DesignClass, int, str | None], None] = {}
    for design in by_design:
        if design.design_class is DesignClass.SINGLE:
            budgets[design.setting].append(design)
        else:
            series[design.setting, design.design_class, design.k, design.source] = None
    questions = []
    for setting, design_class, k, source in series:
        singles = sorted(budgets[setting], key=lambda design: design.budget.parameters)
        wanted = [
            CandidateDesign(setting, design_class, k, source, single.budget) for single in singles
        ]
        ensembles = tuple(design if design in by_design else None for design in wanted)
        if any(ensembles):
            parameters = tuple(single.budget.parameters for single in singles)
            questions.append(Question(parameters, tuple(singles), ensembles))
    return questions


def specs_by_design(specs: Sequence[RunSpec]) -> dict[CandidateDesign, list[RunSpec]]:
    """Group runs that differ in their seeds alone."""
    found: defaultdict[CandidateDesign, list[RunSpec]] = defaultdict(list)
    for spec in specs:
        found[design_of(spec)].append(spec)
    return dict(found)


def replicates_of(
    by_design: Mapping[CandidateDesign, Sequence[RunSpec]],
    finished: FinishedRuns,
    attempted: Collection[str],
) -> dict[CandidateDesign, Replicates]:
    """Return the runs of every design, without collapsed ones.

    Args:
        by_design: The runs of every design that may be made.
        finished: What is known of the finished ones.
        attempted: Names of the runs that were finished or tried.
    """
    collapsed = _collapsed(by_design, finished)
    return {
        design: Replicates(
            errors={
                spec.seed: finished.errors[spec.name]
                for spec in specs
                if spec.name in finished.errors and spec.name not in collapsed
            },
            seconds=fmean(finished.seconds[spec.name] for spec in specs),
            num_left=len(_untried(specs, attempted)),
        )
        for design, specs in by_design.items()
    }


def _collapsed(
    by_design: Mapping[CandidateDesign, Sequence[RunSpec]], finished: FinishedRuns
) -> set[str]:
    """Return the names of the runs that collapsed."""
    series: defaultdict[tuple[object, ...], dict[Budget, dict[str, float]]] = defaultdict(dict)
    image: dict[tuple[object, ...], float] = {}
    for design, specs in by_design.items():
        key = (design.setting, design.design_class, design.k, design.source)
        series[key][design.budget] = {
            spec.name: finished.errors[spec.name] for spec in specs if spec.name in finished.errors
        }
        image[key] = 100.0 / specs[0].sizes.evaluated
    return {name for key, cells in series.items() for name in outliers(cells, image[key])}


def _untried(specs: Sequence[RunSpec], attempted: Collection[str]) -> list[RunSpec]:
    return sorted((s for s in specs if s.name not in attempted), key=lambda spec: spec.seed)


def _describe(purchase: Purchase[CandidateDesign]) -> str:
    amounts = []
    for design, number in purchase.amounts:
        amounts.append(f"{count(number, 'seed')} of {design.label}")
    chances = [
        f"{found.cell.ensemble.label} {100 * found.probability:.0f} %"
        for found in purchase.decisions
    ]
    budget = purchase.amounts[0][0].budget.parameters
    decided = ", ".join(dict.fromkeys(chances)) or "hardly anything"
    return f"{', '.join(amounts)} at {budget:,} parameters; probability to decide: {decided}"


def _seed_and_budget(spec: RunSpec) -> tuple[int, int]:
    return spec.seed, spec.budget.parameters


def _is_single(spec: RunSpec) -> bool:
    return spec.design.design_class is DesignClass.SINGLE
