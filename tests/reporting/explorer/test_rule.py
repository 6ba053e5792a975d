"""The rule in the page, against the one in `analysis/advice.py`, question by question."""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace
from importlib.resources import files
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ensemble_switchover.analysis.advice.added_devices import (
    added_device_names,
    list_added_candidates,
)
from ensemble_switchover.analysis.advice.cascade_designs import with_cascades_of
from ensemble_switchover.analysis.advice.headline import headline
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import Advice, AdviceAnswer, advise
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    device_names,
    list_candidates,
)
from ensemble_switchover.analysis.advice.wording import describe_error
from ensemble_switchover.analysis.advice.written_amounts import round_outward, write_amount
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, METHODS, DecisionRule
from ensemble_switchover.analysis.difference import critical_rank, difference_interval
from ensemble_switchover.analysis.pareto import pareto_front
from ensemble_switchover.config.amounts import (
    parse_bytes,
    parse_count,
    parse_number,
    parse_parameter_count,
    parse_percent,
)
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.reporting.explorer.document import SCRIPTS
from ensemble_switchover.reporting.explorer.rule_values import rule_values
from ensemble_switchover.results.quality_metrics import METRIC_NAMES, QUALITY_METRICS
from tests.analysis.advice.advice_cases import IMPOSSIBLE, LIMITS, noisy_study
from tests.analysis.advice.planted_cascades import cascade_latency, make_timing, with_cascades
from tests.factories import make_record, make_study, of_timing_pass
from tests.planted_metrics import with_nll, with_quality
from tests.reporting.explorer.browser import use_tab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser, Page

    from ensemble_switchover.analysis.advice.added_devices import TimingsOfRuns
    from ensemble_switchover.analysis.decision_rule import Method
    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule
    from ensemble_switchover.results.quality_metrics import MetricName
    from ensemble_switchover.results.record import Record

ADVISE = """([content, device, questions, turned, metric, exit]) => {
  const quality = content.qualities.find(({ name }) => name === metric);
  const model = { content, turned, quality, floats: decodeFloats(content.floats) };
  const designs = content.designs.filter((d) => !d.cascade || d.cascade.rule === exit);
  const candidates = listCandidates(content, designs, device);
  const told = (reading) => reading && {
    design: content.designs.indexOf(reading.candidate.design),
    epoch: reading.candidate.design.epochs[reading.row],
    error: reading.error,
    loss: reading.loss,
    interval: reading.interval && [reading.interval.lower, reading.interval.upper],
    condition: reading.candidate.cost && reading.candidate.cost.condition,
  };
  return questions.map((limits) => {
    const advice = advise(model, candidates, limits);
    const rival = (r) => [
      told(r.reading), r.difference, r.interval && [r.interval.lower, r.interval.upper],
      [r.numRivalSeeds, r.numBestSeeds], r.isWorse,
    ];
    return {
      ...advice,
      best: told(advice.best),
      runnerUp: advice.runnerUp && rival(advice.runnerUp),
      rivals: advice.rivals.map(rival),
      shortList: advice.shortList && {
        ...advice.shortList, readings: advice.shortList.readings.map(told),
      },
      recommended: told(advice.recommended),
      cheapest: advice.cheapest.map(([name, reading]) => [name, told(reading)]),
      bindings: advice.bindings.map((b) => [b.limits, b.needed, told(b.reading)]),
      headline: headlineOf(quality, advice, limits),
      remarks: remarksOf(model, advice, limits, []),
      outside: advice.outside.map((o) => [o.limit, o.asked, o.measured]),
    };
  });
}"""


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    """Open an empty page that has the functions of all scripts but the last, which begins."""
    folder = files("ensemble_switchover.reporting.explorer") / "script"
    source = "\n".join(folder.joinpath(name).read_text("utf-8") for name in SCRIPTS)
    with use_tab(browser) as page:
        page.set_content("<body></body>")
        page.add_script_tag(content=source.removesuffix("\nstart();\n"))
        yield page


