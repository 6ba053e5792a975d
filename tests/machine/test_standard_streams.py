"""What is printed where nobody can read it any more."""

import os
import subprocess
import sys

import pytest

PRINTS = """
import sys
from ensemble_switchover.machine.standard_streams import lost_output, secure_standard_streams

secure_standard_streams()
secure_standard_streams()
with open(sys.argv[1], "w") as file:
    for number in range(3):
        print("printed", number)
        print("complained", number, file=sys.stderr)
    print(file.fileno() > 2, lost_output(), file=file)
"""


@pytest.fixture
def printing(tmp_path):
    """Let a process print; it writes whether it came through into a file of its own."""

    def run(unbuffered="", **streams):
        ended = subprocess.run(
            [sys.executable, "-c", PRINTS, str(tmp_path / "file")],
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )
        assert ended.returncode == 0
        return (tmp_path / "file").read_text().strip(), ended

    return run


@pytest.mark.process
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_readers_that_have_left_end_the_printing_alone(unbuffered, printing):
    ours, theirs = os.pipe()
    os.close(ours)
    written, _ = printing(unbuffered, stdout=theirs, stderr=theirs)
    os.close(theirs)
    assert written == "True None"


@pytest.mark.process
def test_a_full_disk_ends_the_printing_alone_and_can_be_told(printing):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        written, ended = printing(stdout=full)
    assert written == "True [Errno 28] No space left on device: 'standard output'"
    assert ended.stderr == b"complained 0\ncomplained 1\ncomplained 2\n"


@pytest.mark.process
@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_no_file_gets_the_number_of_a_stream_that_was_closed(closed, printing):
    written, ended = printing(preexec_fn=lambda: [os.close(number) for number in closed])
    assert written == "True None"
    assert ended.stdout == (b"" if 1 in closed else b"printed 0\nprinted 1\nprinted 2\n")


@pytest.mark.process
def test_lines_are_in_a_pipe_at_once_and_whole_where_others_let_it_not_wait(printing):
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    written, _ = printing(stdout=theirs)
    os.close(theirs)
    assert written == "True None"
    with os.fdopen(ours, "rb") as pipe:
        assert pipe.read() == b"printed 0\nprinted 1\nprinted 2\n"


def test_streams_of_another_program_stay(capsys):
    from ensemble_switchover.machine.standard_streams import secure_standard_streams

    before = sys.stdout, sys.stderr
    secure_standard_streams()
    assert (sys.stdout, sys.stderr) == before
