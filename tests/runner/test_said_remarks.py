"""Remarks that were said are known, and a sweep notes them without torch."""

import subprocess
import sys

from ensemble_switchover.runner.said_remarks import is_said, mark_as_said


def test_what_was_said_is_known():
    assert not is_said("3 files are no images, a remark of this test")
    mark_as_said(["3 files are no images, a remark of this test"])
    assert is_said("3 files are no images, a remark of this test")


def test_the_command_starts_without_torch():
    code = "import sys, ensemble_switchover.app; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