def told(reading: Any, numbers: dict[Any, int], rule: DecisionRule) -> Any:
    if reading is None:
        return None
    interval, cost = reading.interval(rule.confidence), reading.candidate.cost
    return {
        "design": numbers[reading.design.key],
        "epoch": reading.epoch,
        "error": pytest.approx(reading.error, abs=1e-4),
        "loss": pytest.approx(reading.loss, abs=1e-4),
        "interval": None
        if interval is None
        else pytest.approx([interval.lower, interval.upper], abs=1e-3),
        "condition": None if cost is None else cost.condition,
    }


def expected(advice: Advice, numbers: dict[Any, int]) -> dict[str, Any]:
    rule = advice.rule

    def rival(entry: Any) -> list[Any]:
        bounds = None
        if entry.interval is not None:
            bounds = pytest.approx([entry.interval.lower, entry.interval.upper], abs=1e-3)
        difference = entry.difference
        if difference is not None:
            difference = pytest.approx(difference, abs=1e-4)
        seeds = [entry.num_rival_seeds, entry.num_best_seeds]
        return [told(entry.reading, numbers, rule), difference, bounds, seeds, entry.is_worse]

    return {
        "answer": advice.answer.value,
        "best": told(advice.best, numbers, rule),
        "classDecided": advice.class_decided,
        "runnerUp": advice.runner_up and rival(advice.runner_up),
        "rivals": [rival(entry) for entry in advice.rivals],
        "shortList": advice.short_list
        and {
            "margin": pytest.approx(advice.short_list.margin, rel=1e-5),
            "isGiven": advice.short_list.is_given,
            "cost": advice.short_list.cost,
            "readings": [told(reading, numbers, rule) for reading in advice.short_list.readings],
        },
        "recommended": told(advice.recommended, numbers, rule),
        "cheapest": [[name, told(reading, numbers, rule)] for name, reading in advice.cheapest],
        "bindings": [
            [
                list(b.limits),
                pytest.approx(list(b.needed), rel=1e-5),
                told(b.reading, numbers, rule),
            ]
            for b in advice.bindings
        ],
        "headline": headline(advice),
        "outside": [[entry.limit, entry.asked, entry.measured] for entry in advice.outside],
        "numDesigns": advice.num_designs,
        "numFeasible": advice.num_feasible,
        "numRuns": advice.num_runs,
        "collapsed": [record.name for record in advice.collapsed],
        "latencyBatchSizes": list(advice.latency_batch_sizes),
        "numOtherTimes": advice.num_other_times,
        "atEdge": advice.at_edge,
    }


def compare(
    page: Page,
    records: Sequence[Record],
    questions: Sequence[dict[str, Any]],
    rule: DecisionRule = DEFAULT_RULE,
    margin: float | None = None,
    exit_rule: ExitRule | None = None,
    timings: TimingsOfRuns = MappingProxyType({}),
) -> list[Advice]:
    """Require equal answers under a rule and with the collapsed runs treated the other way.

    With an exit rule, the cascades of the runs are considered too, and so are added times.
    """
    cascades = {(r.study, r.name): r.cascades for r in records if r.cascades}
    content = build_content(
        records, lambda runs: "", rule, margin=margin, cascades=cascades, timings=timings
    )
    asked = []
    for turned in (False, True):
        treated = replace(rule, keep_collapsed=rule.keep_collapsed != turned)
        designs = with_cascades_of(
            collect_designs(records, treated.keep_collapsed, rule.quality),
            cascades,
            keep_collapsed=treated.keep_collapsed,
        )
        numbers = {design.key: number for number, design in enumerate(designs)}
        designs = [d for d in designs if d.cascade is None or d.cascade.rule == exit_rule]
        added = added_device_names(designs, timings)
        for device in (*device_names(designs), *added):
            asking = [content, device, list(questions), turned, rule.metric, exit_rule]
            answers = page.evaluate(ADVISE, asking)
            candidates = list_candidates(designs, device)
            if device in added:
                candidates = list_added_candidates(designs, device, timings)
            for limits, answer in zip(questions, answers, strict=True):
                advice = advise(candidates, Limits(**limits), treated, margin)
                remarks = answer.pop("remarks")
                assert answer == expected(advice, numbers), limits
                if advice.best is not None:
                    told = describe_error(advice.recommended, treated.confidence)
                    assert _rounded(remarks[1]) == _rounded(told)
                asked.append(advice)
    return asked


