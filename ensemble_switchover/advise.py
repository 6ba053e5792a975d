"""Advise which design to build within given limits, from records.

`python -m ensemble_switchover.advise results/demo --parameters 200k --latency-ms 1`
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.text import Text

from ensemble_switchover.analysis.advice.added_devices import (
    added_device_names,
    list_added_candidates,
    match_added_device,
    name_added_device,
    read_timings_of_runs,
)
from ensemble_switchover.analysis.advice.advice_rows import advice_values, show_advice
from ensemble_switchover.analysis.advice.cascade_designs import collect_cascades, read_cascades
from ensemble_switchover.analysis.advice.image_rivals import find_image_rivals
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.loss_spread import spread_reader
from ensemble_switchover.analysis.advice.rule import advise
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    device_names,
    list_candidates,
    most_used_device,
)
from ensemble_switchover.analysis.advice.wording import describe_advice, describe_without
from ensemble_switchover.analysis.natural_order import natural_order
from ensemble_switchover.analysis.rule_options import (
    add_limit_options,
    add_margin_option,
    add_rule_options,
    rule_of,
)
from ensemble_switchover.analysis.run_quality import read_studies_for
from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader
from ensemble_switchover.config.amounts import (
    argument,
    parse_count,
    parse_number,
    parse_percent,
)
from ensemble_switchover.config.command_line import parse_arguments, path_argument, run_command
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.shell import shell_word
from ensemble_switchover.machine.terminal import make_console, print_table, printable
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from ensemble_switchover.results.metric_losses import describe_lacking, require_metric
from ensemble_switchover.results.rerun_command import CommandWriter, same_treatment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.advice.added_devices import TimingsOfRuns
    from ensemble_switchover.analysis.advice.trained_designs import Candidate, TrainedDesign
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.results.added_timings import AddedTiming
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.record import Record

_DESCRIPTION = "Advise which design to build, from the records of one or several studies."
EPILOG = (
    "Every limit may be left out. The exit code is 0 even if no design can be advised. "
    "docs/explorer.md explains the rule."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.advise", description=_DESCRIPTION, epilog=EPILOG
    )
    parser.add_argument(
        "folders", nargs="+", type=path_argument, metavar="folder", help="results/<study>"
    )
    limit = parser.add_argument_group("limits")
    add_limit_options(limit)
    limit.add_argument("--epochs", type=argument(parse_count), metavar="N", help="training epochs")
    limit.add_argument("--hours", type=argument(parse_number), metavar="H", help="training hours")
    limit.add_argument(
        "--latency-p99-ms",
        type=argument(parse_number),
        metavar="MS",
        help="inference time in milliseconds that 99 %% of the images may take; that of a cascade "
        "depends on the image",
    )
    limit.add_argument(
        "--fastest-latency-ms",
        type=argument(parse_number),
        metavar="MS",
        help="inference time per image in milliseconds, with the fastest execution measured",
    )
    limit.add_argument(
        "--accuracy", type=argument(parse_percent), metavar="PERCENT", help="accuracy wanted"
    )
    scope = parser.add_argument_group("designs to consider")
    scope.add_argument("--dataset", help="its name in reports, if the folders hold several")
    scope.add_argument("--family", help="family to consider, such as resnet; default: all")
    scope.add_argument("--k", type=argument(parse_count), help="number of members; default: all")
    scope.add_argument(
        "--cascade",
        action="store_true",
        help="consider the cascade of every ensemble too, whose members are asked in turn until "
        "they are sure",
    )
    scope.add_argument(
        "--exit-rule",
        choices=EXIT_RULES,
        help="when a cascade is sure: by its largest mean probability, or by its margin to the "
        f"second; default: {EXIT_RULES[0]}",
    )
    scope.add_argument(
        "--device",
        help="device whose times and memory count, which may be one that times were added of "
        "(docs/measure.md); default: that of most runs",
    )
    scope.add_argument(
        "--batch-size",
        type=argument(parse_count),
        metavar="B",
        help="batch size of inference times; default: 128, or the largest that was measured",
    )
    add_rule_options(parser)
    add_margin_option(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    given = parse_arguments(parser, arguments)
    if given.exit_rule and not given.cascade:
        parser.error("--exit-rule is of cascades; expected --cascade beside it, or neither")
    return run_command(lambda: advise_from(given))


def advise_from(given: argparse.Namespace) -> int:
    """Print the advice from the records below the folders, and return the exit code 0.

    Raises:
        RecordError: if there is no finished run.
        ConfigError: if an option matches no design, or if there are several data sets and the
            options name none.
    """
    rule = rule_of(given)
    metric = rule.quality
    studies = read_studies_for(given.folders, metric)
    records, lacking = require_metric(given.folders[0], studies.records, metric)
    sources = _Sources(given, records, studies.folders, metric)
    designs, without = sources.designs(rule)
    device = choose_measured_device(designs, given.device, sources.timings)
    limits = Limits(
        parameters=given.parameters,
        epochs=given.epochs,
        hours=given.hours,
        memory_bytes=given.memory,
        latency_ms=given.latency_ms,
        latency_p99_ms=given.latency_p99_ms,
        fastest_latency_ms=given.fastest_latency_ms,
        accuracy_percent=given.accuracy,
    )
    margin, read_spread = given.margin, spread_reader(studies.folders)
    candidates = sources.candidates(designs, device)
    sources.require_batch_size(candidates, device)
    advice = advise(candidates, limits, rule, margin, read_spread)
    other = None
    if advice.collapsed:
        turned = replace(rule, keep_collapsed=not rule.keep_collapsed)
        there = sources.candidates(sources.designs(turned)[0], device)
        other = advise(there, limits, turned, margin, read_spread)
    command = None
    if advice.recommended is not None:
        command = CommandWriter().write(same_treatment(advice.recommended.design.records))
    over_images = find_image_rivals(advice, ImageErrorReader(studies.folders))
    sentences = (
        *describe_advice(advice, other, over_images),
        *([f"{describe_lacking(lacking, metric)}."] if lacking else []),
        *describe_without(without),
    )
    if given.format == "json":
        print(
            json.dumps(
                advice_values(advice, sentences, device, command, other, over_images), indent=1
            )
        )
        return 0
    console = make_console()
    for sentence in sentences:
        console.print(Text(printable(sentence)), soft_wrap=True)
    if advice.best is not None:
        print_table(console, show_advice(advice), f"{designs[0].data}, on {device}")
    if command is not None:
        console.print(Text(printable(f"To train it: {command}")), soft_wrap=True)
    return 0


@dataclass(frozen=True, slots=True)
class _Sources:
    """What designs and their costs are read from, as the options ask for it."""

    given: argparse.Namespace
    records: Sequence[Record]
    folders: Mapping[RunKey, Path]
    metric: QualityMetric
    timings: dict[RunKey, list[AddedTiming]] = field(init=False)
    cascades: dict[RunKey, list[CascadeRecord]] = field(init=False)

    def __post_init__(self) -> None:
        asked = self.given
        timings = read_timings_of_runs(self.records, self.folders) if asked.device else {}
        cascades = read_cascades(self.records, self.folders) if asked.cascade else {}
        object.__setattr__(self, "timings", timings)
        object.__setattr__(self, "cascades", cascades)

    def designs(self, rule: DecisionRule) -> tuple[list[TrainedDesign], int]:
        """Return the designs to consider, and how many ensembles have no cascade."""
        asked = self.given
        found = collect_designs(self.records, rule.keep_collapsed, self.metric)
        chosen = choose_designs(found, asked.dataset, asked.family, asked.k)
        if not asked.cascade:
            return chosen, 0
        cascades = collect_cascades(
            chosen,
            self.cascades,
            asked.exit_rule or EXIT_RULES[0],
            keep_collapsed=rule.keep_collapsed,
        )
        return [*chosen, *cascades.designs], cascades.without

    def candidates(self, designs: Sequence[TrainedDesign], device: str | None) -> list[Candidate]:
        """Return the designs with their costs on a device of runs or of added times."""
        size = self.given.batch_size
        if device in added_device_names(designs, self.timings):
            return list_added_candidates(designs, str(device), self.timings, size)
        return list_candidates(designs, device, size)

    def require_batch_size(self, candidates: Sequence[Candidate], device: str | None) -> None:
        """Refuse a batch size at which nothing was timed on the device, though at others was.

        Raises:
            ConfigError: if so.
        """
        size = self.given.batch_size
        costs = [each.cost for each in candidates if each.cost is not None]
        if size is None or any(cost.latency_batch_size is not None for cost in costs):
            return
        added = [
            batch.batch_size
            for of_run in self.timings.values()
            for timing in of_run
            if name_added_device(timing) == device
            for batch in timing.batches
        ]
        own = [
            entry.batch_size
            for each in candidates
            for record in each.design.records
            for entry in record.latencies
        ]
        if added or own:
            known = sorted(set(added or own))
            raise ConfigError(
                f"--batch-size {size}: no inference was timed at it on {device}; expected one of "
                f"{_listed(known)}, or no --batch-size"
            )


def choose_designs(
    designs: Sequence[TrainedDesign], dataset: str | None, family: str | None, k: int | None
) -> list[TrainedDesign]:
    """Choose the designs of one data set and, if requested, of one family or number of members.

    Single networks are kept for every k.

    Raises:
        ConfigError: if no design matches, or if there are several data sets and none is named.
    """
    data = sorted({design.data for design in designs}, key=natural_order)
    if dataset is None and len(data) > 1:
        raise ConfigError(
            f"errors on different images cannot be compared; name one of --dataset {_listed(data)}"
        )
    _require("--dataset", dataset, data)
    chosen = [d for d in designs if dataset in (None, d.data)]
    _require("--family", family, sorted({d.family for d in chosen}))
    chosen = [d for d in chosen if family in (None, d.family)]
    ks = sorted({d.k for d in chosen})
    _require("--k", k, ks)
    return [d for d in chosen if k is None or d.k in (1, k)]


def choose_measured_device(
    designs: Sequence[TrainedDesign],
    device: str | None,
    timings: TimingsOfRuns = MappingProxyType({}),
) -> str | None:
    """Choose the device whose times and memory count: the named one, or the one with the most runs.

    Of a device with times of both kinds, of runs themselves and of timing passes, the kind of most
    runs counts unless the name says which. A device of times that were added to records is named
    whole, or by its machine where that is enough.

    Raises:
        ConfigError: if no run was made or timed on the named device, or if several are meant.
    """
    if device in {record.environment.device_name for d in designs for record in d.records}:
        on_device = [
            replace(d, records=tuple(r for r in d.records if r.environment.device_name == device))
            for d in designs
        ]
        return most_used_device(on_device)
    added = match_added_device(device, designs, timings) if device is not None else set()
    if len(added) == 1:
        return added.pop()
    known = sorted(added) or [*device_names(designs), *added_device_names(designs, timings)]
    _require("--device", device, known)
    return device or most_used_device(designs)


def _require(option: str, value: object, known: Sequence[object]) -> None:
    if value is not None and value not in known:
        raise ConfigError(f"{option} {value}: expected one of {_listed(known)}")


def _listed(values: Sequence[object]) -> str:
    return ", ".join(shell_word(str(value)) for value in values)


if __name__ == "__main__":
    sys.exit(main())
