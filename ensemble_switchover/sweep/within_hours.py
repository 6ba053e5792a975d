"""A sweep: all of its runs, or those that settle most of what it asks in a given time.

With `sweep.hours=` the runs of a study are candidates. How many epochs they have, and how large
budgets get, is decided once, from what `plan` predicts, and kept in the study's folder.
"""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.config.command_line import has_override
from ensemble_switchover.config.data_check import data_check_lines
from ensemble_switchover.config.hydra_folders import refuse_idle_in_sweep
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.config.store_names import DECISION_FILE
from ensemble_switchover.machine.command_time import seconds_since_begin
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.machine.terminal import complain, count, duration, printable
from ensemble_switchover.machine.units import HOUR_SECONDS
from ensemble_switchover.planning.cost import relative_training_cost
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.sweep.block_seconds import (
    block_predictor,
    measured_seconds,
    time_of,
    workplace_of_sweep,
)
from ensemble_switchover.sweep.gpu_slots import forget_slots
from ensemble_switchover.sweep.hours_decision import FIRST_SHARE, Decision, decide
from ensemble_switchover.sweep.live_page import live_page
from ensemble_switchover.sweep.next_runs import (
    PURSUED,
    Block,
    FinishedRuns,
    budgets_of,
    count_open,
    design_of,
    first_block,
    next_blocks,
    questions_of,
    specs_by_design,
    unbounded,
)
from ensemble_switchover.sweep.seed_seconds import seed_seconds
from ensemble_switchover.sweep.smaller_budgets import with_smaller_budgets
from ensemble_switchover.sweep.sweep_plan import SweepPlan, plan_sweep, run_plan
from ensemble_switchover.tracking.wandb_environment import overruled_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hydra.plugins.launcher import Launcher
    from omegaconf import DictConfig

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.results.document import Document
    from ensemble_switchover.sweep.block_seconds import BlockPredictor
    from ensemble_switchover.sweep.next_runs import CandidateDesign

TIMING_SHARE = 1 / 20
"""Share of the time that unknown designs may be timed for."""
OTHER_KEYS = (
    "sweep.hours", "sweep.page", "sweep.together", "sweep.jobs_per_device", "retry", "logger",
    "results",
)  # fmt: skip
"""Keys whose overrides do not change what the runs are."""


def run_sweep(
    config: DictConfig, overrides: Sequence[str], make_launcher: Callable[[DictConfig], Launcher]
) -> None:
    """Run the sweep that the overrides of a command ask for.

    Args:
        config: The configuration of the sweep, with Hydra's own.
        overrides: The overrides of the command.
        make_launcher: Makes a launcher of Hydra from such a configuration.

    Raises:
        ConfigError: if the configuration of a run or of the sweep is wrong, or the time too short.
    """
    refuse_idle_in_sweep(config)
    overruled = overruled_variables() if config.logger.kind == "wandb" else None
    if overruled is not None:
        complain(overruled)
    try:
        if config.sweep.hours is None:
            plan = _checked_plan(config, overrides)
            with live_page(plan.study.specs, wanted=config.sweep.page):
                run_plan(plan, config, make_launcher)
        else:
            _run_within_hours(config, overrides, make_launcher)
    finally:
        forget_slots()


def _checked_plan(config: DictConfig, overrides: Sequence[str]) -> SweepPlan:
    """Plan every run of a sweep, and print what the check of its images found.

    Raises:
        ConfigError: as `plan_sweep` does, or if a file of a folder is no image.
    """
    with reading_once():
        plan = plan_sweep(config, overrides)
        for line in data_check_lines(spec.dataset for spec in plan.study.specs):
            print(printable(line), flush=True)
    return plan


def _run_within_hours(
    config: DictConfig, overrides: Sequence[str], make_launcher: Callable[[DictConfig], Launcher]
) -> None:
    begin = time.monotonic() - seconds_since_begin()
    plan = _checked_plan(config, overrides)
    deadline = begin + _seconds(config)
    plan = _reduced_to_time(plan, config, overrides, deadline)
    with live_page(plan.study.specs, wanted=config.sweep.page, all_are_trained=False):
        if plan.retry == "failed":
            _run_begun(plan, config, make_launcher)
        else:
            _run_blocks(plan, config, make_launcher, deadline)