def _rounded(text: str) -> tuple[str, list[float]]:
    """Return the words of a sentence, and its numbers but for the last digit of each."""
    numbers = [pytest.approx(float(n), rel=2e-3, abs=0.0101) for n in NUMBER.findall(text)]
    return NUMBER.sub("#", text), numbers


NUMBER = re.compile(r"(?<![\w.])\d+\.\d+")
RULES = [
    DEFAULT_RULE,
    DecisionRule("paired_t", 0.95),
    DecisionRule("mann_whitney", 0.9, keep_collapsed=True),
]


def unequal_study(seed: int) -> list[Record]:
    """Make a study of 1 to 9 seeds a design, with collapsed runs, errors that are no number, ties.

    Errors are those of a few hundred images, so that many are equal; both designs of a comparison
    have some seeds in common.
    """
    draw = random.Random(seed)
    records = []
    for name, width in product(("single", "deq", "weq"), (8, 12, 16)):
        level, first = draw.uniform(4.0, 8.0), draw.randrange(3)
        number = draw.choice((1, 2, 3, 4, 5, 9))
        fallen = draw.randrange(number) if number >= 5 else None
        for index in range(number):
            errors = [round(level + 8.0 / e + draw.gauss(0.0, 0.6), 1) for e in range(1, 7)]
            if index == fallen:
                errors = [error + 40.0 for error in errors]
            elif draw.random() < 0.15:
                errors[draw.randrange(6)] = float("nan")
            if draw.random() < 0.05:
                errors = [float("nan")] * 6
            records.append(
                make_record(design_class=name, width=width, seed=first + index, test_errors=errors)
            )
    return records


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.method)
@pytest.mark.parametrize("seed", range(6))
def test_the_page_advises_what_the_analysis_does(
    blank: Page, seed: int, rule: DecisionRule
) -> None:
    compare(blank, noisy_study(seed), [*LIMITS, *IMPOSSIBLE], rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.method)
def test_collapsed_runs_unequal_seeds_gaps_and_ties_too(blank: Page, rule: DecisionRule) -> None:
    questions = [{}, *({"epochs": epoch} for epoch in range(1, 7)), {"accuracy_percent": 93.0}]
    asked = []
    for seed in range(8):
        asked += compare(blank, unequal_study(seed), questions, rule)

    assert {advice.answer for advice in asked} >= {AdviceAnswer.DECIDED, AdviceAnswer.UNDECIDED}
    assert any(advice.collapsed for advice in asked)
    rivals = [rival for advice in asked for rival in (*advice.rivals, advice.runner_up) if rival]
    numbers = {(rival.num_rival_seeds, rival.num_best_seeds) for rival in rivals}
    assert rule.method == "paired_t" or any(min(n) >= 3 and n[0] != n[1] for n in numbers)
    assert any(rival.interval is None for rival in rivals)


def with_metrics(records: Sequence[Record], seed: int) -> list[Record]:
    """Return the runs with metrics at random besides the error, some of which are no number."""
    draw = random.Random(seed)

    def nats() -> float:
        return draw.choice((0.2, 0.21, 0.25)) + 0.02 * draw.random()

    return [
        with_quality(
            with_nll(
                record, [float("nan") if draw.random() < 0.05 else nats() for _ in record.epochs]
            ),
            balanced_error_percent=draw.uniform(3.0, 9.0),
            calibrated_nll_nats=nats(),
            coverage_at_5_percent_risk=draw.choice((0.7, 0.9)) + 0.1 * draw.random(),
        )
        for record in records
    ]


