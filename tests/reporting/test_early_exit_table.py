"""The table and the sentences on early exit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import Finding, derive_finding
from ensemble_switchover.reporting.early_exit_table import say_early_exit, show_early_exit
from tests.analysis.cascade.planted_cascades import with_cascades, with_served
from tests.factories import make_record


def planted_finding(*, known: bool = True, served_on: tuple[int, ...] = ()) -> Finding:
    """Plant three seeds; cascades of some were served, which one machine timed and another not."""
    records = []
    for seed in (0, 1, 2):
        for name, error in (("single", 6.0), ("deq", 5.0)):
            record = make_record(
                design_class=name,  # type: ignore[arg-type]
                seed=seed,
                test_errors=(error + 0.1 * seed * (1 + (name == "deq")),),
                latencies={128: 1.0 if name == "single" else 3.0},
                name=f"{name}-{seed}",
            )
            if name == "deq":
                beside = replace(record.latencies[0], model="single", median_ms_per_image=1.0)
                record = replace(record, latencies=[*record.latencies, beside])
            if seed in served_on:
                record = with_served(record, 1.3 + 0.1 * seed)
            records.append(
                with_cascades(record, 1.5, more_points=0.1 + 0.1 * seed) if known else record
            )
    folders = {(record.study, record.name): Path("absent") for record in records}
    (comparison,) = group_comparisons(records)
    return derive_finding(comparison, folders=folders)


def test_the_cheapest_cascade_stands_beside_all_members_and_the_single_network() -> None:
    table = show_early_exit(planted_finding())
    assert table is not None
    answered = [row[1:3] for row in table.rows]
    assert answered == [
        ("single", "the network"),
        ("deq", "all 4 members"),
        ("deq", "cheapest cascade within 0.1 points (confidence)"),
        ("deq", "cheapest cascade within 0.1 points (margin)"),
    ]
    cascade = dict(zip(table.headers, table.rows[2], strict=True))
    assert cascade["Members asked"] == "1.50"  # the same for all seeds
    assert cascade["Above all members, points"] == "+0.20 (+0.03 to +0.37)"
    assert cascade["p50 / p90 / p99"] == "1 / 3 / 4"
    assert cascade["ms"] == "1.12"
    assert cascade["x single, time"] == "1.12"
    assert cascade["Threshold"] == "0.85 to 0.95"
    whole = dict(zip(table.headers, table.rows[1], strict=True))
    share = float(cascade["x single"]) / float(whole["x single"])
    assert abs(share - 1.5 / 4) < 0.02
    assert "in 5 folds of the images, each read with the threshold of the others" in table.caption
    assert "the errors told are of others, on which it may be exceeded" in table.caption
    assert "ms: per image, batches of 128" in table.caption
    assert "least and most over the seeds and all 24 orders of the members" in table.caption


def test_sentences_say_where_it_does_not_pay() -> None:
    in_operations, in_time = say_early_exit(planted_finding())
    assert "in floating-point operations: it costs less and errs less at" in in_operations
    assert "in time, predicted by the members asked: it does not pay at" in in_time


def test_what_was_measured_is_said_beside_what_is_predicted() -> None:
    *_, predicted, measured = say_early_exit(planted_finding(served_on=(0, 1)))
    assert "costs 1.12 times the single network's mean inference in time, predicted" in predicted
    assert "costs 1.35 times" in measured
    assert "in time, measured as served in batches of 128: it does not pay at" in measured


def test_nothing_is_said_where_no_cascade_is_known() -> None:
    finding = planted_finding(known=False)
    assert show_early_exit(finding) is None
    assert say_early_exit(finding) == ()


def test_what_a_served_cascade_took_stands_beside_what_is_predicted() -> None:
    table = show_early_exit(planted_finding(served_on=(0, 1)))
    assert table is not None
    rows = [dict(zip(table.headers, row, strict=True)) for row in table.rows]
    served = [row["Served, ms (batches of 128)"] for row in rows]
    assert [text[:4] for text in served] == ["–", "–", "1.35", "–"]  # noqa: RUF001 (as in tables)
    assert rows[2]["Served, x single"].startswith("1.35")
    assert "Served: measured" in table.caption
    assert not any(header.startswith("Served") for header in show_headers())


def show_headers() -> tuple[str, ...]:
    table = show_early_exit(planted_finding())
    assert table is not None
    return table.headers
