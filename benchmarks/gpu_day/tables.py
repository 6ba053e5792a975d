"""All tables of a day, from its figures and its records: what is printed last."""

from __future__ import annotations

from collections import defaultdict
from io import StringIO
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console

from benchmarks.gpu_day.conv_tables import convolutions_table, paths_table
from benchmarks.gpu_day.figures import FAILED, FIGURES_FILE, MEASURED, Figures, reason_of
from benchmarks.gpu_day.notes import Notes, new_table
from benchmarks.gpu_day.record_tables import costs_table, study_table
from benchmarks.gpu_day.stages import list_stages
from benchmarks.gpu_day.step_tables import Lines, detail_table, summary_table
from benchmarks.gpu_day.step_times import INFERENCE, TRAINING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from benchmarks.gpu_day.item import Settings

WIDTH = 160
SHOWN_MISSING = 2
"""Names of measurements that are shown for each reason why there are none."""
TINY_WARNING = "A rehearsal with tiny sizes: its figures say that the code runs, no more."


def write_tables(settings: Settings) -> tuple[str, str]:
    """Return all tables of a day, and a short selection to be printed, the most important last."""
    figures = Figures(settings.folder)
    lines, sessions = figures.items(), figures.sessions()
    facts = sessions[-1]["facts"] if sessions else {}
    device_name = str(facts.get("device_name", ""))
    tiny = settings.tiny
    head = [_facts_text(facts), _ceilings_text(lines)]
    if tiny:
        head.insert(0, TINY_WARNING)

    def steps(*, whole: bool) -> list[tuple[Table, Notes]]:
        return [
            _safely(summary_table, lines, what, device_name, tiny=tiny, whole=whole)
            for what in (TRAINING, INFERENCE)
        ]

    def costs(*, whole: bool) -> tuple[Table, Notes]:
        return _safely(costs_table, lines, tiny=tiny, whole=whole)

    details = [_safely(detail_table, lines, what, tiny=tiny) for what in (TRAINING, INFERENCE)]
    convolutions, paths = _safely(convolutions_table, lines), _safely(paths_table, lines)
    tests = _safely(_tests_table, lines, settings)
    study = _safely(study_table, lines, settings.folder, tiny=tiny)
    missing = _missing_text(lines, settings)
    all_tables = [tests, *steps(whole=True), *details, paths, convolutions]
    return (
        _rendered(head, [*all_tables, costs(whole=True), study], missing),
        _rendered(
            head, [study, costs(whole=False), paths, *steps(whole=False)[::-1], tests], missing
        ),
    )


def _safely(
    make: Callable[..., tuple[Table, Notes]], *arguments: Any, **options: Any
) -> tuple[Table, Notes]:
    """Make a table; one that cannot be made hides no other, and says why."""
    try:
        return make(*arguments, **options)
    except Exception as error:  # noqa: BLE001 - the figures of minutes that do not come again
        notes = Notes()
        notes.add(f"not made: {type(error).__name__}: {error}; the figures are in {FIGURES_FILE}")
        return new_table(make.__name__.strip("_").replace("_", " "), ""), notes


def _rendered(head: list[str], tables: list[tuple[Table, Notes]], tail: list[str]) -> str:
    text = StringIO()
    console = Console(file=text, width=WIDTH, highlight=False, markup=False)

    def write(lines: list[str]) -> None:
        for line in lines:
            console.print(line, soft_wrap=True)

    write(head)
    for table, notes in tables:
        title, table.caption = table.caption, None
        write(["", str(title)])
        if table.row_count:
            console.print(table)
        table.caption = title
        write(notes.lines())
    write(["", *tail])
    return (
        "\n".join(line.rstrip() for line in text.getvalue().replace("─", "-").splitlines()) + "\n"
    )


def _facts_text(facts: dict[str, Any]) -> str:
    if not facts:
        return "Nothing was measured yet."
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    memory = facts.get("memory_bytes")
    shown = [
        facts["device_name"],
        f"{memory / 2**30:.0f} GiB" if memory else "",
        f"driver {facts['driver']}" if facts.get("driver") else "no NVIDIA driver",
        f"capability {facts['capability']}" if facts.get("capability") else "",
        f"{facts['num_threads']} of {facts['processors']} processors' threads",
        facts["platform"],
        f"commit {facts['commit'][:12]}" if facts.get("commit") else "no commit known",
    ]
    return f"{', '.join(one for one in shown if one)}\n{versions}"


def _ceilings_text(lines: Lines) -> str:
    line = lines.get("device: ceilings")
    if line is None or line.get("status") != MEASURED:
        return f"Ceilings of the device: - ({reason_of(line)})"
    values = line["values"]
    copied = values["copied_bytes"] / median(values["seconds"]["copy"])
    operations = values["operations"] / median(values["seconds"]["product"])
    return (
        f"Measured: a copy reads and writes {copied / 1e12:.3g} TB/s, a bf16 matrix product makes "
        f"{operations / 1e12:.3g} TFLOP/s"
    )


def _tests_table(lines: Lines, settings: Settings) -> tuple[Table, Notes]:
    notes = Notes()
    table = new_table("tests", "test", "passed", "failed", "skipped", "seconds")
    (stage,) = (one for one in list_stages(settings) if one.name == "tests")
    for item in stage.items:
        line = lines.get(item.name)
        name = item.name.removeprefix("tests: ")
        if line is None or line.get("status") != MEASURED:
            table.add_row(name, *[notes.empty(reason_of(line))] * 4)
            continue
        values = line["values"]
        skipped = sorted(set(values["skipped"].values()))
        counts = [len(values[key]) for key in ("passed", "failed", "skipped")]
        shown = [*map(str, counts), f"{line['seconds']:.0f}"]
        shown[2] += "".join(notes.mark(reason) for reason in skipped)
        table.add_row(name, *shown)
        for failed, text in values["failed"].items():
            notes.add(f"FAILED {failed}: {text}")
    return table, notes


def _missing_text(lines: Lines, settings: Settings) -> list[str]:
    """Say of every stage how much was measured, and why the rest was not."""
    text = []
    for stage in list_stages(settings):
        without: dict[str, list[str]] = defaultdict(list)
        for item in stage.items:
            line = lines.get(item.name)
            if line is None or line.get("status") != MEASURED:
                is_failure = line is not None and line.get("status") == FAILED
                reason = f"{'failed: ' if is_failure else ''}{reason_of(line)}"
                without[reason].append(item.name)
        num_missing = sum(map(len, without.values()))
        text.append(
            f"{stage.name}: {len(stage.items) - num_missing} of {len(stage.items)} measured"
        )
        for reason, names in without.items():
            shown = "; ".join(names[:SHOWN_MISSING])
            more = f"; and {len(names) - SHOWN_MISSING} more" if len(names) > SHOWN_MISSING else ""
            text.append(f"  {reason}: {shown}{more}")
    return text
