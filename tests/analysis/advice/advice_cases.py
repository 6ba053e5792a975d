"""Studies at random, and what may be asked of them."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

from tests.factories import make_record, make_study

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record

MEBIBYTE = 1024**2

LIMITS: list[dict[str, Any]] = [
    {},
    {"parameters": 250_000},
    {"epochs": 3},
    {"hours": 8.0 / 3600},
    {"latency_ms": 0.5},
    {"fastest_latency_ms": 0.4},
    {"latency_ms": 0.9, "fastest_latency_ms": 0.3},
    {"memory_bytes": 390 * MEBIBYTE},
    {"accuracy_percent": 89.0},
    {"parameters": 300_000, "hours": 12.0 / 3600, "latency_ms": 0.8, "epochs": 5},
    {"parameters": 300_000, "accuracy_percent": 91.5, "memory_bytes": 395 * MEBIBYTE},
]

IMPOSSIBLE: list[dict[str, Any]] = [
    {"latency_ms": 0.01},
    {"fastest_latency_ms": 0.01},
    {"hours": 0.01 / 3600},
    {"memory_bytes": 10 * MEBIBYTE, "parameters": 300_000},
    {"accuracy_percent": 99.0},
    {"accuracy_percent": 90.0, "epochs": 1},
    {"accuracy_percent": 90.0, "hours": 1.6 / 3600},
    {"parameters": 10, "latency_ms": 0.01},
    {"parameters": 10, "latency_ms": 0.01, "hours": 0.001 / 3600},
]
"""What no design of such a study fits."""


def noisy_study(seed: int) -> list[Record]:
    """Make a study with errors, seconds and milliseconds drawn at random."""
    draw = random.Random(seed)
    levels = {
        place: draw.uniform(4.0, 12.0)
        for place in itertools.product(("single", "deq", "weq"), range(5))
    }
    records = []
    for record in make_study(
        lambda name, i, epoch, s: levels[name, i] + 20.0 / epoch + draw.gauss(0.0, 0.4),
        seeds=range(draw.choice((1, 2, 4))),
        latencies={128: 1.0},
    ):
        design = record.design
        records.append(
            make_record(
                design_class=design.design_class,
                width=record.budget.width,
                seed=record.seed,
                test_errors=[epoch.test_error for epoch in record.epochs],
                epoch_seconds=[draw.uniform(0.5, 1.5) * design.k for _ in record.epochs],
                latencies={128: (one_by_one := draw.uniform(0.1, 0.3) * design.k)},
                fused_latencies={128: one_by_one * draw.uniform(0.4, 1.0)},
                peak_rss_bytes=draw.randrange(200, 400) * MEBIBYTE,
            )
        )
    return records
