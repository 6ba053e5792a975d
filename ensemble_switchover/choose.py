"""Find out on a folder of images, in a given time, which design to build.

`python -m ensemble_switchover.choose photos --minutes 10`
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.short_answer import NOTHING_FINISHED, answer_shortly
from ensemble_switchover.analysis.rule_options import add_limit_options
from ensemble_switchover.analysis.run_quality import read_studies_for
from ensemble_switchover.config.amounts import argument, parse_number
from ensemble_switchover.config.command_line import (
    EXIT_FAILURE,
    PROGRAM,
    parse_arguments,
    path_argument,
    run_command,
)
from ensemble_switchover.config.store_names import REPORT_FOLDER, expected_of_name
from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.shell import shell_command, shell_path
from ensemble_switchover.machine.terminal import duration, printable
from ensemble_switchover.machine.units import HOUR_SECONDS, MINUTE_SECONDS
from ensemble_switchover.report import report
from ensemble_switchover.results.metric_losses import require_metric
from ensemble_switchover.results.quality_metrics import METRIC_NAMES
from ensemble_switchover.sweep.choice.choose_size import choose_size, describe_size
from ensemble_switchover.sweep.choice.jobs_here import jobs_here
from ensemble_switchover.sweep.choice.own_images import look_at
from ensemble_switchover.sweep.choice.study_command import OwnStudy, shown_command, study_name
from ensemble_switchover.sweep.choice.time_limit import run_within
from ensemble_switchover.sweep.next_runs import PURSUED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.sweep.choice.choose_size import ChosenStudy
    from ensemble_switchover.sweep.choice.time_limit import ProgramEnding

_DESCRIPTION = (
    "Find out which design to build for images of your own, in a given time: one network or an "
    "ensemble, and of which shape. Small studies are trained on this machine; the answer says what "
    "to build, how sure that is, and what would make it surer. Ctrl-C at any time: the answer so "
    "far. The same command again goes on."
)
_EPILOG = "It runs sweep=own, and shows the command. docs/choose.md describes it."
PROGRAM_NAME = f"{PROGRAM}.choose"
DEFAULT_MINUTES = 10.0
DEFAULT_RESULTS = Path("results")
LONGER = 6
"""How many times the time the command for a surer answer has."""
REPORT_SECONDS = 8.0
"""Seconds that are left for the answer and its report."""
OVERRUN_SHARE = 0.05
"""Share of the time by which a last block of runs may exceed it before it is stopped."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the last line it prints is the path of the report."""
    begin = time.monotonic()
    parser = _parser()
    given = parse_arguments(parser, arguments)
    return run_command(lambda: choose(given, begin))


def choose(given: argparse.Namespace, begin: float) -> int:
    """Choose the size of a study, run it within the time, and print the answer.

    Args:
        given: The arguments of the command.
        begin: The time at which it began, by the monotonic clock.

    Returns:
        The exit code: 0 with an answer; 1 if no run was finished; of a signal if one ended it.

    Raises:
        ConfigError: if the folder or an override is wrong, or the time is too short.
    """
    interruption.listen()
    seconds = _seconds(given.minutes, given.hours)
    limits = Limits(
        parameters=given.parameters, latency_ms=given.latency_ms, memory_bytes=given.memory
    )
    images = look_at(given.folder, given.overrides)
    for line in images.lines:
        print(printable(line), flush=True)
    num_jobs, threads = jobs_here()
    study = OwnStudy(
        root=given.folder,
        channels=images.channels,
        train_images=images.train_images,
        name=_name(given.study, given.folder, seconds),
        results=given.results,
        num_jobs=num_jobs,
        threads=threads,
        overrides=tuple(given.overrides),
    )
    chosen = choose_size(
        study,
        images,
        most_parameters=limits.parameters,
        seconds=seconds,
        begin=begin,
        command_of=lambda enough: _command(given, enough, _study_words(given)),
    )
    left = seconds - (time.monotonic() - begin) - REPORT_SECONDS
    overrides = [*chosen.overrides, f"sweep.hours={max(left, 1.0) / HOUR_SECONDS:.4f}"]
    print(f"{describe_size(chosen.size)}; {_when(chosen, begin, seconds)}")
    print(shown_command(overrides), flush=True)
    words = [sys.executable, "-m", "ensemble_switchover", *overrides, "sweep.check=false"]
    ending = run_within(words, left + OVERRUN_SHARE * seconds)
    if ending.overran:
        print("The time is over, and what was not finished is left out of the answer.")
    again, longer = _again(given, seconds), _longer(given, seconds)
    rule = replace(PURSUED, metric=given.metric)
    return _answer(study.folder, limits, rule, ending, again=again, longer=longer)


