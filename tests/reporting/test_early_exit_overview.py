"""The table of early exit in all comparisons."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from ensemble_switchover.reporting.early_exit_overview import HEADERS, show_early_exits
from tests.reporting.test_early_exit_table import planted_finding


def test_each_ensemble_stands_beside_its_single_network() -> None:
    table = show_early_exits([planted_finding()])

    assert table is not None
    assert table.headers == HEADERS
    (row,) = (dict(zip(HEADERS, cells, strict=True)) for cells in table.rows)
    assert row["Comparison"] == "resnet on digits, k = 4"
    assert row["Class"] == "deq"
    assert row["Members asked"] == "1.50 of 4"
    assert row["One network, error, %"].startswith("6.10 (")
    assert row["All members, error, %"].startswith("5.20 (")
    assert row["x one network, time"] == "1.12"
    assert row["Pays"] == "in operations: yes, in time: no"
    assert "within 0.1 points" in table.caption


def test_the_time_is_that_of_served_cascades_where_there_is_one() -> None:
    table = show_early_exits([planted_finding(served_on=(0, 1, 2))])

    assert table is not None
    (row,) = (dict(zip(HEADERS, cells, strict=True)) for cells in table.rows)
    assert row["x one network, time"].startswith("1.40 (")


def test_times_of_cascades_served_in_batches_of_several_sizes_are_not_put_into_one_mean() -> None:
    finding = planted_finding(served_on=(0, 1, 2))
    cascades = finding.cascades.table
    sizes = pl.when(pl.int_range(pl.len()) == 0).then(32).otherwise("measured_batch_size")
    mixed = cascades.with_columns(sizes.alias("measured_batch_size"))
    assert mixed["measured_batch_size"].drop_nulls().n_unique() == 2

    table = show_early_exits([replace(finding, cascades=replace(finding.cascades, table=mixed))])

    assert table is not None
    (row,) = (dict(zip(HEADERS, cells, strict=True)) for cells in table.rows)
    assert row["x one network, time"] == "1.12"


def test_there_is_none_where_no_cascade_is_known() -> None:
    assert show_early_exits([planted_finding(known=False)]) is None