def _run_begun(
    plan: SweepPlan, config: DictConfig, make_launcher: Callable[[DictConfig], Launcher]
) -> None:
    plan, _ = _lowered(plan)
    begun = [s for s in plan.study.specs if run_state(s.folder) is not RunState.ABSENT]
    if begun:
        run_plan(plan.only(begun), config, make_launcher)
    else:
        print("No run has begun; the same command without retry=failed begins.")


def _run_blocks(
    plan: SweepPlan,
    config: DictConfig,
    make_launcher: Callable[[DictConfig], Launcher],
    deadline: float,
) -> None:
    """Run the first block, and then what settles most, until there is no time or nothing open."""
    num_seeds = len({spec.seed for spec in plan.study.specs})
    if num_seeds < MIN_SEEDS:
        print(
            f"seed: expected at least {MIN_SEEDS} seeds, and {num_seeds} came, which decide nothing"
        )
    block: Block | None = first_block(plan.study.specs)
    finished = _finished(plan.study.specs)
    in_time = True
    attempted: set[str] = set()
    while block is not None:
        print(f"{duration(max(0.0, deadline - time.monotonic()))} left; {block.reason}", flush=True)
        if any(spec.name not in finished.errors for spec in block.specs):
            run_plan(plan.only(block.specs), config, make_launcher)
        plan, finished = _lowered(plan)
        attempted |= {spec.name for spec in block.specs} | finished.errors.keys()
        blocks = next_blocks(plan.study.specs, finished, attempted)
        left = deadline - time.monotonic()
        block = next(
            (b for b in blocks if _needed(b.specs, finished, plan.together, config) <= left), None
        )
        in_time = not blocks or block is not None
    _print_end(plan.study.specs, finished, in_time=in_time)


def _lowered(plan: SweepPlan) -> tuple[SweepPlan, FinishedRuns]:
    """Add smaller budgets where an ensemble is better at the smallest already, as far as known.

    Where the runs of a smaller budget are finished, by this command before, one below joins, too.

    Returns:
        The plan, and what is known of its finished runs.
    """
    while True:
        finished = _finished(plan.study.specs)
        ensembles = unbounded(plan.study.specs, finished)
        lowered, added = with_smaller_budgets(plan, ensembles)
        if len(lowered.study.specs) == len(plan.study.specs):
            return plan, finished
        for budget in added:
            print(
                f"{_labels(ensembles)}: better at the smallest budget already, so "
                f"{budget.parameters:,} parameters are tried too"
            )
        plan = lowered


def _labels(designs: Sequence[CandidateDesign]) -> str:
    return ", ".join(dict.fromkeys(design.label for design in designs))


def _needed(
    specs: Sequence[RunSpec], finished: FinishedRuns, together: str, config: DictConfig
) -> float:
    """Return the seconds that runs will take."""
    jobs = measured_seconds(specs, finished, together, config)
    return time_of(jobs, workplace_of_sweep(config, together).at_a_time(specs))


def _print_end(specs: Sequence[RunSpec], finished: FinishedRuns, *, in_time: bool) -> None:
    """Say why the sweep ends, and what there is."""
    num_open = count_open(specs, finished)
    level = f"{100 * PURSUED.confidence:g} % intervals"
    if num_open:
        why = "no run is left that may decide them" if in_time else "the time is over"
        print(f"{count(num_open, 'budget')} still open ({level}): {why}.")
    elif questions_of(specs_by_design(specs)):
        print(f"Every switchover that was asked for is settled ({level}).")
    endless = unbounded(specs, finished)
    if endless:
        print(
            f"{_labels(endless)}: better at the smallest budget, and no smaller one has such a "
            "design, so there is no lower bound."
        )
    made = [spec for spec in specs if spec.name in finished.errors]
    budgets = f"{len(budgets_of(made))} of {count(len(budgets_of(specs)), 'budget')}"
    print(
        f"{count(len(made), 'run')} at {budgets}; "
        f"python -m ensemble_switchover.report {shell_path(specs[0].study_folder)}"
    )


def _seconds(config: DictConfig) -> float:
    return float(config.sweep.hours * HOUR_SECONDS)


