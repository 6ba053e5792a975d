"""Streams of random numbers: distinct where they must be, and the same for ever."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.config.seeds import MAX_MEMBERS, Stream, member_seeds, stream_seed


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 5), st.integers(1, 64), st.integers(1, 64))
def test_runs_of_different_seeds_share_no_member(seed, apart, k, other_k):
    first = member_seeds(seed, k)
    assert len(set(first)) == len(first) == k
    assert not set(first) & set(member_seeds(seed + apart, other_k))


@pytest.mark.parametrize("k", [1, 2, MAX_MEMBERS])
def test_a_larger_ensemble_keeps_the_members_of_a_smaller_one(k):
    assert member_seeds(7, MAX_MEMBERS)[:k] == member_seeds(7, k)


def test_every_member_stream_and_epoch_has_its_own_seed():
    members = [seed for run in range(4) for seed in member_seeds(run, 8)]
    drawn = [
        stream_seed(member, stream, epoch)
        for member, stream, epoch in itertools.product(members, Stream, range(20))
    ]
    assert len(set(drawn)) == len(drawn) == 4 * 8 * len(Stream) * 20


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**80), st.sampled_from(Stream), st.integers(0, 10**6))
def test_seeds_are_plain_integers_that_torch_takes(member, stream, epoch):
    seed = stream_seed(member, stream, epoch)
    assert type(seed) is int
    assert 0 <= seed < 2**63


def test_neighbouring_seeds_look_unrelated():
    # Each of the 63 bits is set in about half of the seeds, within five standard errors.
    seeds = [stream_seed(member, Stream.ORDER, 0) for member in range(2000)]
    shares = np.array([[seed >> bit & 1 for bit in range(63)] for seed in seeds]).mean(axis=0)
    assert np.abs(shares - 0.5).max() < 5 * 0.5 / np.sqrt(len(seeds))


def test_seeds_are_those_of_numpys_seed_sequence():
    # numpy promises its SeedSequence to be stable: records stay reproducible across versions.
    overrides = np.random.SeedSequence([70, 2, 5]).generate_state(2, np.uint32)
    expected = (int(overrides[0]) | int(overrides[1]) << 32) >> 1
    assert stream_seed(70, Stream.AUGMENTATION, 5) == expected


@pytest.mark.process
def test_seeds_do_not_depend_on_the_process():
    code = (
        "from ensemble_switchover.config.seeds import Stream, stream_seed;"
        "print(stream_seed(3, Stream.INITIALISATION), stream_seed(3, Stream.ORDER, 9))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert printed == [
        str(stream_seed(3, Stream.INITIALISATION, 0)),
        str(stream_seed(3, Stream.ORDER, 9)),
    ]
