"""Runs are submitted in arrays that Slurm takes; the real Slurm is in test_slurm.py."""

import pytest

from ensemble_switchover.sweep import slurm_arrays
from ensemble_switchover.sweep.slurm_arrays import (
    FIRST_WAIT_SECONDS,
    SLURM,
    SlurmArrays,
    SubmissionError,
    with_arrays,
)
from tests.echo_launcher import EchoLauncher
from tests.sweep.fake_slurm import FULL, FakeSlurm
from tests.sweep.test_launchers import configuration

pytestmark = pytest.mark.process

POLICY = FULL.splitlines()[1]
INVALID = (
    "sbatch: error: invalid partition specified: main\n"
    "sbatch: error: Batch job submission failed: Invalid partition name specified"
)
AWAY = "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
NO_ANSWER = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """Launch a number of jobs; return the Slurm that took them, and what they answered."""
    waits = []

    def sleep(seconds):
        if seconds >= FIRST_WAIT_SECONDS:  # others wait for the end of a command
            waits.append(seconds)

    monkeypatch.setattr(slurm_arrays.time, "sleep", sleep)

    def start(number, *, max_array_size=1001, at_a_time=256, **told):
        folder = tmp_path / "study"
        slurm = FakeSlurm(tmp_path / "bin", folder / ".submitit", max_array_size, **told)
        slurm.waits = waits
        monkeypatch.setenv("PATH", slurm.path())
        launcher = SlurmArrays(EchoLauncher(folder, array_parallelism=at_a_time))
        try:
            return slurm, launcher.launch([["x"]] * number, 0)
        except SubmissionError as error:
            return slurm, error

    return start


def test_what_fits_into_one_array_is_one(launch):
    slurm, answers = launch(5, max_array_size=5)
    assert slurm.arrays == [(5, 5, None)]
    assert answers == [f"1_{task}" for task in range(5)]


def test_an_index_is_smaller_than_the_largest_size_and_parts_are_about_equal(launch):
    slurm, answers = launch(20, max_array_size=8)
    assert [size for size, _, _ in slurm.arrays] == [7, 7, 6]
    assert answers == [
        f"{part}_{task}" for part in (1, 2, 3) for task in range((7, 7, 6)[part - 1])
    ]


def test_no_more_jobs_run_at_a_time_than_asked_for(launch):
    slurm, _ = launch(20, max_array_size=8, at_a_time=6)
    assert [width for _, width, _ in slurm.arrays] == [3, 3, 3]
    assert [behind for _, _, behind in slurm.arrays] == [None, None, "afterany:1"]


def test_with_one_at_a_time_each_part_is_behind_another(launch):
    slurm, _ = launch(9, max_array_size=3, at_a_time=1)
    assert slurm.arrays == [(3, 1, None), (3, 1, "afterany:1"), (3, 1, "afterany:2")]


def test_the_rest_is_submitted_as_others_end_and_that_is_told_once(launch, capsys):
    slurm, answers = launch(8, limit=3)
    assert len(answers) == 8
    assert sum(size for size, _, _ in slurm.arrays) == 8
    assert max(size for size, _, _ in slurm.arrays) <= 3
    assert len(slurm.waits) > 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Slurm takes no more jobs at present; ")
    assert "of 8 are submitted as others end (sbatch: QOSMaxSubmitJobPerUserLimit; " in line


@pytest.mark.parametrize("full", [POLICY, "sbatch: error: AssocGrpSubmitJobsLimit"])
def test_a_limit_without_its_name_is_one_of_their_number_if_there_are_others(full, launch):
    slurm, answers = launch(6, limit=4, full=full)
    assert len(answers) == 6
    assert max(size for size, _, _ in slurm.arrays) <= 4


def test_a_limit_that_one_job_breaks_by_itself_is_told(launch):
    slurm, error = launch(4, limit=0, full=POLICY)
    assert slurm.arrays == []
    assert str(error).startswith("sbatch: Job violates accounting/QOS policy")


def test_where_slurm_does_not_tell_the_size_of_arrays_it_is_found_out(launch):
    slurm, answers = launch(10, largest=3)
    assert len(answers) == 10
    assert max(size for size, _, _ in slurm.arrays) <= 3


def test_a_controller_that_is_away_is_asked_again(launch, capfd):
    slurm, answers = launch(3, refusals=[AWAY] * 5)
    assert len(answers) == 3
    assert slurm.arrays == [(3, 3, None)]
    assert slurm.waits[:5] == [2.0, 4.0, 8.0, 16.0, 32.0]
    assert capfd.readouterr().err == ""


def test_jobs_that_were_taken_without_an_answer_are_not_there_twice(launch, tmp_path):
    slurm, answers = launch(3, refusals=[NO_ANSWER])
    assert answers == ["2_0", "2_1", "2_2"]
    assert slurm.cancelled == ["1"]
    left = [path for path in (tmp_path / "study" / ".submitit").iterdir() if path.is_file()]
    assert all(path.is_symlink() for path in left)  # that of the array that was taken


def test_a_refusal_is_one_sentence_and_leaves_nothing(launch, tmp_path, capfd):
    slurm, error = launch(3, refusals=[INVALID])
    assert str(error) == (
        "sbatch: invalid partition specified: main; Invalid partition name specified"
    )
    assert slurm.arrays == []
    assert capfd.readouterr().err == ""
    assert list((tmp_path / "study" / ".submitit").iterdir()) == []


def test_what_was_submitted_before_a_refusal_is_waited_for(launch):
    slurm, error = launch(6, max_array_size=3, refusals=[None, INVALID])
    assert isinstance(error, SubmissionError)
    assert [size for size, _, _ in slurm.arrays] == [3]


def test_other_launchers_stay_as_they_are(tmp_path):
    launcher = EchoLauncher(tmp_path)
    other = configuration(_target_="hydra_plugins.other")
    assert with_arrays(launcher, other, {}) is launcher
    assert isinstance(with_arrays(launcher, configuration(_target_=SLURM), {}), SlurmArrays)
