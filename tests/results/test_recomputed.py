"""The file of recomputed measures: damage, other runs, newer versions."""

import json
from dataclasses import replace

import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.layout import RECOMPUTED_FILE
from ensemble_switchover.results.recomputed import (
    RecomputedEpoch,
    RecomputedMeasures,
    dump_recomputed,
    read_recomputed,
    with_recomputed_epochs,
    with_recomputed_summary,
)
from ensemble_switchover.results.summary import summarise_epochs
from tests.factories import make_record

RECORD = make_record(test_errors=[50.0, 40.0])
MEASURES = RecomputedMeasures(
    epochs=[
        RecomputedEpoch(
            epoch=2, ece_bins="half", ece=0.25, member_ece=[], adaptive_ece=0.5,
            balanced_error_percent=41.0,
        )
    ],
    quality=None,
)  # fmt: skip


def test_it_comes_back(tmp_path):
    assert read_recomputed(tmp_path, RECORD) is None
    (tmp_path / RECOMPUTED_FILE).write_bytes(dump_recomputed(MEASURES, RECORD))
    assert read_recomputed(tmp_path, RECORD) == MEASURES


def test_what_it_does_not_say_stays():
    first, last = with_recomputed_epochs(RECORD.epochs, MEASURES)
    assert first == RECORD.epochs[0]
    assert last == replace(
        RECORD.epochs[1], ece=0.25, ece_bins="half", adaptive_ece=0.5, balanced_error_percent=41.0
    )
    summary = summarise_epochs(RECORD.epochs)
    assert with_recomputed_summary(summary, MEASURES) == summarise_epochs([first, last])
    assert with_recomputed_summary(summary, None) is summary
    earlier = replace(MEASURES, epochs=[replace(MEASURES.epochs[0], epoch=1)])
    assert with_recomputed_summary(summary, earlier) == summary
    assert with_recomputed_epochs(RECORD.epochs, None) == RECORD.epochs


def changed(content):
    return content.replace(b"0.25", b"0.15")


def signed(values):
    import hashlib

    text = json.dumps({**values, "sha256": "0" * 64}).encode()
    return text.replace(b"0" * 64, hashlib.sha256(text).hexdigest().encode())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed, "changed since it was written; remove it, and let results --recompute-quality"),
        (lambda _: b"", "changed since it was written"),
        (lambda _: signed({"schema_version": 2}), "schema version 2; this program reads 1"),
        (lambda _: signed({"schema_version": 1}), "is no file of recomputed measures"),
        (lambda _: signed({}), "is no file of recomputed measures"),
    ],
)
def test_what_is_none_is_named(change, reason, tmp_path):
    path = tmp_path / RECOMPUTED_FILE
    path.write_bytes(change(dump_recomputed(MEASURES, RECORD)))
    with pytest.raises(RecordError, match=reason):
        read_recomputed(tmp_path, RECORD)


def test_that_of_another_run_is_refused(tmp_path):
    other = replace(RECORD, fingerprint="another")
    (tmp_path / RECOMPUTED_FILE).write_bytes(dump_recomputed(MEASURES, other))
    with pytest.raises(RecordError, match="of another run"):
        read_recomputed(tmp_path, RECORD)
    path = tmp_path / RECOMPUTED_FILE
    path.unlink()
    path.mkdir()
    with pytest.raises(RecordError, match="Is a directory"):
        read_recomputed(tmp_path, RECORD)
