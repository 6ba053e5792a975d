"""`python -m ensemble_switchover.plan`: the predicted cost of a run or sweep."""

from __future__ import annotations

import argparse
import math
import sys
import time
from contextlib import redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.config.command_line import (
    EXIT_FAILURE,
    command_parser,
    parse_arguments,
    run_command,
)
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.data_check import data_check_lines
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.machine.caches import check_cache
from ensemble_switchover.machine.inherited_variables import keep_library_caches_in
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.machine.terminal import (
    ROW_FORMATS,
    complain,
    make_console,
    printable,
    write_rows,
)
from ensemble_switchover.planning.calibration import (
    CALIBRATION_SECONDS,
    calibrations_of,
)
from ensemble_switchover.planning.display import show_plan
from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.planning.kept_predictions import describe_kept
from ensemble_switchover.planning.plan_rows import PLAN_COLUMNS, missing_design_row, plan_row
from ensemble_switchover.planning.seed_groups import together_of
from ensemble_switchover.sweep.block_seconds import workplace_here
from ensemble_switchover.sweep.hours_plan import HoursAsked
from ensemble_switchover.sweep.job_forecast import forecast_jobs, groups_to_time, num_jobs_of
from ensemble_switchover.sweep.pilot import describe_smallest_budgets
from ensemble_switchover.sweep.planned_hours import plan_hours, states_epochs
from ensemble_switchover.sweep.shared_training import spared_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.planning.calibration import Calibration

_DESCRIPTION = (
    "Predict what a run or sweep will cost. Every run is shown with its design, its state, and its "
    "predicted training time, peak memory and inference time."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    parser = command_parser("plan", _DESCRIPTION)
    parser.add_argument("--format", choices=ROW_FORMATS, default="table", help="default: table")
    parser.add_argument(
        "--machine",
        metavar="NAME",
        help="predict for another machine: part of the name of a calibrated device, or a GPU with "
        "a known data sheet, such as a100; default: this machine",
    )
    parser.add_argument(
        "--calibrate",
        nargs="?",
        type=_positive,
        const=CALIBRATION_SECONDS,
        metavar="SECONDS",
        help="first time some of these designs on this machine's device, for about this many "
        f"seconds (default: {CALIBRATION_SECONDS}), and keep the timings",
    )
    given = parse_arguments(parser, arguments)
    return run_command(lambda: plan(given))


def plan(given: argparse.Namespace) -> int:
    """Predict the runs that the overrides ask for, and show them.

    Returns:
        The exit code; 1 if a run does not fit into the device's memory.
    """
    begin = time.monotonic()
    sweeps = compose_overrides(given.overrides)
    configs = [config for _, of_sweep in sweeps for config in of_sweep]
    with reading_once():
        study = resolve_study(configs)
        images = data_check_lines(spec.dataset for spec in study.specs)
    passed = time.monotonic() - begin
    fresh: list[Calibration] = []
    of_hours: list[str] = []
    together = together_of(sweeps[0][0].together, study.specs)
    num_jobs = num_jobs_of(sweeps[0][0].concurrent_jobs, study.specs)
    with shown_on(sys.stderr):
        check_cache(study.specs[0].dataset.cache)
        if given.calibrate is not None:
            keep_library_caches_in(study.specs[0].dataset.cache)
        hours = None if given.machine is not None else sweeps[0][0].hours
        if given.calibrate is not None and hours is None:
            from ensemble_switchover.runner.calibrate import calibrate

            groups = groups_to_time(study.specs, together, num_jobs)
            fresh = calibrate([*study.specs, *groups], given.calibrate)
    if hours is not None:
        states = states_epochs([run for sweep, _ in sweeps for run in sweep.runs])
        # what is said of timing is no part of the plan
        with reading_once(), redirect_stdout(sys.stderr):
            planned = plan_hours(
                study,
                configs,
                given.overrides,
                HoursAsked(hours, passed, fixed_epochs=states),
                workplace_here(num_jobs, together),
                timing_seconds=given.calibrate,
            )
        study, of_hours = planned.study, planned.lines
    calibrations, problems = calibrations_of(study.specs, fresh)
    forecasts = forecast(study.specs, calibrations, given.machine)
    spared = spared_runs(study, {entry.spec.name for entry in forecasts if not entry.to_do})
    forecasts = [replace(entry, shared=entry.spec.name in spared) for entry in forecasts]
    costs = forecast_jobs(forecasts, together, num_jobs, calibrations, given.machine)
    if given.format == "table":
        launcher_jobs = sweeps[0][0].concurrent_jobs
        show_plan(
            make_console(),
            study,
            forecasts,
            jobs=costs,
            concurrent_jobs=launcher_jobs,
            images=images,
            kept=describe_kept(study.specs, study.config_of(configs)),
        )
        lines = of_hours  # such a sweep goes to smaller budgets by itself
        if not lines:
            lines = describe_smallest_budgets(study.specs, study.config_of(configs))
        for line in lines:
            print(printable(line))
    else:
        of_run = {run.spec.name: cost for cost in costs for run in cost.runs}
        known = [plan_row(entry, of_run.get(entry.spec.name)) for entry in forecasts]
        rows = [*known, *map(missing_design_row, study.impossible)]
        write_rows(rows, PLAN_COLUMNS, given.format)
    for line in problems:
        complain(line)
    return 0 if all(entry.fits for entry in forecasts) else EXIT_FAILURE


def _positive(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(
            f"expected more than 0 seconds, and {text} came; overrides come before it"
        )
    return seconds


if __name__ == "__main__":
    sys.exit(main())
