"""Every way to execute an ensemble against one member after another: time and memory.

Beside them a bare loop, one network of the same budget, and other libraries. A percentage is the
share of the budget's parameters that a design takes; where the rule has no design for a budget, the
nearest one is taken, and it is above 100.

All sides alternate in one run, on images of noise; a figure is by how many times a side is quicker
than `sequential` of the same round: above 1 is quicker. Compilation, the start of processes and
warm-up are left out. Ours make their batches, a bare loop and other libraries get them made.
"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from benchmarks.peers import peers
from benchmarks.sides import PREDICTED_IMAGES, BareLoop, InProcess, InProcesses, Side
from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import conf_folder, register_schemas, typed
from ensemble_switchover.errors import DesignError
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.training.device import choose_device, num_device_slots
from ensemble_switchover.training.precision import Precision, use_precision

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from ensemble_switchover.config.run_spec import RunSpec

ROUNDS, WARM_UP_ROUNDS = 5, 1
ROUND_SECONDS = 0.4
"""That `sequential` steps for, in a round; at most `MAX_STEPS`."""
MAX_STEPS = 20
K = 4
BUDGETS = {
    "cpu": ("resnet 26x16", "densenet 40x12", "wide_resnet 16x2", "resnet 20x16"),
    "cuda": ("resnet 56x16", "densenet 100x12", "wide_resnet 28x8"),
}
CLASSES = ("deq", "weq")
BATCH = {"cpu": 32, "cuda": 128}
REFERENCE, BARE, SINGLE = ExecutionPlan().label, "bare loop", "one network"
"""One network of the budget is executed the quicker of the two ways that it has."""


def resolve_case(words: str, device: torch.device) -> RunSpec:
    """Resolve the words of a run on images of CIFAR's shape."""
    batch = f"recipe.batch_size={BATCH[device.type]}"
    words = f"dataset=cifar10 execution=sequential {words}"
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return resolve(typed(compose("config", overrides=[*words.split(), batch])))


def sides_of(
    spec: RunSpec, single: RunSpec, device: torch.device, precision: Precision
) -> dict[str, Side]:
    """Make every side."""
    sides: dict[str, Side] = {}
    for plan in candidate_plans(K, num_device_slots(device)):
        if plan.processes > 1:
            sides[plan.label] = InProcesses(spec, plan, device)
        else:
            sides[plan.label] = InProcess(spec, plan, device, precision)
    sides[BARE] = BareLoop(spec, device, precision)
    for plan in candidate_plans(1, 1):
        sides[f"{SINGLE}, {plan.label}"] = InProcess(single, plan, device, precision)
    return sides | peers(spec, device, precision)


