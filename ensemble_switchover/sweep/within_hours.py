"""A sweep: all of its runs, or those that settle most of what it asks in a given time.

With `sweep.hours=` the runs of a study are candidates. How many epochs they have, and how large
budgets get, is decided once, from what `plan` predicts, and kept in the study's folder.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.short_answer import answer_shortly
from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.config.command_line import has_override
from ensemble_switchover.config.data_check import data_check_lines
from ensemble_switchover.config.hydra_folders import refuse_idle_in_sweep
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.command_time import seconds_since_begin
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.machine.terminal import (
    complain,
    count,
    duration,
    make_console,
    print_table,
    printable,
)
from ensemble_switchover.machine.units import HOUR_SECONDS
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.results.study_folders import read_studies
from ensemble_switchover.sweep.block_seconds import (
    block_predictor,
    known_predictor,
    measured_seconds,
    time_of,
    workplace_of_sweep,
)
from ensemble_switchover.sweep.error_table import changed_errors, error_table, mean_errors
from ensemble_switchover.sweep.finished_runs import keep_learned, read_finished
from ensemble_switchover.sweep.gpu_slots import forget_slots
from ensemble_switchover.sweep.hours_plan import HoursAsked, decide_or_propose, describe_hours
from ensemble_switchover.sweep.kept_decision import keep_decision, kept_decision
from ensemble_switchover.sweep.live_page import live_page
from ensemble_switchover.sweep.next_runs import (
    PURSUED,
    Block,
    FinishedRuns,
    budgets_of,
    count_open,
    first_block,
    next_blocks,
    questions_of,
    specs_by_design,
    unbounded,
)
from ensemble_switchover.sweep.smaller_budgets import with_smaller_budgets
from ensemble_switchover.sweep.sweep_plan import SweepPlan, plan_sweep, run_plan
from ensemble_switchover.tracking.wandb_environment import overruled_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hydra.plugins.launcher import Launcher
    from omegaconf import DictConfig

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.sweep.block_seconds import BlockPredictor
    from ensemble_switchover.sweep.error_table import MeanErrors
    from ensemble_switchover.sweep.next_runs import CandidateDesign

TIMING_SHARE = 1 / 20
"""Share of the time that unknown designs may be timed for."""


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
        lines = data_check_lines(spec.dataset for spec in plan.study.specs)
    remarks = [f"dataset={s.dataset.name}: {text}" for s in plan.study.specs for text in s.remarks]
    if config.sweep.check:
        for line in dict.fromkeys([*lines, *remarks]):
            print(printable(line), flush=True)
    return plan


def _run_within_hours(
    config: DictConfig, overrides: Sequence[str], make_launcher: Callable[[DictConfig], Launcher]
) -> None:
    begin = time.monotonic() - seconds_since_begin()
    deadline = begin + float(config.sweep.hours * HOUR_SECONDS)
    with reading_once():
        plan = _checked_plan(config, overrides)
        plan = _reduced_to_time(plan, config, overrides, begin)
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
    finished = read_finished(plan.study.specs)
    in_time = True
    attempted: set[str] = set()
    means: MeanErrors | None = None
    answer: str | None = None
    while block is not None:
        print(f"{duration(max(0.0, deadline - time.monotonic()))} left; {block.reason}", flush=True)
        if any(spec.name not in finished.errors for spec in block.specs):
            run_plan(plan.only(block.specs), config, make_launcher)
            keep_learned(block.specs)
        plan, finished = _lowered(plan)
        means = _print_errors(plan.study.specs, finished, means)
        answer = _print_answer(plan.study.specs[0].study_folder, answer)
        attempted |= {spec.name for spec in block.specs} | finished.errors.keys()
        blocks = next_blocks(plan.study.specs, finished, attempted)
        left = deadline - time.monotonic()
        block = next(
            (b for b in blocks if _needed(b.specs, finished, plan.together, config) <= left), None
        )
        in_time = not blocks or block is not None
    _print_end(plan.study.specs, finished, in_time=in_time)


def _print_errors(
    specs: Sequence[RunSpec], finished: FinishedRuns, before: MeanErrors | None
) -> MeanErrors:
    """Print the errors so far: a table after the first block, and what has changed after others."""
    means = mean_errors(specs, finished.errors)
    if before is None and means:
        print_table(make_console(), error_table(means), "Errors so far")
    elif before is not None:
        for line in changed_errors(before, means):
            print(line, flush=True)
    return means


def _print_answer(folder: Path, before: str | None) -> str | None:
    """Print which design the finished runs advise, where that has changed."""
    try:
        studies = read_studies([folder])
    except RecordError:
        return None
    answer = answer_shortly(studies.records, studies.folders, rule=PURSUED).build
    if answer != before:
        print(f"So far: {printable(answer)}", flush=True)
    return answer


def _lowered(plan: SweepPlan) -> tuple[SweepPlan, FinishedRuns]:
    """Add smaller budgets where an ensemble is better at the smallest already, as far as known.

    Where the runs of a smaller budget are finished, by this command before, one below joins, too.

    Returns:
        The plan, and what is known of its finished runs.
    """
    while True:
        finished = read_finished(plan.study.specs)
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


def _reduced_to_time(
    plan: SweepPlan, config: DictConfig, overrides: Sequence[str], begin: float
) -> SweepPlan:
    """Return the plan with the epochs and the budgets that there is time for.

    Raises:
        ConfigError: if there is too little time, with overrides with which there is enough.
    """
    specs, hours = plan.study.specs, float(config.sweep.hours)
    workplace = workplace_of_sweep(config, plan.together)
    decision = kept_decision(specs, overrides)
    if decision is None:
        print(f"{specs[0].study}: {count(len(specs), 'run')} to choose from", flush=True)
        most = TIMING_SHARE * hours * HOUR_SECONDS
        predictor: BlockPredictor | None = block_predictor(specs, plan.configs, workplace, most)
        assert predictor is not None
        fixed = any(has_override(own, "epochs") for own in plan.overrides.values())
        asked = HoursAsked(hours, time.monotonic() - begin, fixed_epochs=fixed)
        decision = decide_or_propose(
            specs,
            predictor,
            asked,
            lambda more: plan_sweep(config, [*overrides, *more]).study.specs,
        )
        keep_decision(specs, overrides, decision)
    else:
        predictor = known_predictor(specs, workplace)
    if decision.epochs is not None:
        plan = plan_sweep(config, [*overrides, f"epochs={decision.epochs}"])
    for hole in plan.study.impossible:
        print(f"  no such design: {hole}")
    kept = decision.kept(plan.study.specs)
    passed = time.monotonic() - begin
    for line in describe_hours(kept, predictor, HoursAsked(hours, passed)):
        print(line, flush=True)
    return plan.only(kept)
