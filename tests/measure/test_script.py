"""`--write-script`: one file that does the same where this program is not installed."""

import ast
import importlib.util
import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ensemble_switchover import measure
from ensemble_switchover.measure import script
from ensemble_switchover.measure.script import PACKED_MODULES, script_content, write_script
from ensemble_switchover.measurement.file_formats import TIMING_SCHEMA
from tests.measure.linear_files import METADATA, QUICK, call
from tests.serving.lookup_cascade import drawn_probabilities, write_lookup_cascade


def sources():
    """Return the text of every packed file by its name in the archive."""
    with zipfile.ZipFile(io.BytesIO(script_content())) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def started(path, *arguments, folder, options=("-I",)):
    """Run the packed file in a process that cannot find this repository."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *options, str(path), *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture
def packed(tmp_path):
    """Write it into a folder of its own."""
    (tmp_path / "board").mkdir()
    write_script(tmp_path / "board" / "measure.pyz")
    return tmp_path / "board" / "measure.pyz"


def test_it_has_every_module_of_measure_and_all_that_they_import():
    own = {f"{measure.__name__}.{path.stem}" for path in Path(measure.__file__).parent.glob("*.py")}
    assert own - {f"{measure.__name__}.__init__"} <= set(PACKED_MODULES)
    # with the program installed, and only there
    beside = {"ensemble_switchover.config.command_line", "ensemble_switchover.results.output_path"}
    for name, text in sources().items():
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, name
                is_package = importlib.util.find_spec(node.module).submodule_search_locations
                names = [
                    f"{node.module}.{alias.name}" if is_package else node.module
                    for alias in node.names
                ]
            ours = {each for each in names if each.startswith("ensemble_switchover")}
            assert ours <= {*PACKED_MODULES, *beside}, name


def test_all_of_it_is_syntax_of_the_python_of_old_boards():
    for name, text in sources().items():
        ast.parse(text, name, feature_version=(3, 9))


def test_its_bytes_are_the_same_everywhere(monkeypatch, tmp_path):
    content = script_content()
    assert content.startswith(b"#!/usr/bin/env python3\n")
    for private in (str(Path(measure.__file__).parents[2]), str(Path.home()), "__pycache__"):
        assert private.encode() not in content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    empty = [entry.filename for entry in entries if not entry.file_size]
    assert {Path(name).name for name in empty} == {"__init__.py"}
    assert "ensemble_switchover/__init__.py" in empty
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.chdir(tmp_path)
    assert script_content() == content


def test_whoever_may_read_it_may_start_it_and_it_replaces_an_earlier_one(packed):
    mode = stat.S_IMODE(packed.stat().st_mode)
    assert mode & 0o111 == (mode & 0o444) >> 2
    before = packed.read_bytes()
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("of_another_version.py", "")
    write_script(packed)
    assert packed.read_bytes() == before


def test_a_device_is_kept_unread(capsys, monkeypatch):
    monkeypatch.setattr(script.zipfile, "ZipFile", lambda path: pytest.fail(f"{path} was read"))
    code, _, err = call(capsys, "--write-script", os.devnull)
    assert code == 2
    assert f"--write-script {os.devnull}: is there, and is nothing that" in err


def test_what_it_did_not_write_is_kept(onnx_file, tmp_path, capsys):
    wheel = tmp_path / "program.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("ensemble_switchover/measure/script.py", "")
    for path in (onnx_file, wheel):
        before = path.read_bytes()
        code, shown, err = call(capsys, "--write-script", path)
        assert (code, shown) == (2, "")
        assert err == (
            f"--write-script {path}: is there, and is nothing that --write-script wrote, so it is "
            f"kept; expected a new name such as measure.pyz\n"
        )
        assert path.read_bytes() == before
    code, _, err = call(capsys, "--write-script", onnx_file / "measure.pyz")
    assert (code, err) == (2, f"--write-script {onnx_file / 'measure.pyz'}: Not a directory\n")


def test_its_usual_name(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "--write-script") == (0, f"{script.SCRIPT_FILE}\n", "")
    assert (tmp_path / "measure.pyz").read_bytes() == script_content()


@pytest.mark.process
def test_it_times_a_file_and_a_cascade_where_the_program_is_not_installed(
    onnx_file, lookup_images, packed, tmp_path
):
    cascade = write_lookup_cascade(tmp_path / "cascade", drawn_probabilities())
    (cascade / "cascade.py").unlink()
    out = tmp_path / "timing.json"
    ended = started(packed, onnx_file, *QUICK, "--json", out, folder=packed.parent)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(out.read_text())
    assert found["schema"] == TIMING_SCHEMA
    assert found["models"][0]["fingerprint"] == METADATA["fingerprint"]
    given = ("--images", lookup_images, "--json", out)
    ended = started(packed, cascade, *QUICK, *given, folder=packed.parent)
    assert ended.returncode == 0, ended.stderr
    assert 1 < json.loads(out.read_text())["models"][0]["mean_members"] < 4
    ended = started(packed, packed, folder=packed.parent)
    assert ended.returncode == 2
    assert ended.stderr == (
        f"{packed}: expected a file that ends in .onnx or .pt2, or the folder of a cascade with "
        f"cascade.json in it\n"
    )
    assert [path.name for path in packed.parent.iterdir()] == ["measure.pyz"]


@pytest.mark.process
def test_it_packs_itself_and_its_help_imports_no_runtime(packed, tmp_path):
    ended = started(packed, "--write-script", tmp_path / "again.pyz", folder=packed.parent)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "again.pyz").read_bytes() == packed.read_bytes()
    options = ("-I", "-X", "importtime")
    ended = started(packed, "--help", folder=packed.parent, options=options)
    assert ended.stdout.startswith("usage: measure.pyz ")
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "ensemble_switchover.measure.timing" in imported
    assert not {"numpy", "onnxruntime", "onnx", "torch"} & imported
    ended = started(packed, "--version", folder=packed.parent)
    assert ended.stdout == f"{TIMING_SCHEMA}\n"
