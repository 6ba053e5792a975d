"""Compare the execution plans of an ensemble in time and memory.

They are compared with a bare loop, with one network of the same budget and with other libraries. A
percentage is the share of the budget's parameters that a design uses; if the rule has no design for
a budget, the nearest one is measured, which can exceed 100 %.

All sides are timed alternately on images of noise; a number is how many times as fast a side is as
`sequential` in the same round, so above 1 is faster. Compilation, the start of processes and
warm-up are left out. This program makes its batches; the other sides reuse one batch.
"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks.common import alternate, conditions_text, ratio_text, resolve_overrides
from benchmarks.peers import peers
from benchmarks.sides import PREDICTED_IMAGES, BareLoop, InProcess, InProcesses, Side
from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.config.groups import register_schemas
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
"""The time that `sequential` trains in a round, with at most `MAX_STEPS` steps."""
MAX_STEPS = 20
K = 4
BUDGETS = {
    "cpu": ("resnet 26x16", "densenet 40x12", "wide_resnet 16x2", "resnet 20x16"),
    "cuda": ("resnet 56x16", "densenet 100x12", "wide_resnet 28x8"),
}
CLASSES = ("deq", "weq")
BATCH = {"cpu": 32, "cuda": 128}
REFERENCE, BARE, SINGLE = ExecutionPlan().label, "bare loop", "one network"
"""The labels of sides; one network of the budget is shown with the faster of its two plans."""


def resolve_case(overrides: str, device: torch.device) -> RunSpec:
    """Resolve a run on images of CIFAR's shape."""
    common = ("dataset=cifar10", "execution=sequential", f"recipe.batch_size={BATCH[device.type]}")
    return resolve_overrides([*common, *overrides.split()])


def sides_of(
    spec: RunSpec, single: RunSpec, device: torch.device, precision: Precision
) -> dict[str, Side]:
    """Make all sides for one design and its budget's single network."""
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


def steps_per_round(
    side: Side, clock: Callable[[], float], round_seconds: float = ROUND_SECONDS
) -> int:
    """Return how many steps fill a round."""
    side.train(1)
    start = clock()
    side.train(1)
    return max(1, min(MAX_STEPS, round(round_seconds / (clock() - start))))


def measure(name: str, device: torch.device, precision: Precision) -> dict[str, Any]:
    """Measure an ensemble such as `resnet 26x16 deq`: seconds and bytes of every side."""
    family, network, design_class = name.split()
    budget = f"arch={family} budget.network={network}"
    design = f"{budget} design={design_class} k={K}"
    try:
        spec = resolve_case(design, device)
    except DesignError:  # the rule has no design
        spec = resolve_case(f"{design} budget.source=nearest", device)
    single = resolve_case(f"{budget} design=single", device)
    clock = synchronised_clock(device)
    rounds = {"rounds": ROUNDS, "warm_up_rounds": WARM_UP_ROUNDS}
    with ExitStack() as stack:
        sides = sides_of(spec, single, device, precision)
        for side in sides.values():
            stack.callback(side.close)
        num_steps = steps_per_round(sides[REFERENCE], clock)
        training = {name: lambda side=side: side.train(num_steps) for name, side in sides.items()}
        return {
            "design": f"{name}: {K} x {spec.design.depth}x{spec.design.width} "
            f"({spec.design.budget_fill:.0%})",
            "steps": num_steps,
            "training": alternate(training, clock, **rounds),
            "inference": alternate(
                {name: side.predict for name, side in sides.items()}, clock, **rounds
            ),
            "peak_bytes": {name: side.peak_bytes() for name, side in sides.items()},
        }


def add_rows(table: Table, measured: dict[str, Any], columns: list[str]) -> None:
    """Add the three rows of a design: training, inference and memory."""
    for what, unit in (("training", measured["steps"]), ("inference", 1)):
        seconds = with_best_single(measured[what])
        reference = seconds[REFERENCE]
        table.add_row(
            measured["design"] if what == "training" else "",
            what,
            f"{1000 * median(reference) / unit:.3g} ms",
            *(ratio_text(reference, seconds[name]) if name in seconds else "-" for name in columns),
        )
    sizes = measured["peak_bytes"]
    sizes[SINGLE] = sizes[f"{SINGLE}, {REFERENCE}"]
    mebibytes = {name: f"{size / 2**20:.0f} MiB" for name, size in sizes.items()}
    shown = (mebibytes.get(name, "-") for name in columns)
    table.add_row("", "memory", mebibytes[REFERENCE], *shown, end_section=True)


def with_best_single(seconds: dict[str, list[float]]) -> dict[str, list[float]]:
    """Add the single network with the faster of its plans."""
    plans = [name for name in seconds if name.startswith(SINGLE)]
    return {
        **seconds,
        SINGLE: seconds[min(plans, key=lambda name: median(seconds[name]))],
    }


def main() -> None:
    """Print a table with three rows per design; `--out` writes all measurements to a file."""
    parser = argparse.ArgumentParser(prog="benchmarks/execution.py", description=__doc__)
    parser.add_argument("--out", type=Path, help="a JSON file for all measurements")
    parser.add_argument("--only", default="", help="only designs whose name contains this text")
    given = parser.parse_args()
    register_schemas()
    device = choose_device("auto")
    precision = use_precision("32", device)
    environment = describe_environment(device)
    results = []
    for budget in BUDGETS["cuda" if device.type == "cuda" else "cpu"]:
        for design_class in CLASSES:
            if given.only in f"{budget} {design_class}":
                results.append(measure(f"{budget} {design_class}", device, precision))
                if given.out is not None:
                    content = {"versions": environment.versions, "results": results}
                    given.out.write_text(json.dumps(content))
    columns = list(results[0]["training"])
    columns = [name for name in columns if name != REFERENCE and not name.startswith(SINGLE)]
    columns.insert(columns.index(BARE) + 1, SINGLE)
    table = Table(title=f"k = {K}: speed relative to one member after another")
    for column in ("design", "what", REFERENCE, *columns):
        table.add_column(column, justify="left" if column in {"design", "what"} else "right")
    for measured in results:
        add_rows(table, measured, columns)
    console = Console(width=180)
    console.print(table)
    details = (
        f"images of 3x32x32, batch size {BATCH[device.type]}",
        f"inference of {PREDICTED_IMAGES} images",
        f"{ROUNDS} rounds, medians and quartiles of the rounds' ratios",
    )
    console.print(conditions_text(environment, *details), highlight=False)


if __name__ == "__main__":
    main()
