"""Write the tables of columns in docs/results.md, and those of metrics in docs/wandb.md."""

from __future__ import annotations

import re
from pathlib import Path

from ensemble_switchover.results.run_columns import describe_columns
from ensemble_switchover.tracking.metrics import describe_metrics

FOLDER = Path(__file__).parent
METRICS = {
    "metrics of an epoch": r"(?!member_|summary/|latency/)",
    "metrics of a member": "member_",
    "metrics of a run": "summary/",
    "metrics of inference": "latency/",
}
"""Table -> how its metrics begin."""


def make_pages() -> dict[str, str]:
    """Return the pages with their tables, by the names of their files."""
    tables = {"columns of a run": describe_columns()}
    for name, beginning in METRICS.items():
        rows = [row for row in describe_metrics() if re.match(beginning, row[0])]
        lines = [f"| `{metric}` | {unit} | {meaning} |" for metric, unit, meaning in rows]
        tables[name] = ["| name | unit | meaning |", "| --- | --- | --- |", *lines]
    pages = {}
    for page in ("results.md", "wandb.md"):
        text = (FOLDER / page).read_text("utf-8")
        for name, lines in tables.items():
            mark = f"<!-- {name}: made by `make docs` -->\n"
            before, found, after = text.partition(mark)
            if found:
                rest = after[re.match(r"(\|.*\n)*", after).end() :]
                text = before + mark + "".join(f"{line}\n" for line in lines) + rest
        pages[page] = text
    return pages


if __name__ == "__main__":
    for page, text in make_pages().items():
        (FOLDER / page).write_text(text, encoding="utf-8")
