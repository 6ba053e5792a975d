"""Room for a run's record, before the run is trained."""

import shutil
from types import SimpleNamespace

import pytest

from ensemble_switchover.errors import MachineError
from ensemble_switchover.results.layout import unfinished_folder
from ensemble_switchover.runner.job import Ending, run_job
from ensemble_switchover.runner.room import record_bytes, require_room
from tests.runner.starting import start


def test_a_record_for_which_there_is_no_room_is_refused_before_it_is_trained(
    spec, trainings, monkeypatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=2**30, free=2**20))
    with pytest.raises(MachineError, match=r"No space left .* are needed, 1\.0 MiB are free; make"):
        start(spec)
    assert not trainings
    assert not unfinished_folder(spec[0].folder).exists()


def test_a_file_system_that_does_not_tell_its_size_is_not_full(tiny_spec, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=0, free=0))
    require_room(*tiny_spec())


def test_a_records_bytes_are_foreseen(tiny_spec):
    spec, config = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2",
                             "record.predictions=all")  # fmt: skip
    assert run_job(spec, config, concurrent_jobs=1).ending is Ending.TRAINED
    written = sum(path.stat().st_size for path in spec.folder.iterdir())
    assert 0 <= record_bytes(spec, config) - written < 2**20
