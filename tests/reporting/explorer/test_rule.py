"""The rule in the page, against the one in `analysis/advice.py`, question by question."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import Advice, advise
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    device_names,
    list_candidates,
)
from ensemble_switchover.analysis.advice.wording import round_outward, write_amount
from ensemble_switchover.analysis.pareto import pareto_front
from ensemble_switchover.config.amounts import (
    parse_bytes,
    parse_count,
    parse_number,
    parse_parameter_count,
    parse_percent,
)
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.reporting.explorer.document import SCRIPTS
from tests.analysis.advice.advice_cases import IMPOSSIBLE, LIMITS, noisy_study
from tests.factories import make_record, make_study
from tests.reporting.explorer.browser import use_tab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser, Page

    from ensemble_switchover.results.record import Record

ADVISE = """([content, device, questions]) => {
  const model = { content, floats: decodeFloats(content.floats) };
  const candidates = listCandidates(content.designs, device);
  const told = (reading) => reading && {
    design: content.designs.indexOf(reading.candidate.design),
    epoch: reading.candidate.design.epochs[reading.row],
    error: reading.error,
    interval: reading.interval && [reading.interval.lower, reading.interval.upper],
    condition: reading.candidate.cost && reading.candidate.cost.condition,
  };
  return questions.map((limits) => {
    const advice = advise(model, candidates, limits);
    const rival = (r) =>
      [told(r.reading), r.difference, r.interval && r.interval.lower, r.numPairs, r.isWorse];
    return {
      ...advice,
      best: told(advice.best),
      runnerUp: advice.runnerUp && rival(advice.runnerUp),
      rivals: advice.rivals.map(rival),
      cheapest: advice.cheapest.map(([name, reading]) => [name, told(reading)]),
      bindings: advice.bindings.map((b) => [b.limits, b.needed, told(b.reading)]),
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


def told(reading: Any, numbers: dict[Any, int]) -> Any:
    if reading is None:
        return None
    interval, cost = reading.interval, reading.candidate.cost
    return {
        "design": numbers[reading.design.key],
        "epoch": reading.epoch,
        "error": pytest.approx(reading.error, abs=1e-4),
        "interval": None
        if interval is None
        else pytest.approx([interval.lower, interval.upper], abs=1e-3),
        "condition": None if cost is None else cost.condition,
    }


def expected(advice: Advice, numbers: dict[Any, int]) -> dict[str, Any]:
    def rival(entry: Any) -> list[Any]:
        lower = None
        if entry.interval is not None:
            lower = pytest.approx(entry.interval.lower, abs=1e-3)
        difference = entry.difference
        if difference is not None:
            difference = pytest.approx(difference, abs=1e-4)
        return [told(entry.reading, numbers), difference, lower, entry.num_pairs, entry.is_worse]

    return {
        "answer": advice.answer.value,
        "best": told(advice.best, numbers),
        "classDecided": advice.class_decided,
        "runnerUp": advice.runner_up and rival(advice.runner_up),
        "rivals": [rival(entry) for entry in advice.rivals],
        "cheapest": [[name, told(reading, numbers)] for name, reading in advice.cheapest],
        "bindings": [
            [list(b.limits), pytest.approx(list(b.needed), rel=1e-5), told(b.reading, numbers)]
            for b in advice.bindings
        ],
        "outside": [[entry.limit, entry.asked, entry.measured] for entry in advice.outside],
        "numDesigns": advice.num_designs,
        "numFeasible": advice.num_feasible,
        "numRuns": advice.num_runs,
        "latencyBatchSizes": list(advice.latency_batch_sizes),
        "atEdge": advice.at_edge,
    }


def compare(page: Page, records: Sequence[Record], questions: Sequence[dict[str, Any]]) -> None:
    designs = collect_designs(records)
    numbers = {design.key: number for number, design in enumerate(designs)}
    content = build_content(records, lambda runs: "")
    for device in device_names(designs):
        answers = page.evaluate(ADVISE, [content, device, list(questions)])
        candidates = list_candidates(designs, device)
        for limits, answer in zip(questions, answers, strict=True):
            assert answer == expected(advise(candidates, Limits(**limits)), numbers), limits


@pytest.mark.parametrize("seed", range(6))
def test_the_page_advises_what_the_analysis_does(blank: Page, seed: int) -> None:
    compare(blank, noisy_study(seed), [*LIMITS, *IMPOSSIBLE])


def test_ties_gaps_and_two_devices_too(blank: Page) -> None:
    fused = {"execution": "fused", "execution_requested": "fused"}
    records = [
        *make_study(lambda *place: 10.0 + place[3], latencies={}, peak_rss_bytes=None),
        *make_study(
            lambda *place: 12.0 + place[3], widths=(8, 10), environment=fused, recipe={"epochs": 9}
        ),
        make_record(seed=0, test_errors=[float("nan")] * 6, width=9),
        make_record(seed=7, environment={"device_name": "Other"}, test_errors=[9.0] * 6),
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
        ("fastest_latency_ms", 0.6020079),
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
