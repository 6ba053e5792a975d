"""Verdicts and switchovers of a study by scipy and loops alone, from the files of its records.

Nothing of the package is used, so that what it reports can be held against this.
"""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import stats

if TYPE_CHECKING:
    from pathlib import Path

SMALL_SAMPLE = {4: 1.363, 5: 1.206}


def read_plain_runs(folder: Path) -> list[dict[str, Any]]:
    """Read what the verdicts need of every record below a folder."""
    runs = []
    for path in sorted(folder.glob("*/record.json")):
        stored = json.loads(path.read_text("utf-8"))
        epochs = pl.read_parquet(path.parent / "epochs.parquet")
        # records of before validation images could take their place call it the test error
        errors = "error_percent" if "error_percent" in epochs.columns else "test_error_percent"
        epochs = epochs.drop_nulls(errors)  # of those that were not evaluated
        budget, design, data = stored["budget"], stored["design"], stored["dataset"]
        options = json.dumps(design["family_options"])
        runs.append(
            {
                "series": (design["family"], data["train_size"], options),
                "name": stored["name"],
                "budget": (budget["parameters"], budget["depth"], budget["width"]),
                "class": design["design_class"],
                "k": design["k"],
                "seed": stored["seed"],
                "num_images": data["test_size"],
                "epochs": epochs["epoch"].to_list(),
                "error_percent": epochs[errors].to_list(),
                "nll_nats": epochs["nll_nats"].to_list(),
            }
        )
    return runs


def collapsed_names(runs: list[dict[str, Any]]) -> set[str]:
    """Return the names of runs whose last error is 6 robust deviations above its cell's median."""
    series: dict[Any, dict[Any, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for run in runs:
        cell = series[run["series"], run["class"], run["k"]][run["budget"]]
        cell[run["name"]] = run["error_percent"][-1]
    found = set()
    image = 100.0 / runs[0]["num_images"]
    for cells in series.values():
        deviations = {}
        for budget, errors in cells.items():
            if len(errors) >= 4:
                centre = statistics.median(errors.values())
                spread = statistics.median(abs(error - centre) for error in errors.values())
                deviations[budget] = 1.4826 * SMALL_SAMPLE[len(errors)] * spread
        usual = max([statistics.median(deviations.values()), image]) if deviations else image
        for budget, deviation in deviations.items():
            centre = statistics.median(cells[budget].values())
            for name, error in cells[budget].items():
                if error - centre > 6.0 * max(deviation, usual):
                    found.add(name)
    return found


def plain_verdicts(
    runs: list[dict[str, Any]], column: str, confidence: float = 0.9
) -> dict[tuple[Any, int, str], dict[tuple[int, int], str]]:
    """Return the verdict of every cell: series, k and class -> parameters and epoch -> verdict."""
    left_out = collapsed_names(runs)
    samples: dict[Any, list[float]] = defaultdict(list)
    budgets: dict[Any, set[int]] = defaultdict(set)
    ks: dict[Any, set[int]] = defaultdict(set)
    epochs: set[int] = set()
    for run in runs:
        family = run["series"]
        budgets[family].add(run["budget"][0])
        if run["k"] > 1:
            ks[family].add(run["k"])
        for epoch, value in zip(run["epochs"], run[column], strict=True):
            epochs.add(epoch)
            if run["name"] not in left_out:
                samples[family, run["class"], run["k"], run["budget"][0], epoch].append(value)
    found: dict[tuple[Any, int, str], dict[tuple[int, int], str]] = {}
    for family, members in ks.items():
        for k in sorted(members):
            for name in ("deq", "weq"):
                cells = {}
                for budget in sorted(budgets[family]):
                    for epoch in sorted(epochs):
                        ensemble = samples[family, name, k, budget, epoch]
                        single = samples[family, "single", 1, budget, epoch]
                        cells[budget, epoch] = _verdict(ensemble, single, confidence)
                found[family, k, name] = cells
    return found


def _verdict(ensemble: list[float], single: list[float], confidence: float) -> str:
    if not ensemble or not single:
        return "hole"
    if min(len(ensemble), len(single)) < 3 or np.var(ensemble) + np.var(single) == 0.0:
        return "undecided"
    found = stats.ttest_ind(ensemble, single, equal_var=False).confidence_interval(confidence)
    if found.high < 0.0:
        return "ensemble"
    return "single" if found.low > 0.0 else "undecided"


def plain_switchover(cells: dict[tuple[int, int], str]) -> tuple[int, int] | None:
    """Return the smallest budget beyond the switchover at the last epoch, and its first epoch."""
    last = max(epoch for _, epoch in cells)

    def is_beyond(budget: int, epoch: int) -> bool:
        return all(
            verdict == "ensemble" for (b, e), verdict in cells.items() if b >= budget and e >= epoch
        )

    budgets = sorted({budget for budget, _ in cells})
    first = next((budget for budget in budgets if is_beyond(budget, last)), None)
    if first is None:
        return None
    return first, min(e for b, e in cells if b == first and is_beyond(first, e))
