"""What a cascade takes: as measured beside its whole ensemble, or by the members asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ensemble_switchover.analysis.advice.cascade_designs import collect_cascades
from ensemble_switchover.analysis.advice.cascade_times import latency_columns, measured_share
from ensemble_switchover.analysis.advice.trained_designs import CascadeFacts, collect_designs
from ensemble_switchover.results.latencies import LatencyFacts
from tests.analysis.advice.planted_cascades import cascade_latency, planted_runs
from tests.factories import make_record


def facts_of(record):
    key = (record.study, record.name)
    designs = collect_designs([record])
    (design,) = collect_cascades(designs, {key: record.cascades}, "confidence").designs
    assert isinstance(design.cascade, CascadeFacts)
    return design.cascade


def test_without_a_cascade_the_times_are_those_of_tables():
    record = make_record(latencies={1: 3.0, 128: 1.0}, fused_latencies={128: 0.5})
    facts = LatencyFacts.of(record.latencies)
    columns = latency_columns(record, None)
    assert columns["latency_ms_per_image"] == facts.latency_ms_per_image == 1.0
    assert columns["fastest_latency_ms_per_image"] == facts.fastest_latency_ms_per_image == 0.5
    assert columns["latency_batch_size"] == facts.latency_batch_size == 128
    assert columns["latency_p99_ms_per_image"] == 1.0
    assert latency_columns(record, None, 1)["latency_ms_per_image"] == 3.0
    assert latency_columns(record, None, 32)["latency_ms_per_image"] is None
    assert latency_columns(replace(record, latencies=[]), None)["latency_batch_size"] is None


def test_a_cascade_takes_its_share_of_the_members():
    record = planted_runs(latencies={1: 2.0, 128: 1.0})[1]
    columns = latency_columns(record, facts_of(record))
    assert columns["latency_ms_per_image"] == pytest.approx(4.0 * 1.5 / 4)
    assert columns["latency_p99_ms_per_image"] == pytest.approx(4.0 * 3 / 4)
    assert columns["fastest_latency_ms_per_image"] == columns["latency_ms_per_image"]
    assert not columns["is_cascade_measured"]
    assert latency_columns(record, facts_of(record), 1)["latency_ms_per_image"] == pytest.approx(3)


def test_what_was_measured_beside_the_whole_ensemble_counts():
    record = planted_runs(latencies={1: 2.0, 128: 1.0})[1]
    record = replace(record, cascade_latencies=[cascade_latency(128, cascade=2.5, whole=5.0)])
    columns = latency_columns(record, facts_of(record))
    assert columns["latency_ms_per_image"] == pytest.approx(4.0 * 0.5)
    assert columns["is_cascade_measured"]
    assert not latency_columns(record, facts_of(record), 1)["is_cascade_measured"]
    by_margin = record.cascades[1]
    assert measured_share(record, by_margin, 128) is None
