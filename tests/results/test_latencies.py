from ensemble_switchover.results.latencies import latencies_at, latencies_by_batch
from ensemble_switchover.results.record import LatencyRecord


def entry(batch_size, milliseconds, execution="sequential", model="run"):
    return LatencyRecord(
        model=model,
        execution=execution,
        batch_size=batch_size,
        repeats=30,
        median_ms_per_image=milliseconds,
        lower_quartile_ms_per_image=milliseconds,
        upper_quartile_ms_per_image=milliseconds,
    )


def test_every_batch_size_has_the_papers_the_fastest_and_the_single_one():
    own, fused, single = entry(1, 4.0), entry(1, 3.0, "fused"), entry(1, 2.0, model="single")
    large, large_single = entry(128, 0.4), entry(128, 0.2, model="single")
    found = latencies_by_batch([large_single, fused, single, own, large])
    assert list(found) == [1, 128]
    assert (found[1].sequential, found[1].fastest, found[1].single) == (own, fused, single)
    assert (found[128].sequential, found[128].fastest) == (large, large)
    assert found[128].single == large_single


def test_where_memory_sufficed_for_another_model_only_there_is_none():
    assert list(latencies_by_batch([entry(1, 4.0), entry(8, 2.0, model="single")])) == [1]


def test_the_largest_stands_in_for_one_that_was_not_measured():
    small, large = entry(1, 4.0), entry(64, 0.4)
    assert latencies_at([small, large], 1).sequential == small
    assert latencies_at([small, large], 128).sequential == large
    assert latencies_at([small, large]).sequential == large
    assert latencies_at([]) is None
