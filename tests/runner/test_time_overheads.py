"""What jobs take beside training is measured with one run, of which nothing stays."""

from ensemble_switchover.planning.cost import image_bytes
from ensemble_switchover.runner.time_overheads import JOB_SHARE, time_overheads


def test_a_run_of_one_epoch_tells_and_nothing_stays(tiny_spec):
    spec, config = tiny_spec("budget.depth=8", "budget.width=4", "epochs=3")
    found = time_overheads(config, 4.0)
    assert (found.start_seconds, found.job_seconds) == (4.0, 4.0 * JOB_SHARE)
    assert found.loaded_bytes == image_bytes(spec)
    assert found.decoded_images == spec.train_size + spec.sizes.evaluated
    assert min(found.load_seconds, found.run_seconds, found.epoch_seconds) > 0
    assert not spec.study_folder.exists()
    assert (config.epochs, config.results) == (3, str(spec.results))
