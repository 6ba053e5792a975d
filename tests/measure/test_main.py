"""The command line of `measure`."""

import subprocess
import sys

import pytest

from ensemble_switchover.config.command_line import version_text
from tests.measure.linear_files import QUICK, call


def test_it_tells_the_version_of_the_program(capsys):
    assert call(capsys, "--version") == (0, f"{version_text()}\n", "")


def test_a_file_of_a_record_is_refused_before_anything_is_timed(onnx_file, tmp_path, capsys):
    record = tmp_path / "record.json"
    record.write_text("{}")
    for option in ("--json", "--write-script"):
        files = (onnx_file, *QUICK) if option == "--json" else ()
        code, shown, err = call(capsys, *files, option, record)
        assert (code, shown) == (2, "")
        assert "is never overwritten" in err
        assert record.read_text() == "{}"


@pytest.mark.process
def test_the_help_imports_no_runtime():
    code = (
        "import sys\nfrom ensemble_switchover.measure.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n"
        "    print(sorted({'torch', 'onnxruntime', 'numpy', 'onnx'} & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.stdout.endswith("\n[]\n")