def _finished(specs: Sequence[RunSpec]) -> FinishedRuns:
    """Read the errors of finished runs; how long others take follows from those of their kind.

    A run takes as long as those of its design did on average, or, without any, as those of its
    class did for each unit of work. Where seeds are trained together it is their share.
    """
    errors: dict[str, float] = {}
    of_design: defaultdict[CandidateDesign, list[Document]] = defaultdict(list)
    of_class: defaultdict[object, list[float]] = defaultdict(list)
    for spec in specs:
        if run_state(spec.folder) is RunState.FINISHED:
            document = read_document(spec.folder)
            if math.isfinite(document.summary.error_percent):
                errors[spec.name] = document.summary.error_percent
            seconds = document.record.wall_seconds
            of_design[design_of(spec)].append(document)
            of_class[spec.design.design_class].append(seconds / relative_training_cost(spec))
    all_rates = [rate for rates in of_class.values() for rate in rates]
    predicted, of_seed = {}, {}
    for spec in specs:
        known = of_design.get(design_of(spec))
        if known:
            of_seed[spec.name] = seed_seconds(known, len(spec.evaluated_epochs))
            predicted[spec.name] = of_seed[spec.name].share
        else:
            rates = of_class.get(spec.design.design_class) or all_rates
            rate = fmean(rates) if rates else 0.0
            predicted[spec.name] = rate * relative_training_cost(spec)
    return FinishedRuns(errors, predicted, of_seed)


def _reduced_to_time(
    plan: SweepPlan, config: DictConfig, overrides: Sequence[str], deadline: float
) -> SweepPlan:
    """Return the plan with the epochs and the budgets that there is time for."""
    decision, predictor = _kept_decision(plan, config, overrides, deadline)
    if decision.epochs is not None:
        plan = plan_sweep(config, [*overrides, f"epochs={decision.epochs}"])
    for hole in plan.study.impossible:
        print(f"  no such design: {hole}")
    specs = [s for s in plan.study.specs if s.budget.parameters <= decision.largest_budget]
    budgets = budgets_of(specs)
    print(
        f"{specs[0].study}: {specs[0].recipe.epochs} epochs ({specs[0].recipe.name}), "
        f"{count(len(budgets), 'budget')} from {budgets[0]:,} to {budgets[-1]:,} parameters"
    )
    if predictor is not None:
        block = first_block(specs)
        print(f"first block: {block.reason}; about {duration(predictor.seconds(block.specs))}")
    return plan.only(specs)


def _kept_decision(
    plan: SweepPlan, config: DictConfig, overrides: Sequence[str], deadline: float
) -> tuple[Decision, BlockPredictor | None]:
    """Read what was decided for the same overrides, or decide and write it.

    Returns:
        The decision, and what it was predicted by, where it is a new one.
    """
    specs = plan.study.specs
    path = specs[0].study_folder / DECISION_FILE
    asked = sorted(entry for entry in overrides if entry.partition("=")[0] not in OTHER_KEYS)
    decision = _read_decision(path, asked)
    smallest = min(spec.budget.parameters for spec in specs)
    if decision is not None and decision.largest_budget >= smallest:
        return decision, None
    workplace = workplace_of_sweep(config, plan.together)
    seconds = _seconds(config)
    predictor = block_predictor(specs, plan.configs, workplace, TIMING_SHARE * seconds)
    passed = seconds - (deadline - time.monotonic())
    decision = decide(
        specs,
        predictor.jobs,
        FIRST_SHARE * seconds,
        jobs=workplace.at_a_time(specs),
        before=passed + predictor.start_seconds,
        fixed_epochs=any(has_override(own, "epochs") for own in plan.overrides.values()),
    )
    values = {"words": asked, "epochs": decision.epochs, "budget": decision.largest_budget}
    write_file(path, json.dumps(values, indent=1).encode())
    return decision, predictor


def _read_decision(path: Path, asked: list[str]) -> Decision | None:
    """Read a decision, so that a sweep goes on with its own runs; None for other overrides."""
    try:
        values = json.loads(path.read_text())
        if values["words"] != asked:
            return None
        values = {"epochs": values["epochs"], "largest_budget": values["budget"]}
        decision: Decision = TypeAdapter(Decision).validate_python(values)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return decision
