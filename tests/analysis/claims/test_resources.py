"""Statements on time and memory, with planted seconds and bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ensemble_switchover.analysis.claims import check_claims
from ensemble_switchover.analysis.claims.resources import (
    check_epoch_time,
    check_inference_time,
    check_memory,
    check_time_to_accuracy,
)
from tests.analysis.claims.planted import answer, find, find_one, from_column, make_records

if TYPE_CHECKING:
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.results.record import Record

GIBIBYTE = 1024**3


def scaled(record: Record, factor: float, jitter: float) -> Record:
    """Give an ensemble so many times the single network's seconds, milliseconds and bytes."""
    own = 1.0
    if record.design.design_class != "single":
        own = factor * (1.0 + jitter * (record.seed - 1))
    return replace(
        record,
        epochs=[
            replace(e, training_seconds=own, peak_device_bytes=round(own * GIBIBYTE))
            for e in record.epochs
        ],
        latencies=[replace(la, median_ms_per_image=own) for la in record.latencies],
    )


def planted(factor: float, jitter: float = 0.01, first: int = 1, **overrides: Any) -> Finding:
    records = make_records(from_column(first, 2.5), from_column(first, 2.5), **overrides)
    (finding,) = find([scaled(record, factor, jitter) for record in records])
    return finding


@pytest.mark.parametrize(
    ("name", "factor", "expected"),
    [
        ("deq", 2.0, "holds"),
        ("deq", 4.0, "does not hold"),
        ("deq", 1.5, "open"),
        ("weq", 1.0, "holds"),
        ("weq", 2.0, "does not hold"),
        ("weq", 1.25, "open"),
    ],
)
def test_epoch_time(name: str, factor: float, expected: str) -> None:
    claim = check_epoch_time(planted(factor), name)  # type: ignore[arg-type]

    assert answer(claim) == expected
    assert claim.measured.startswith(f"{factor:.2f} times (90 % t interval") or factor != 2.0
    assert "cpu (Example CPU), sequential execution" in claim.measured


def test_one_seed_has_a_ratio_and_no_answer() -> None:
    claim = check_epoch_time(planted(2.0, seeds=(0,)), "deq")

    assert answer(claim) == "open"
    assert claim.reason == "one seed gives no interval"
    assert "times (1 seed, 4 budgets" in claim.measured


def test_other_executions_are_not_the_papers_way() -> None:
    finding = planted(2.0, environment={"execution": "fused"})
    auto = planted(2.0, environment={"execution": "sequential", "execution_requested": "auto"})

    for claim in (check_epoch_time(finding, "deq"), check_memory(auto, "deq")):
        assert answer(claim) == "not asked"
        assert "one after another" in claim.reason
        assert claim.runs_needed == "execution=sequential"


# The single network is at its best after 4 epochs; an ensemble 2.5 points ahead is as good after 2.
# Of three seeds a point apart, the best is as good as their mean after 1 epoch, the worst after 3.
@pytest.mark.parametrize(
    ("factor", "expected"), [(1.0, "holds"), (4.0, "does not hold"), (5 / 3, "open")]
)
def test_time_to_accuracy(factor: float, expected: str) -> None:
    claim = check_time_to_accuracy(planted(factor, noise=0.001, jitter=0.02), "deq")

    assert answer(claim) == expected
    assert "to the common target" in claim.measured


def test_the_time_to_accuracy_is_that_to_the_error_common_to_all_seeds() -> None:
    claim = check_time_to_accuracy(planted(1.0, noise=0.001, jitter=0.0, step=0.99), "deq")

    mean = (4 / 1 * 4 / 2 * 4 / 3) ** (1 / 3)
    assert claim.measured.startswith(f"{mean:.2f} times")


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "open"), (4.0, "does not hold")])
def test_a_run_that_never_gets_there_is_not_left_out_in_silence(
    factor: float, expected: str
) -> None:
    def spoil(record: Record) -> Record:
        """Let one ensemble of six be half a point worse than its single networks."""
        if record.seed or record.budget.width != 14 or record.design.design_class != "deq":
            return record
        epochs = [replace(e, error_percent=e.error_percent + 3.0) for e in record.epochs]
        return replace(record, epochs=epochs)

    records = make_records(from_column(1, 2.5), from_column(1, 2.5), seeds=range(6))
    (finding,) = find([spoil(scaled(record, factor, 0.01)) for record in records])
    claim = check_time_to_accuracy(finding, "deq")

    assert finding.thresholds["deq"].budget is not None
    assert answer(claim) == expected
    if expected == "open":
        assert claim.reason.startswith("1 of 18 runs never reach it")


def test_time_to_accuracy_is_asked_beyond_the_threshold_only() -> None:
    claim = check_time_to_accuracy(planted(1.0, first=9), "deq")

    assert claim.reason == "no budget is beyond the threshold"


@pytest.mark.parametrize(
    ("factor", "expected"), [(1.0, "holds"), (3.0, "does not hold"), (1.25, "open")]
)
def test_inference_time(factor: float, expected: str) -> None:
    claim = check_inference_time(planted(factor))

    assert answer(claim) == expected
    assert "batches of 128" in claim.measured


def test_inference_time_is_judged_by_what_was_timed_by_turns() -> None:
    """The runs' own latencies differ by a factor of 3; those of the same moments do not."""
    (finding,) = find(
        [
            replace(
                record,
                latencies=[
                    replace(entry, model=model, median_ms_per_image=entry.median_ms_per_image * by)
                    for entry in record.latencies
                    for model, by in (("run", 1.0), ("single", 1.0 + 0.001 * record.seed))
                ],
            )
            for record in (
                scaled(record, 3.0, 0.01)
                for record in make_records(from_column(1, 2.5), from_column(1, 2.5))
            )
        ]
    )
    claim = check_inference_time(finding)

    assert answer(claim) == "holds"
    assert claim.measured.startswith("1.00 times")


