"""The end of a run."""

from ensemble_switchover.results.layout import WEIGHTS_FILE
from ensemble_switchover.runner.finish import summary_line
from ensemble_switchover.runner.run import train_and_measure

SMALL = ("budget.depth=8", "budget.width=4", "epochs=2")


def test_weights_are_kept_where_asked_for_and_the_record_is_summed_up(tiny_spec):
    files = {}
    spec, config = tiny_spec(*SMALL, "record.weights=true", "measurement.latency_batch_sizes=[2]")
    record = train_and_measure(spec, config, keep=files.__setitem__)
    assert WEIGHTS_FILE in files
    line = summary_line(record)
    assert line.startswith("test error ")
    assert "ms per image at batch size 2" in line
    assert record.seconds.measuring > 0
    assert record.environment.times_of == "run"
    assert record.timing_pass is None