@pytest.mark.parametrize("metric", METRIC_NAMES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.method)
def test_by_every_metric_it_advises_what_the_analysis_does(
    blank: Page, rule: DecisionRule, metric: MetricName
) -> None:
    own = replace(rule, metric=metric)
    asked = compare(
        blank, with_metrics(noisy_study(0), 0), [*LIMITS, {"epochs": 5}, *IMPOSSIBLE], own
    )
    asked += compare(blank, with_metrics(unequal_study(1), 1), [{}, {"epochs": 6}], own)

    assert any(advice.best is not None for advice in asked)
    assert any(advice.best is None for advice in asked)
    if not own.quality.lower_is_better:
        best = [advice.best.loss for advice in asked if advice.best is not None]
        assert max(own.quality.shown(loss) for loss in best) > 90.0


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_a_margin_in_the_unit_of_a_metric_too(blank: Page, metric: MetricName) -> None:
    rule, records = DecisionRule(metric=metric), with_metrics(noisy_study(2), 2)
    for margin in (0.01, 2.0):
        compare(blank, records, [{}, {"parameters": 250_000}], rule, margin)


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_values_are_written_as_the_command_writes_them(blank: Page, metric: MetricName) -> None:
    content = build_content(with_metrics(noisy_study(3), 3), lambda runs: "")
    (quality,) = (each for each in content["qualities"] if each["name"] == metric)
    own, losses = QUALITY_METRICS[metric], [0.51, 2.26, 12.13, 0.0631]
    written = blank.evaluate(
        """([quality, losses]) => losses.map((loss) => [
          writeValue(quality, loss), writeBounds(quality, { lower: loss, upper: loss + 1 }),
          writeMargin(quality, loss), shownDifference(quality, loss), bestEnd(quality),
          worseWay(quality), nameOn(quality, "validation error"),
        ])""",
        [quality, losses],
    )

    assert written == [
        [
            own.write(loss),
            own.write_bounds(loss, loss + 1),
            own.write_margin(loss),
            own.shown_difference(loss),
            own.best_end,
            own.worse_way,
            own.measure_on("validation"),
        ]
        for loss in losses
    ]


@pytest.mark.parametrize("margin", [0.2, 3.0, 100.0])
def test_a_margin_that_is_stated_too(blank: Page, margin: float) -> None:
    asked = [
        advice
        for seed in range(3)
        for advice in compare(blank, noisy_study(seed), LIMITS, margin=margin)
    ]

    assert {len(a.short_list.readings) == 1 + len(a.rivals) for a in asked if a.short_list} == {
        True,
        *([] if margin == 100.0 else [False]),
    }


@pytest.mark.parametrize("seed", range(2))
def test_times_of_both_kinds_too(blank: Page, seed: int) -> None:
    draw = random.Random(seed)
    records = [
        of_timing_pass(record) if draw.random() < (0.9, 0.2)[record.budget.width > 12] else record
        for record in noisy_study(seed)
    ]

    asked = compare(blank, records, [*LIMITS, *IMPOSSIBLE])

    assert any(advice.num_other_times for advice in asked)


def cascaded(study: Sequence[Record], seed: int) -> list[Record]:
    """Give some ensembles of a study cascades, a few of them measured, by chance."""
    draw = random.Random(seed)
    records = []
    for record in study:
        k, last = record.design.k, record.epochs[-1].error_percent
        if k > 1 and draw.random() < 0.8:
            error = draw.uniform(4.0, 12.0) if math.isnan(last) else last + draw.uniform(-3.0, 0.6)
            record = with_cascades(
                record,
                error=max(0.0, error),
                mean_members=draw.uniform(1.0, k),
                members_p99=draw.randint(1, k),
            )
            if draw.random() < 0.5:
                timed = [cascade_latency(128, draw.uniform(0.2, 0.9), 1.0)]
                record = replace(record, cascade_latencies=timed)
        records.append(record)
    return records


