"""What must hold of a record's times."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from ensemble_switchover.results.check_times import check_times
from ensemble_switchover.results.record import SecondsRecord
from ensemble_switchover.results.store import write_record
from tests.factories import make_record, of_timing_pass
from tests.results.program import run

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record

RUN = make_record(design_class="deq", seed=1)
PASS = of_timing_pass(RUN)
PARTS = SecondsRecord(waiting=5.0, training=10.0, rest=2.0)


def _changed(record: Record, **fields: Any) -> Record:
    assert record.timing_pass is not None
    return replace(record, timing_pass=replace(record.timing_pass, **fields))


def _of(record: Record, times_of: Any) -> Record:
    return replace(record, environment=replace(record.environment, times_of=times_of))


@pytest.mark.parametrize(
    "record",
    [
        RUN,
        replace(RUN, seconds=PARTS),
        replace(RUN, seconds=replace(PARTS, rest=2.009)),
        PASS,
        of_timing_pass(make_record(seed=3)),
        _changed(PASS, num_members=8),
        _changed(PASS, num_members=1, seeds=[1]),
        replace(_changed(PASS, beside=["single k=1", "weq k=4"]), shared_from="another"),
    ],
)
def test_times_that_fit_together_are_sound(record: Record) -> None:
    assert list(check_times(record)) == []


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (_of(PASS, "run"), "times_of run: the record has a timing_pass"),
        (_of(RUN, "timing pass"), "times_of timing pass: the record has no timing_pass"),
        (
            replace(RUN, epochs=[replace(epoch, together=True) for epoch in RUN.epochs]),
            "epochs: trained together with other seeds; expected a timing_pass",
        ),
        (
            _changed(PASS, seeds=[2, 3, 4, 5]),
            "timing_pass.seeds [2, 3, 4, 5]: expected the run's own among them, 1",
        ),
        (_changed(PASS, seeds=[1, 1, 2, 3]), "timing_pass.seeds [1, 1, 2, 3]: expected each once"),
        (
            _changed(PASS, num_members=6),
            "timing_pass.num_members 6: expected a multiple of k=4, of 4 seeds at most",
        ),
        (
            _changed(PASS, num_members=20),
            "timing_pass.num_members 20: expected a multiple of k=4, of 4 seeds at most",
        ),
        (
            _changed(PASS, beside=["single k=1", "deq k=2"]),
            "timing_pass.beside ['single k=1', 'deq k=2']: expected deq k=4 among them",
        ),
        (
            _changed(PASS, training_seconds=[1.0, 9.0, 8.0]),
            "training_seconds of the epochs: expected the median of the timing pass, 8",
        ),
        (
            _changed(PASS, evaluation_seconds=[]),
            "timing_pass.evaluation_seconds: expected those of one epoch or more",
        ),
        (
            replace(PASS, epochs=[*PASS.epochs[1:], replace(PASS.epochs[0], peak_rss_bytes=9)]),
            "memory of the epochs: expected that of the timing pass, in all the same",
        ),
        (
            replace(PASS, epochs=[replace(epoch, warm_up=True) for epoch in PASS.epochs]),
            "warm_up of the epochs: a timing pass has its own; expected none",
        ),
        (
            replace(RUN, seconds=replace(PARTS, rest=1.9)),
            "seconds: their parts without waiting add up to 11.9; expected wall_seconds, 12",
        ),
        (
            replace(RUN, seconds=replace(PARTS, timing=1.0, rest=1.0)),
            "seconds.timing 1: the record has no timing_pass",
        ),
    ],
)
def test_times_that_do_not_fit_together_are_named(record: Record, problem: str) -> None:
    assert list(check_times(record)) == [problem]


def test_the_check_of_a_study_tells_of_times(tiny_spec: Any, capsys: Any) -> None:
    spec, config = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=4")
    values = {"name": spec.name, "fingerprint": spec.fingerprint, "config": asdict(config)}
    record = replace(of_timing_pass(make_record(design_class="deq", k=2)), **values)
    steps = spec.num_steps // spec.recipe.epochs
    write_record(spec.folder, _changed(record, epoch_steps=steps + 1, seeds=[7]), {})

    code, printed, complaint = run(capsys, spec.study_folder, "--check")

    assert code == 1
    told = printed + complaint
    assert "record.json: timing_pass.seeds [7]: expected the run's own among them, 0" in told
    assert f"timing_pass.epoch_steps {steps + 1}: an epoch of its configuration has {steps}" in told