def alternate(
    bodies: dict[str, Callable[[], object]], clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Time all sides in turn, round by round."""
    seconds: dict[str, list[float]] = {name: [] for name in bodies}
    for number in range(WARM_UP_ROUNDS + ROUNDS):
        for name, body in bodies.items():
            start = clock()
            body()
            elapsed = clock() - start
            if number >= WARM_UP_ROUNDS:
                seconds[name].append(elapsed)
    return seconds


def steps_a_round(side: Side, clock: Callable[[], float]) -> int:
    """Choose how many steps fill a round."""
    side.train(1)
    start = clock()
    side.train(1)
    return max(1, min(MAX_STEPS, round(ROUND_SECONDS / (clock() - start))))


def measure(words: str, device: torch.device, precision: Precision) -> dict[str, Any]:
    """Measure one ensemble: seconds of every side and round, and bytes of every side."""
    budget = f"arch={words.split()[0]} budget.network={words.split()[1]}"
    design = f"{budget} design={words.split()[2]} k={K}"
    try:
        spec = resolve_case(design, device)
    except DesignError:  # a hole of the rule
        spec = resolve_case(f"{design} budget.source=nearest", device)
    single = resolve_case(f"{budget} design=single", device)
    clock = synchronised_clock(device)
    with ExitStack() as stack:
        sides = sides_of(spec, single, device, precision)
        for side in sides.values():
            stack.callback(side.close)
        num_steps = steps_a_round(sides[REFERENCE], clock)
        training = {name: lambda side=side: side.train(num_steps) for name, side in sides.items()}
        return {
            "design": f"{spec.family.name} {words.split()[1]} {words.split()[2]}: "
            f"{K} x {spec.design.depth}x{spec.design.width} ({spec.design.budget_fill:.0%})",
            "steps": num_steps,
            "training": alternate(training, clock),
            "inference": alternate({name: side.predict for name, side in sides.items()}, clock),
            "peak_bytes": {name: side.peak_bytes() for name, side in sides.items()},
        }


def ratio(reference: list[float], other: list[float]) -> str:
    """Tell by how much another side is quicker, with the quartiles over the rounds."""
    lower, middle, upper = quantiles(
        [one / two for one, two in zip(reference, other, strict=True)], method="inclusive"
    )
    return f"{middle:.2f} ({lower:.2f}-{upper:.2f})"


def add_rows(table: Table, measured: dict[str, Any], columns: list[str]) -> None:
    """Add three rows: training, inference, memory."""
    for what, unit in (("training", measured["steps"]), ("inference", 1)):
        seconds = with_best_single(measured[what])
        reference = seconds[REFERENCE]
        table.add_row(
            measured["design"] if what == "training" else "",
            what,
            f"{1000 * median(reference) / unit:.3g} ms",
            *(ratio(reference, seconds[name]) if name in seconds else "-" for name in columns),
        )
    sizes = measured["peak_bytes"]
    sizes[SINGLE] = sizes[f"{SINGLE}, {REFERENCE}"]
    mebibytes = {name: f"{size / 2**20:.0f} MiB" for name, size in sizes.items()}
    shown = (mebibytes.get(name, "-") for name in columns)
    table.add_row("", "memory", mebibytes[REFERENCE], *shown, end_section=True)


def with_best_single(seconds: dict[str, list[float]]) -> dict[str, list[float]]:
    """Add the single network, executed the quicker of its ways."""
    plans = [name for name in seconds if name.startswith(SINGLE)]
    return {
        **seconds,
        SINGLE: seconds[min(plans, key=lambda name: median(seconds[name]))],
    }


def main() -> None:
    """Print one table, three lines a design, and write every figure if asked to."""
    parser = argparse.ArgumentParser(prog="benchmarks/execution.py", description=__doc__)
    parser.add_argument("--out", type=Path, help="a JSON file for all figures")
    parser.add_argument("--only", default="", help="only designs whose name has this in it")
    words = parser.parse_args()
    register_schemas()
    device = choose_device("auto")
    precision = use_precision("32", device)
    environment = describe_environment(device)
    results = []
    for budget in BUDGETS["cuda" if device.type == "cuda" else "cpu"]:
        for design_class in CLASSES:
            if words.only in f"{budget} {design_class}":
                results.append(measure(f"{budget} {design_class}", device, precision))
                if words.out is not None:
                    figures = {"versions": environment.versions, "results": results}
                    words.out.write_text(json.dumps(figures))
    columns = list(results[0]["training"])
    columns = [name for name in columns if name != REFERENCE and not name.startswith(SINGLE)]
    columns.insert(columns.index(BARE) + 1, SINGLE)
    table = Table(title=f"k = {K}: by how many times as quick as one member after another")
    for column in ("design", "what", REFERENCE, *columns):
        table.add_column(column, justify="left" if column in {"design", "what"} else "right")
    for measured in results:
        add_rows(table, measured, columns)
    console = Console(width=180)
    console.print(table)
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    console.print(
        f"{environment.device_name}, {environment.num_threads} threads, images of 3x32x32, batch "
        f"size {BATCH[device.type]}, inference of {PREDICTED_IMAGES} images, {ROUNDS} rounds, "
        f"medians and quartiles of the rounds' ratios\n"
        f"{versions}\n{datetime.now(UTC):%Y-%m-%d}, load {environment.host_load}",
        highlight=False,
    )


if __name__ == "__main__":
    main()
