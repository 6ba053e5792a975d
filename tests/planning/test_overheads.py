"""What jobs take beside training, against plain sums of planted seconds."""

from dataclasses import replace

import pytest

from ensemble_switchover.planning.cost import image_bytes
from ensemble_switchover.planning.overheads import (
    DISK_BYTES_PER_SECOND,
    KEPT_COPIES,
    Overheads,
    decoding_seconds,
    job_overhead,
    learned,
    read_overheads,
    write_overheads,
)
from ensemble_switchover.results.record import SecondsRecord, TimingPassRecord
from tests.factories import make_record


def planted(**changes):
    known = {
        "start_seconds": 5.0,
        "job_seconds": 1.0,
        "load_seconds": 0.5,
        "loaded_bytes": 10**5,
        "decode_seconds": 8.0,
        "decoded_images": 1000,
        "run_seconds": 0.25,
        "epoch_seconds": 0.1,
    }
    return Overheads(**{**known, **changes})


def test_loading_grows_with_the_images_and_keeping_with_members_epochs_and_bytes(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=2", "epochs=3")
    loading = 0.5 * image_bytes(spec) / 10**5
    weights = 4 * 2 * spec.design.member_parameters
    writing = KEPT_COPIES * weights / DISK_BYTES_PER_SECOND
    of_epochs, fixed = job_overhead(planted(), [spec, spec])
    assert of_epochs == pytest.approx(2 * 3 * 3 * 0.1)  # two runs; two members and their ensemble
    assert fixed == pytest.approx(1.0 + loading + 2 * (0.25 + writing))
    single, _ = tiny_spec("design=single", "epochs=3")
    assert job_overhead(planted(), [single])[0] == pytest.approx(3 * 0.1)
    rare, _ = tiny_spec("design=single", "epochs=3", "evaluate_every=3")
    assert job_overhead(planted(), [rare])[0] == pytest.approx(0.1)


def test_decoding_grows_with_the_number_of_images(tiny_spec):
    spec, _ = tiny_spec()
    images = spec.train_size + spec.sizes.evaluated
    assert decoding_seconds(planted(), spec) == pytest.approx(8.0 * images / 1000)


def finished(seeds=(), **seconds):
    pass_of = TimingPassRecord(
        seeds=list(seeds),
        num_members=2,
        beside=[],
        timed_steps=5,
        epoch_steps=5,
        training_seconds=[1.0],
        evaluation_seconds=[1.0],
    )
    parts = SecondsRecord(**seconds)
    return replace(make_record(), seconds=parts, timing_pass=pass_of if seeds else None)


def test_finished_runs_tell_better():
    alone = finished(waiting=2.0, data=0.4, rest=0.3, keeping=1.2)
    found = learned(planted(), [alone])
    judged = alone.design.k + 1 if alone.design.k > 1 else 1
    assert (found.job_seconds, found.load_seconds, found.run_seconds) == (2.0, 0.4, 0.3)
    assert found.epoch_seconds == pytest.approx(1.2 / (judged * alone.recipe.epochs))
    assert found.start_seconds == planted().start_seconds
    shares = [finished((0, 1, 2), waiting=1.0, data=0.2, rest=0.1, keeping=0.1)] * 3
    assert learned(planted(), shares).job_seconds == pytest.approx(3.0)


def test_records_that_do_not_say_change_nothing():
    assert learned(planted(), []) == planted()
    assert learned(planted(), [make_record()]) == planted()
    shared = replace(finished(waiting=9.0), shared_from="another")
    assert learned(planted(), [shared]) == planted()


def test_they_are_kept_for_runs_of_the_same_data_and_threads(tiny_spec, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    spec, _ = tiny_spec("threads=1")
    assert read_overheads(spec) is None
    write_overheads(spec, planted())
    assert read_overheads(spec) == planted()
    other, _ = tiny_spec("threads=2")
    assert read_overheads(other) is None
    write_overheads(spec, planted(version=999))
    assert read_overheads(spec) is None
