"""What is read of a file of W&B's."""

import pytest

from ensemble_switchover.tracking.wandb_file import has_run, last_epoch, wandb_records

pytestmark = pytest.mark.slow


@pytest.fixture
def files(logged_study):
    return sorted(logged_study.glob("wandb/offline-run-*/*.wandb"))


def test_the_epochs_of_a_run_are_found(files, logged):
    assert [last_epoch(file) for file in files] == [2, 2]
    assert all(has_run(file) for file in files)
    assert [told.history[-1]["epoch"] for told in logged] == [2, 2]


def test_what_a_killed_process_left_is_read_as_far_as_it_goes(files, tmp_path):
    content = files[0].read_bytes()
    path = tmp_path / "run-x.wandb"
    seen = set()
    for length in (0, 3, 7, 10, *range(100, len(content), 997)):
        path.write_bytes(content[:length])
        seen.add(last_epoch(path))
        assert has_run(path) or length < 20_000
    assert 0 in seen
    path.write_bytes(content[:7])
    assert not has_run(path)
    path.write_bytes(content[:7] + bytes(range(256)) * 20)
    assert list(wandb_records(path)) == []