def test_runs_that_compare_with_none_are_not_the_ones_that_are_judged() -> None:
    """More single networks ran with other threads than all runs that have ensembles beside them."""
    records = [
        scaled(record, 2.0, 0.01)
        for record in make_records(from_column(1, 2.5), from_column(1, 2.5))
    ]
    singles = [record for record in records if record.design.design_class == "single"]
    alone = [
        replace(
            record,
            seed=record.seed + 100 * copy,
            name=f"{record.name}-{copy}",
            environment=replace(record.environment, num_threads=7),
        )
        for record in singles
        for copy in range(1, 5)
    ]
    assert len(alone) > len(records)
    (finding,) = find([*records, *alone])

    assert answer(check_epoch_time(finding, "deq")) == "holds"


def test_each_class_is_judged_where_it_has_single_networks_beside_it() -> None:
    """Most runs of one condition hold deq alone beside single networks; weq ran with threads 7."""
    records = [
        scaled(record, 1.0, 0.01)
        for record in make_records(from_column(1, 2.5), from_column(1, 2.5), seeds=range(6))
    ]
    moved = [
        replace(record, environment=replace(record.environment, num_threads=7))
        if record.design.design_class == "weq" or (record.seed > 2 and record.design.k == 1)
        else record
        for record in records
    ]
    (finding,) = find([*moved, *(r for r in records if r.design.k == 1)])
    deq, weq = (check_epoch_time(finding, name) for name in ("deq", "weq"))  # type: ignore[arg-type]

    assert "1 thread" in deq.measured
    assert "7 threads" in weq.measured
    assert answer(weq) == "holds"


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "holds"), (3.0, "does not hold")])
def test_inference_time_of_members_that_were_trained_fused(factor: float, expected: str) -> None:
    fused = {"execution": "fused", "execution_requested": "fused"}
    claim = check_inference_time(planted(factor, environment=fused))

    assert answer(claim) == expected
    assert "one by one; trained: " in claim.measured
    assert "fused execution" in claim.measured


def test_inference_time_that_was_not_measured() -> None:
    claim = check_inference_time(find_one(from_column(1), from_column(1), latencies={}))

    assert answer(claim) == "not asked"
    assert claim.reason == "no inference time was measured"
    assert claim.runs_needed.startswith("measurement.latency_batch_sizes=")


@pytest.mark.parametrize(
    ("factor", "jitter", "expected"),
    [
        (0.5, 0.01, "holds"),
        (0.5, 0.0, "holds"),
        (1.5, 0.01, "does not hold"),
        (1.0, 0.0, "does not hold"),
        (0.99, 0.05, "open"),
    ],
)
def test_memory(factor: float, jitter: float, expected: str) -> None:
    assert answer(check_memory(planted(factor, jitter), "weq")) == expected


def with_images(factor: float, jitter: float, **environment: str) -> Finding:
    """Plant ratios of the memory beside the images, which are as much as the single network's."""
    num_images = GIBIBYTE // (64 + 8)
    images = num_images * (64 + 8)
    records = make_records(
        from_column(1),
        from_column(1),
        peak_device_bytes=1,
        dataset={"train_size": num_images - 1497, "test_size": 1497},
        environment=environment,
    )
    planted_bytes = [scaled(record, factor, jitter) for record in records]
    return find(
        [
            replace(
                record,
                epochs=[
                    replace(e, peak_device_bytes=e.peak_device_bytes + images)
                    for e in record.epochs
                ],
            )
            for record in planted_bytes
        ]
    )[0]


@pytest.mark.parametrize("jitter", [0.0, 0.01])
def test_images_on_the_device_are_left_out_and_the_ratio_with_them_is_told(jitter: float) -> None:
    claim = check_memory(with_images(0.44, jitter), "deq")

    assert answer(claim) == "holds"
    assert claim.measured.startswith("0.44 times (")
    assert "without the images on the device; with them 0.72; " in claim.measured


def test_images_on_the_host_are_within_no_peak() -> None:
    claim = check_memory(with_images(0.44, 0.01, residence="host"), "deq")

    assert claim.measured.startswith("0.72 times (")
    assert "images on the device" not in claim.measured


def test_memory_that_was_not_measured() -> None:
    claim = check_memory(find_one(from_column(1), from_column(1), peak_rss_bytes=None), "deq")

    assert answer(claim) == "not asked"
    assert claim.reason == "no memory was measured"


def test_the_memory_of_a_process_is_something_else() -> None:
    claim = check_memory(find_one(from_column(1), from_column(1)), "deq")

    assert answer(claim) == "not asked"
    assert "whole process" in claim.reason
    assert claim.runs_needed == "device=cuda"


def test_a_class_without_runs_is_not_asked() -> None:
    finding = find_one(from_column(1), from_column(1), holes=[("weq", i) for i in range(4)])
    checks = (check_epoch_time, check_time_to_accuracy, check_memory)

    for claim in (*(check(finding, "weq") for check in checks), check_inference_time(finding)):
        assert answer(claim) == "not asked"
        assert (claim.reason, claim.runs_needed) == ("no weq was run", "design=weq")


def test_every_statement_is_checked_for_both_classes() -> None:
    claims = check_claims([planted(2.0)])

    assert len(claims) == 20
    assert len({claim.statement for claim in claims}) == 20
    assert all(claim.source.startswith("section") for claim in claims)
    single = make_records(
        from_column(1), from_column(1), holes=[(c, i) for c in ("deq", "weq") for i in range(4)]
    )
    assert check_claims(find(single)) == []