@pytest.mark.parametrize("exit_rule", [*EXIT_RULES, None])
@pytest.mark.parametrize("rule", RULES[::2], ids=lambda rule: rule.method)
def test_cascades_and_slow_images_too(
    blank: Page, rule: DecisionRule, exit_rule: ExitRule | None
) -> None:
    questions = [
        *LIMITS,
        *IMPOSSIBLE,
        {"latency_p99_ms": 0.6},
        {"latency_p99_ms": 0.3, "latency_ms": 0.4},
        {"latency_p99_ms": 0.001},
        {"latency_p99_ms": 0.9, "accuracy_percent": 91.0},
    ]
    asked = []
    for seed in range(3):
        records = cascaded(noisy_study(seed), seed)
        asked += compare(blank, records, questions, rule, exit_rule=exit_rule)
        records = cascaded(unequal_study(seed), seed)
        asked += compare(blank, records, [{}, {"latency_p99_ms": 0.6}], rule, exit_rule=exit_rule)

    best = [advice.best for advice in asked if advice.best is not None]
    rules = {reading.design.cascade and reading.design.cascade.rule for reading in best}
    assert rules == {None, exit_rule}


def test_devices_of_added_times_too(blank: Page) -> None:
    draw = random.Random(4)
    records = cascaded(noisy_study(2), 2)
    timings = {
        (record.study, record.name): [
            make_timing(draw.uniform(0.1, 2.0), threads=threads)
            for threads in (1, 4)
            if draw.random() < 0.8
        ]
        for record in records
    }
    questions = [*LIMITS, *IMPOSSIBLE, {"latency_p99_ms": 1.0}, {"latency_ms": 0.4, "hours": 1.0}]
    asked = compare(blank, records, questions, exit_rule="confidence", timings=timings)

    best = [advice.best for advice in asked if advice.best and advice.best.candidate.cost]
    assert {reading.seconds is None for reading in best} == {True, False}
    assert any(reading.design.cascade and reading.seconds is None for reading in best)


def test_cascades_by_their_log_likelihood_too(blank: Page) -> None:
    draw = random.Random(3)
    records = [
        with_nll(record, [draw.uniform(0.2, 0.6) for _ in record.epochs])
        for record in cascaded(noisy_study(2), 2)
    ]
    rule = DecisionRule(metric="nll")
    asked = compare(blank, records, [*LIMITS, {"latency_p99_ms": 0.6}], rule, exit_rule="margin")

    assert any(advice.best and advice.best.design.cascade for advice in asked)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_the_pages_intervals_are_those_of_the_analysis(
    blank: Page, method: Method, confidence: float
) -> None:
    rule = DecisionRule(method, confidence)
    draw = np.random.default_rng(5)
    pairs = []
    for _ in range(200):
        # In float32, as the page reads them; multiples of 1/4 make ties, and are exact.
        samples = [
            np.round(4 * draw.normal(6.0, spread, draw.integers(1, 13))) / 4
            for spread in draw.choice((0.0, 0.4, 2.0), 2)
        ]
        first = draw.integers(3, size=2)
        pairs.append(
            [dict(enumerate(s.tolist(), int(f))) for s, f in zip(samples, first, strict=True)]
        )
    ranks = {
        m: {n: critical_rank(m, n, (1 - confidence) / 2) for n in range(3, 13)}
        for m in range(3, 13)
    }
    values = {**rule_values(rule, []), "criticalRanks": ranks}
    found = blank.evaluate(
        """([rule, pairs]) => pairs.map((samples) => {
          const [first, second] = samples.map((entries) => new Map(entries));
          return compareErrors(rule, first, second);
        })""",
        [values, [[list(map(list, sample.items())) for sample in pair] for pair in pairs]],
    )

    num_intervals = 0
    for (first, second), shown in zip(pairs, found, strict=True):
        interval = difference_interval(first, second, rule)
        if interval is None:
            assert shown["interval"] is None
            continue
        num_intervals += 1
        bounds = [shown["interval"]["lower"], shown["interval"]["upper"]]
        # The table of quantiles errs by at most 1.1e-4 of one at 99.9 %.
        error = 1.1e-4 * (interval.upper - interval.mean) + 1e-9
        assert bounds == pytest.approx([interval.lower, interval.upper], rel=0.0, abs=error)
        assert shown["mean"] == pytest.approx(interval.mean)
    assert num_intervals > 50


