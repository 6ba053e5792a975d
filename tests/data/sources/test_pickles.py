"""Pickled batches: numpy's arrays are read, and no code is ever run."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ensemble_switchover.data.sources.pickles import PICKLE_DTYPES, read_batch
from ensemble_switchover.errors import DataError
from tests.python2_pickle import dump


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("code", PICKLE_DTYPES)
def test_arrays_of_every_protocol_and_type_are_numpys(protocol, code):
    array = np.arange(24).reshape(2, 3, 4).astype(code)
    batch = {"data": array, "turned": array.T, "empty": array[:0], "labels": [1, 2], "n": "text"}
    read = read_batch(pickle.dumps(batch, protocol), "batch")
    assert read.keys() == batch.keys()
    assert (read["labels"], read["n"]) == ([1, 2], "text")
    for name in ("data", "turned", "empty"):
        assert read[name].dtype == array.dtype
        assert np.array_equal(read[name], batch[name])


def test_the_other_byte_order_is_read():
    array = np.arange(5, dtype=">i4")
    assert np.array_equal(read_batch(pickle.dumps({"data": array}), "batch")["data"], array)


def test_python_2s_pickles_and_byte_keys_are_read():
    array = np.arange(256, dtype=np.uint8).reshape(2, 128)
    read = read_batch(dump({"data": array, "labels": [3, 4], b"more": b"text"}), "batch")
    assert np.array_equal(read["data"], array)
    assert read["labels"] == [3, 4]
    assert read["more"] == "text"


class Call:
    def __init__(self, function, *arguments):
        self.parts = function, arguments

    def __reduce__(self):
        return self.parts


MALICE = [
    Call(os.system, "touch {path}"),
    Call(eval, "open('{path}', 'w')"),
    Call(exec, "open('{path}', 'w')"),
    Call(open, "{path}", "w"),
    Call(getattr, "text", "upper"),
    Call(np.load, "{path}"),
    Call(np.save, "{path}", 1),
    Call(__import__, "os"),
    Call(pickle.loads, b"cos\nsystem\n."),
    Path("{path}"),
    np.dtype,
    np.array([{"an": "object"}], dtype=object),
    np.array(["2020-01-01"], dtype="datetime64"),
    np.float64(1.0),
]


@pytest.mark.parametrize("wrap", [lambda thing: {"data": thing}, lambda thing: thing])
@pytest.mark.parametrize("number", range(len(MALICE)))
def test_a_malicious_pickle_is_refused_and_does_nothing(number, wrap, tmp_path):
    thing, path = MALICE[number], tmp_path / "touched"
    if isinstance(thing, Call):
        function, arguments = thing.parts
        thing = Call(function, *(a.format(path=path) if isinstance(a, str) else a
                                 for a in arguments))  # fmt: skip
    for protocol in (0, 2, pickle.HIGHEST_PROTOCOL):
        try:
            read = read_batch(pickle.dumps(wrap(thing), protocol), "a/batch")
        except DataError as error:
            assert str(error).startswith("a/batch is not a batch of images")  # noqa: PT017
        else:
            assert not isinstance(read["data"], np.ndarray)
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'touch touched'\ntR.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"\x80\x04\x8c\x05numpy\x8c\x0cdtype.mro\x93.",
        b"cnumpy\nndarray\n(I1099511627776\ntR.",
        b"cnumpy.core.multiarray\nscalar\n.",
        b"",
        b".",
        b"\x80\x04}",
    ],
)
def test_hand_made_pickles_are_refused(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError):
        read_batch(content, "batch")
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
@example(position=186, byte=41, cut=False)  # an array whose contents never come
def test_a_damaged_pickle_is_a_clear_error_or_a_dictionary(position, byte, cut):
    whole = pickle.dumps({"data": np.arange(30, dtype=np.uint8), "labels": list(range(30))})
    position %= len(whole)
    damaged = (
        whole[:position] if cut else (whole[:position] + bytes([byte]) + whole[position + 1 :])
    )
    try:
        assert isinstance(read_batch(damaged, "batch"), dict)
    except DataError as error:
        assert str(error).startswith("batch is not a batch of images")  # noqa: PT017
