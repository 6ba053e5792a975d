"""Which runs of a study are launched."""

import pytest

from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.results.store import write_failure, write_record
from ensemble_switchover.sweep.worklist import build_worklist
from tests.factories import make_record


@pytest.fixture
def study(tiny_spec):
    """Three runs: finished, failed, and not begun."""
    study = resolve_study(tiny_spec(f"seed={seed}")[1] for seed in range(3))
    finished, failed, _ = study.specs
    write_record(finished.folder, make_record(name=finished.name))
    write_failure(failed.folder, failed.name, "not finite")
    return study


@pytest.mark.parametrize(
    ("retry", "launched", "failed", "left_out"), [("none", [2], [1], []), ("failed", [1], [], [2])]
)
def test_failed_runs_are_tried_again_only_where_asked(retry, launched, failed, left_out, study):
    worklist = build_worklist(study, retry)
    finished = study.specs[:1]
    assert worklist.finished == finished
    assert [training.lead for training in worklist.trainings] == [study.specs[i] for i in launched]
    assert list(worklist.failed) == [study.specs[i].name for i in failed]
    assert worklist.left_out == [study.specs[i] for i in left_out]
