"""A study with runs in every state."""

import pytest

from ensemble_switchover.results.layout import (
    RECORD_FILE,
    checkpoint_folder,
    unfinished_folder,
)
from ensemble_switchover.results.lock import take_lock
from ensemble_switchover.results.store import (
    write_description,
    write_failure,
    write_record,
)
from tests.factories import make_record

DESCRIPTION = {
    "family": "vgg", "dataset": "svhn", "design_class": "weq", "k": 2, "depth": 8, "width": 16,
    "budget_depth": 11, "budget_width": 16, "budget_parameters": 900, "parameters": 800,
    "epochs": 50, "seed": 4, "fingerprint": "abc",
}  # fmt: skip


@pytest.fixture
def study(tmp_path):
    """Three finished runs, and one in every other state."""
    folder = tmp_path / "study"
    for number, name in enumerate(("single", "deq", "weq")):
        errors = [30.0 - number, 20.0 - number]
        record = make_record(design_class=name, name=name, study="study", test_errors=errors)
        write_record(folder / name, record)
    write_failure(folder / "failed", "failed", "out of [red]memory", description=DESCRIPTION)
    (folder / "damaged").mkdir()
    (folder / "damaged" / RECORD_FILE).write_text("{")
    checkpoints = checkpoint_folder(folder / "stopped")
    checkpoints.mkdir(parents=True)
    (checkpoints / "000007.checkpoint").touch()
    write_description(folder / "stopped", DESCRIPTION)
    lock = take_lock(unfinished_folder(folder / "busy"))
    write_description(folder / "busy", DESCRIPTION)
    yield folder
    lock.release()
