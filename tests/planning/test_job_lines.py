"""What a plan says of seeds that are trained together."""

import pytest

from ensemble_switchover.machine.terminal import ABSENT
from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.planning.job_cost import predict_job
from ensemble_switchover.planning.job_lines import (
    group_memory,
    group_text,
    to_do_line,
    together_lines,
)
from tests.planning.synthetic import make_calibration
from tests.planning.test_job_cost import rescaled

pytestmark = pytest.mark.usefixtures("example_machine")


@pytest.fixture
def jobs(tiny_spec):
    def make(together="auto", factor=0.1, calibrated=True):
        calibrations = [make_calibration(), *([rescaled(factor)] if calibrated else [])]
        made = []
        for words in (("design=single",), ("design=deq", "k=2")):
            specs = [tiny_spec("epochs=2", *words, f"seed={seed}")[0] for seed in range(3)]
            runs = forecast(specs, calibrations, None)
            made.append(predict_job(runs, together, 2, calibrations, None))
        return made

    return make


def test_together_it_says_how_many_and_how_much_quicker(jobs):
    made = jobs()
    (line,) = together_lines(made)
    assert line.startswith("Seeds together: of 2 of 2 designs, ")
    assert "times as fast as apart; the largest group takes " in line
    assert group_text(made[:1]).startswith("3 in ")
    assert float(group_memory(made)) >= float(group_memory(made[:1]))
    whole = to_do_line(made, 2)
    assert whole.startswith("To do, one job after another: about ")
    assert "timing pass" in whole
    assert "measuring" in whole
    assert whole.endswith("; the launcher runs 2 at a time")


def test_apart_it_says_nothing_but_that(jobs):
    made = jobs(factor=100.0)
    assert together_lines(made) == []
    assert (group_text(made[:1]), group_memory(made)) == ("apart", ABSENT)


def test_what_was_not_timed_is_told(jobs):
    (line,) = together_lines(jobs(calibrated=False))
    assert line.endswith("; not timed, so counted like seeds apart; --calibrate times some")
    assert group_text(jobs(calibrated=False)[:1]).startswith("3 in ~")


def test_a_design_without_a_job_has_no_group():
    assert (group_text([]), group_memory([]), to_do_line([], 1)) == (ABSENT, ABSENT, None)
