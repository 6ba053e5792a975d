"""Epochs as Parquet: what comes back, and what older and newer files lack or have beside."""

import dataclasses
import io
from dataclasses import dataclass, field, replace

import polars as pl
import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.epochs_file import (
    SCHEMA,
    column_values,
    dump_epochs_file,
    load_epochs_files,
)
from ensemble_switchover.results.run_columns import column_type
from tests.factories import make_record

EPOCHS = make_record(design_class="deq", test_errors=[40.0, 20.0]).epochs


def changed(change):
    """Return the file of `EPOCHS` with another table in it."""
    buffer = io.BytesIO()
    change(pl.read_parquet(dump_epochs_file(EPOCHS))).write_parquet(buffer)
    return buffer.getvalue()


def test_epochs_come_back_as_they_were():
    odd = [
        replace(EPOCHS[0], nll_nats=float("inf"), disagreement=None, peak_rss_bytes=2**50),
        replace(EPOCHS[1], member_error_percent=[], epoch=2**29),
    ]
    contents = [dump_epochs_file(epochs) for epochs in (EPOCHS, odd, EPOCHS[:1])]
    assert load_epochs_files(contents, [2, 2, 1]) == [EPOCHS, odd, EPOCHS[:1]]
    assert load_epochs_files([], []) == []


def test_epochs_without_evaluation_come_back_as_they_were():
    epochs = make_record(design_class="deq", evaluate_every="2").epochs
    assert [epoch.error_percent for epoch in epochs] == [None, 20.0, 10.0]
    contents = [dump_epochs_file(EPOCHS), dump_epochs_file(epochs)]
    assert load_epochs_files(contents, [2, 3]) == [EPOCHS, epochs]
    frame = pl.read_parquet(contents[1])
    assert frame["ece"].to_list() == [None, 0.05, 0.05]
    assert frame["member_error_percent"].to_list() == [[], [22.0] * 4, [12.0] * 4]


def test_every_field_is_a_column():
    frame = pl.read_parquet(dump_epochs_file(EPOCHS))
    assert frame.columns == list(SCHEMA)
    assert list(SCHEMA) == [entry.name for entry in dataclasses.fields(EPOCHS[0])]


def test_what_may_be_absent_may_be_no_column():
    content = changed(lambda frame: frame.drop("disagreement"))
    (found,) = load_epochs_files([content], [2])
    assert found == [replace(epoch, disagreement=None) for epoch in EPOCHS]


def test_a_column_of_a_later_version_is_not_minded():
    content = changed(lambda frame: frame.with_columns(pl.lit(1).alias("later")))
    assert load_epochs_files([content], [2]) == [EPOCHS]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop("train_loss_nats"), "train_loss_nats: absent in an epoch"),
        (lambda frame: frame.with_columns(epoch=pl.lit("x")), "no table of epochs"),
        (lambda frame: frame.head(1), "1 rows, expected 2"),
        (lambda frame: pl.DataFrame({"a": [1, 2]}), "absent in an epoch"),
    ],
)
def test_of_many_files_the_faulty_one_is_found(change, message):
    sound, faulty = dump_epochs_file(EPOCHS), changed(change)
    *before, error, after = load_epochs_files([sound, sound, sound, faulty, sound], [2] * 5)
    assert [*before, after] == [EPOCHS] * 4
    assert isinstance(error, RecordError)
    assert message in str(error)


def test_a_field_that_was_added_has_its_default_in_older_files():
    @dataclass
    class Later:
        plain: int = 7
        listed: list[float] = field(default_factory=list)
        optional: int | None = None
        needed: int = field(kw_only=True)

    plain, listed, optional, needed = dataclasses.fields(Later)
    column = pl.Series("column", [None, 3], dtype=pl.Int64)
    assert column_values(column, plain, False) == [7, 3]
    assert column_values(column, optional, True) == [None, 3]
    lists = pl.Series("column", [None, [1.0]], dtype=pl.List(pl.Float64))
    assert column_values(lists, listed, False) == [[], [1.0]]
    with pytest.raises(RecordError, match="column: absent in an epoch"):
        column_values(column, needed, False)


def test_a_field_that_is_no_column_is_refused():
    assert column_type(list[list[float]]) == pl.List(pl.List(pl.Float64))
    with pytest.raises(TypeError, match="is no column"):
        column_type(set[int])


def test_metrics_of_the_users_own_come_back_as_they_were():
    own = [replace(EPOCHS[0], metrics={"f1": 0.5, "odd": None}), EPOCHS[1]]
    assert load_epochs_files([dump_epochs_file(own)], [2]) == [own]
    without = changed(lambda frame: frame.drop("metrics"))  # as records of before have it
    assert load_epochs_files([without], [2]) == [EPOCHS]
    for text in ("[", "[]"):
        (found,) = load_epochs_files(
            [changed(lambda frame, text=text: frame.with_columns(metrics=pl.lit(text)))], [2]
        )
        assert isinstance(found, RecordError)
        assert "metrics" in str(found)
