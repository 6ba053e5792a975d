"""The ways of execution: names that are read back, shares of the members, what words mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_switchover.config.execution_plan import WITHIN, Way, asked_way, candidate_ways
from ensemble_switchover.config.schema import ExecutionConfig

ways = st.builds(Way, st.sampled_from(WITHIN), st.booleans(), st.integers(1, 64))


@given(ways)
def test_a_name_is_read_back(way):
    assert Way.named(way.label) == way


@given(ways, ways)
def test_two_ways_have_two_names(one, other):
    assert (one == other) == (one.label == other.label)


@pytest.mark.parametrize("label", ["", "stacked", "sequential fused", "parallel: 2 processes"])
def test_other_names_are_refused(label):
    with pytest.raises(ValueError, match="no way of execution"):
        Way.named(label)


@given(st.integers(1, 64), st.data())
def test_every_member_is_in_one_process_and_the_shares_are_even(k, data):
    processes = data.draw(st.integers(1, k))
    slices = Way(processes=processes).slices(k)
    assert [member for part in slices for member in part] == list(range(k))
    assert len(slices) == processes
    lengths = [len(part) for part in slices]
    assert max(lengths) - min(lengths) <= 1
    assert max(lengths) == lengths[0]


@pytest.mark.parametrize(
    ("way", "at_once", "turns"),
    [
        (Way(), 1, 5),
        (Way("fused"), 5, 1),
        (Way(processes=2), 1, 3),
        (Way("fused", processes=2), 3, 1),
    ],
)
def test_steps_are_shared_or_taken_in_turns(way, at_once, turns):
    assert (way.members_at_once(5), way.turns(5)) == (at_once, turns)


@pytest.mark.parametrize(
    ("words", "k", "places", "way"),
    [
        ({"name": "auto"}, 4, 2, Way()),
        ({"name": "sequential"}, 4, 2, Way()),
        ({"name": "sequential", "channels_last": True}, 4, 2, Way(channels_last=True)),
        ({"name": "fused"}, 4, 2, Way("fused")),
        ({"name": "parallel"}, 4, 2, Way(processes=2)),
        ({"name": "parallel"}, 1, 2, Way(processes=1)),
        ({"name": "parallel", "processes": 3}, 4, 2, Way(processes=3)),
        ({"name": "parallel", "processes": 8}, 4, 2, Way(processes=4)),
        ({"name": "parallel", "within": "fused"}, 4, 2, Way("fused", processes=2)),
    ],
)
def test_words_name_a_way(words, k, places, way):
    assert asked_way(ExecutionConfig(**words), k, places) == way


@given(st.integers(1, 64), st.integers(1, 64))
def test_candidates_begin_with_the_papers_way_and_are_all_different(k, places):
    candidates = candidate_ways(k, places)
    assert candidates[0] == Way()
    assert len(set(candidates)) == len(candidates)
    assert all(way.processes <= min(k, places) for way in candidates)
    assert k > 1 or all(way.within == "sequential" for way in candidates)