def _when(chosen: ChosenStudy, begin: float, seconds: float) -> str:
    """Say when there will be an answer."""
    if chosen.first_seconds is None:
        return f"this study goes on, for {duration(seconds)}"
    first = duration(time.monotonic() - begin + chosen.first_seconds)
    return f"a first answer stands in about {first} of {duration(seconds)}, and gets surer"


def _answer(
    folder: Path,
    limits: Limits,
    rule: DecisionRule,
    ending: ProgramEnding,
    *,
    again: str,
    longer: str,
) -> int:
    """Print the answer of what is finished, and write its report.

    Args:
        folder: The folder of the study.
        limits: The user's limits.
        rule: How designs are compared.
        ending: How the sweep ended.
        again: The same command, which goes on.
        longer: The command that takes more time.

    Returns:
        The exit code of the command.

    Raises:
        RecordError: if no finished run has the metric, as of an older version.
    """
    try:
        studies = read_studies_for([folder], rule.quality)
    except RecordError:
        print(f"{NOTHING_FINISHED} The same command goes on.")
        return interruption.exit_code() if ending.interrupted else ending.code or EXIT_FAILURE
    records, _ = require_metric(folder, studies.records, rule.quality)
    answer = answer_shortly(records, studies.folders, limits, rule, longer=longer, again=again)
    for sentence in answer.sentences:
        print(printable(sentence), flush=True)
    trained = None if answer.advice is None else answer.advice.recommended
    if trained is not None:
        record = min(trained.design.records, key=lambda record: record.seed)
        run = shell_path(studies.folders[record.study, record.name])
        print(f"One such network or ensemble is trained: {PROGRAM}.export {run} --format onnx")
    print(report(folder, folder / REPORT_FOLDER, rule=rule, limits=limits), flush=True)
    if ending.interrupted:
        return interruption.exit_code()
    return 0 if ending.overran else ending.code


def _again(given: argparse.Namespace, seconds: float) -> str:
    """Return the same command."""
    return _command(given, seconds, _study_words(given))


def _study_words(given: argparse.Namespace) -> list[str]:
    return [] if given.study is None else ["--study", given.study]


def _longer(given: argparse.Namespace, seconds: float) -> str:
    """Return the same command with more time; its study has the name of that time."""
    return _command(given, LONGER * seconds, [])


def _command(given: argparse.Namespace, seconds: float, more: Sequence[str]) -> str:
    limits = [
        (option, getattr(given, option.removeprefix("--").replace("-", "_")))
        for option in ("--parameters", "--latency-ms", "--memory")
    ]
    if given.metric != PURSUED.metric:
        limits.append(("--metric", given.metric))
    words = [f"{word}" for option, value in limits if value is not None for word in (option, value)]
    words += more
    if given.results != DEFAULT_RESULTS:
        words = ["--results", str(given.results), *words]
    minutes = f"{seconds / MINUTE_SECONDS:g}"
    folder = shell_path(given.folder)
    return " ".join(
        [PROGRAM_NAME, folder, "--minutes", minutes, shell_command(*words, *given.overrides)]
    ).strip()


def _seconds(minutes: float | None, hours: float | None) -> float:
    """Return the seconds that the user gives.

    Raises:
        ConfigError: if there are minutes and hours.
    """
    if minutes is not None and hours is not None:
        raise ConfigError(
            f"--minutes {minutes:g} --hours {hours:g}: expected one of them, the whole time"
        )
    if hours is not None:
        return hours * HOUR_SECONDS
    return (DEFAULT_MINUTES if minutes is None else minutes) * MINUTE_SECONDS


def _name(asked: str | None, folder: Path, seconds: float) -> str:
    """Return the name of the study.

    Raises:
        ConfigError: if the one that is asked for cannot be one.
    """
    name = study_name(folder, seconds / MINUTE_SECONDS) if asked is None else asked
    expected = expected_of_name(name)
    if expected is not None:
        raise ConfigError(f"--study {name}: expected {expected}")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM_NAME, description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("folder", type=path_argument, help="the folder of the images")
    parser.add_argument(
        "overrides",
        nargs="*",
        default=[],
        metavar="override",
        help="of the runs, such as k=2 arch=densenet",
    )
    parser.add_argument(
        "--minutes",
        type=argument(parse_number),
        metavar="N",
        help=f"time from the start to the answer; default: {DEFAULT_MINUTES:g}",
    )
    parser.add_argument(
        "--hours", type=argument(parse_number), metavar="N", help="the same time in hours"
    )
    parser.add_argument(
        "--results", type=path_argument, default=DEFAULT_RESULTS, help="default: results"
    )
    parser.add_argument("--study", help="its name; default: of the folder and the minutes")
    parser.add_argument(
        "--metric",
        choices=METRIC_NAMES,
        default=PURSUED.metric,
        help="by what the answer compares designs; which runs are made follows from their errors "
        f"all the same; default: {PURSUED.metric}",
    )
    add_limit_options(parser.add_argument_group("limits of what is to be built"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