def test_ties_gaps_and_two_devices_too(blank: Page) -> None:
    fused = {"execution": "fused", "execution_requested": "fused"}
    records = [
        *make_study(lambda *place: 10.0 + place[3], latencies={}, peak_rss_bytes=None),
        *make_study(
            lambda *place: 12.0 + place[3], widths=(8, 10), environment=fused, recipe={"epochs": 9}
        ),
        make_record(seed=0, test_errors=[float("nan")] * 6, width=9),
        make_record(seed=7, environment={"device_name": "Other"}, test_errors=[9.0] * 6),
        *make_study(
            lambda *place: 11.0 + place[3],
            widths=(12,),
            recipe={"name": "digits, scaled from 1200 epochs", "epochs": 6},
        ),
    ]
    questions = [
        *LIMITS,
        {"parameters": 10**9},
        {"epochs": 8},
        {"epochs": 7},
        {"latency_ms": 5.0},
        {"latency_ms": 0.01, "fastest_latency_ms": 0.01},
        {"hours": 1.0, "memory_bytes": 10**12},
        {"parameters": 1},
    ]
    compare(blank, records, questions)


def test_amounts_are_rounded_and_read_alike(blank: Page) -> None:
    cases = [
        ("latency_ms", 0.60201), ("latency_ms", 123.4), ("latency_ms", 0.1),
        ("latency_ms", 1.1), ("hours", 0.57), ("hours", 0.00269),
        ("accuracy_percent", 93.456), ("memory_bytes", 1e9 + 1), ("parameters", 206_734),
    ]  # fmt: skip
    loosened = blank.evaluate(
        "cases => cases.map(([name, value]) => roundOutward(name, value))", cases
    )

    assert loosened == pytest.approx([round_outward(name, value) for name, value in cases])


@pytest.mark.parametrize(
    ("name", "parse", "texts"),
    [
        ("parameters", parse_parameter_count,
         ("2M", "200 k", "0.5G", "1,500,000", "1_000", "2e6", "1,5", "1,5M", "1.5", "0.3k", "many",
          "-3")),
        ("memory_bytes", parse_bytes,
         ("8GiB", "512 MiB", "1.5gb", "1 KiB", "7B", "8", "8Gb", "1,5GiB")),
        ("hours", parse_number, ("12", "0.5", ".5", "1e-3", "1,5", "-1", "0", "1e400")),
        ("epochs", parse_count, ("60", "1.5", "0", "1,5")),
        ("accuracy_percent", parse_percent, ("95", "95.5 %", "0.95", "1", "0.95%", "101", "99,5")),
    ],
)  # fmt: skip
def test_amounts_are_read_as_the_command_reads_them(
    blank: Page, name: str, parse: Callable[[str], float], texts: tuple[str, ...]
) -> None:
    def read(text: str) -> float | None:
        try:
            return parse(text)
        except ValueError:
            return None

    found = blank.evaluate(
        "([name, texts]) => texts.map((text) => parseAmount(name, text) || null)", [name, texts]
    )

    assert found == [read(text) for text in texts]


def test_amounts_are_written_as_the_command_writes_them(blank: Page) -> None:
    cases = [
        ("parameters", 1), ("parameters", 206_734), ("epochs", 1), ("epochs", 20),
        ("hours", 0.02), ("memory_bytes", 8 * 2**30), ("latency_ms", 0.6020079),
        ("fastest_latency_ms", 0.6020079), ("latency_p99_ms", 0.6020079),
        ("accuracy_percent", 95.5),
    ]  # fmt: skip
    written = blank.evaluate("cases => cases.map(([name, v]) => formatAmount(name, v))", cases)

    assert written == [write_amount(name, value) for name, value in cases]


def test_the_front_is_the_analysis(blank: Page) -> None:
    places = [(1.0, 9.0), (2.0, 5.0), (3.0, 6.0), (2.0, 5.0), (1.0, 9.5), (4.0, 1.0), (5.0, 1.0)]
    marks = blank.evaluate(
        "places => { const points = places.map(([x, y]) => ({ x, y })); markFront(points);"
        " return points.map((point) => point.front); }",
        places,
    )

    assert marks == pareto_front([x for x, _ in places], [y for _, y in places])
