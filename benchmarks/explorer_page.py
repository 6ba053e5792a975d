"""Measure the size of the explorer's page of 2,000 runs, and how fast a browser shows it.

The records are made up: three data sets, two families, three k, five seeds, 120 epochs. The page is
opened from disk every time. The first picture counts as shown when the map has been drawn and the
browser has had a frame for it; a change of a filter is over when every part of the page has been
drawn again. Needs Chromium.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from ensemble_switchover.errors import DesignError
from ensemble_switchover.explore import write_explorer
from ensemble_switchover.machine.hardware import processor_name
from ensemble_switchover.results.store import write_record
from tests.factories import make_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from ensemble_switchover.results.record import Record

REPEATS = 7
SEEDS = 5
EPOCHS = 120
BUDGET_SERIES = (("cifar10", "resnet", 38), ("cifar10", "densenet", 64), ("cifar100", "resnet", 38),
          ("cifar100", "densenet", 64), ("svhn", "resnet", 38))  # fmt: skip
GOALS = {"size": "below 5 MB", "first picture": "within 1,000 ms", "filter": "within 100 ms"}

WATCH = """
  window.firstPicture = new Promise((done) => {
    new MutationObserver((_, watcher) => {
      if (!document.querySelector("#map svg")) return;
      watcher.disconnect();
      requestAnimationFrame(() => setTimeout(() => done(performance.now())));
    }).observe(document, { childList: true, subtree: true });
  });
"""
CHANGE = """async ([name, value]) => {
  const control = document.getElementById(name);
  const start = performance.now();
  control.value = value;
  control.dispatchEvent(new Event(control.tagName === "SELECT" ? "change" : "input"));
  do await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  while (document.body.hasAttribute("aria-busy"));
  return performance.now() - start;
}"""
CHANGES = (
    ("k", "4"), ("k", "8"), ("rule", "0.8"), ("family", "resnet"), ("data", "cifar100"),
    ("metric", "memory"), ("x", "latency"), ("budget", "3"), ("epoch", "50"), ("parameters", "9M"),
)  # fmt: skip


def make_records() -> Iterator[Record]:
    """Make the runs; designs that do not exist are left out."""
    draw = random.Random(0)
    for dataset, family, depth in BUDGET_SERIES:
        images = {"name": dataset, "num_classes": 100 if dataset == "cifar100" else 10,
                  "channels": 3, "image_size": 32, "test_size": 10_000}  # fmt: skip
        for width in range(12, 60, 4):
            for name, k in [("single", 1), *((c, k) for c in ("deq", "weq") for k in (2, 4, 8))]:
                level = draw.uniform(4.0, 9.0)
                for seed in range(SEEDS):
                    try:
                        yield make_record(
                            design_class=name,  # type: ignore[arg-type]
                            family=family,
                            depth=depth,
                            width=width,
                            k=k,
                            seed=seed,
                            test_errors=[
                                level + 60.0 / epoch + draw.gauss(0.0, 0.3)
                                for epoch in range(1, EPOCHS + 1)
                            ],
                            epoch_seconds=[draw.uniform(5.0, 9.0) for _ in range(EPOCHS)],
                            latencies={1: 2.0, 128: draw.uniform(0.1, 0.4) * k},
                            peak_device_bytes=draw.randrange(2**30, 2**33),
                            peak_rss_bytes=None,
                            dataset=images,
                            environment={"device": "cuda", "device_name": "Example GPU"},
                            name=f"{dataset}_{family}_{depth}x{width}_{name}_k{k}_seed{seed}",
                        )
                    except DesignError:
                        continue


def time_page(browser: Browser, path: Path) -> tuple[float, dict[str, float]]:
    """Return the milliseconds to the first picture, and those of every change of a filter."""
    page: Page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(WATCH)
    page.goto(path.as_uri())
    first = page.evaluate("window.firstPicture")
    page.locator("body:not([aria-busy])").wait_for(state="attached")
    changes = {f"{n}={v}": page.evaluate(CHANGE, [n, v]) for n, v in CHANGES}
    page.close()
    return first, changes


def main() -> int:
    """Print a table of the page's size and times."""
    path = shutil.which("chromium")
    if path is None:
        print("no chromium on this machine", file=sys.stderr)
        return 1
    console = Console()
    with TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        count = 0
        for record in make_records():
            write_record(study / record.name, record)
            count += 1
        start = perf_counter()
        page = write_explorer([study])
        seconds = perf_counter() - start
        size = page.stat().st_size / 1e6
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=sandbox)
            version = browser.version
            timed = [time_page(browser, page) for _ in range(REPEATS)]
            browser.close()
    table = Table(
        title=f"The explorer's page of {count:,} runs", caption=f"median (worst) of {REPEATS}"
    )
    for header in ("what", "measured", "goal"):
        table.add_column(header)
    table.add_row("size", f"{size:.2f} MB", GOALS["size"])
    table.add_row("making it", f"{seconds:.1f} s", "")
    firsts = [first for first, _ in timed]
    table.add_row(
        "first picture", f"{median(firsts):.0f} ms ({max(firsts):.0f})", GOALS["first picture"]
    )
    for name in timed[0][1]:
        values = [changes[name] for _, changes in timed]
        table.add_row(name, f"{median(values):.0f} ms ({max(values):.0f})", GOALS["filter"])
    console.print(table)
    console.print(
        f"{processor_name()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, "
        f"Chromium {version}, {datetime.now(UTC):%Y-%m-%d}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
