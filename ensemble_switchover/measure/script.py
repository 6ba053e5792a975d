"""`measure` as one file that needs nothing else of this program, for other machines.

The file is an archive that Python runs, as the standard library's `zipapp` makes them. Its bytes
depend on the packed modules alone: no compression, no time and no name of this machine.
"""

from __future__ import annotations

import io
import zipapp
import zipfile
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ensemble_switchover.errors import MeasureError
from ensemble_switchover.machine.files import descriptor_of, write_file

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT_FILE = "measure.pyz"
PACKED_MODULES = (
    "ensemble_switchover.errors",
    "ensemble_switchover.machine.files",
    "ensemble_switchover.measure.__main__",
    "ensemble_switchover.measure.alternation",
    "ensemble_switchover.measure.cascade",
    "ensemble_switchover.measure.energy",
    "ensemble_switchover.measure.images",
    "ensemble_switchover.measure.load",
    "ensemble_switchover.measure.machine_facts",
    "ensemble_switchover.measure.onnx_file",
    "ensemble_switchover.measure.precision",
    "ensemble_switchover.measure.quality",
    "ensemble_switchover.measure.required_package",
    "ensemble_switchover.measure.samples",
    "ensemble_switchover.measure.script",
    "ensemble_switchover.measure.table",
    "ensemble_switchover.measure.timed_file",
    "ensemble_switchover.measure.timing",
    "ensemble_switchover.measure.torch_archive",
    "ensemble_switchover.measure.torch_file",
    "ensemble_switchover.measurement.file_formats",
    "ensemble_switchover.serving.onnx_cascade",
)
"""Each is in the archive at its own path; the packages around them are empty there."""
_START = """\
import sys

from ensemble_switchover.measure.__main__ import main

sys.exit(main())
"""
"""What Python runs of the archive."""
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first date that an archive can tell."""


def script_content() -> bytes:
    """Pack the modules; also out of the packed file itself."""
    files = {f"{name.replace('.', '/')}.py": _source(name) for name in PACKED_MODULES}
    for name in list(files):
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            files["/".join([*parts[:depth], "__init__.py"])] = ""
    files["__main__.py"] = _START
    archive, script = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, text in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system = 3  # Unix, wherever it is packed
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, text)
    archive.seek(0)
    zipapp.create_archive(archive, script, interpreter="/usr/bin/env python3")
    return script.getvalue()


def write_script(path: Path) -> None:
    """Write the packed file whole or not at all, and let it be started.

    Raises:
        MeasureError: if something else is there, or it cannot be written.
    """
    if descriptor_of(path) is None and path.exists() and not _is_script(path):
        raise MeasureError(
            f"--write-script {path}: is there, and is nothing that --write-script wrote, so it is "
            f"kept; expected a new name such as {SCRIPT_FILE}"
        )
    try:
        write_file(path, script_content())
        if path.is_file():
            mode = path.stat().st_mode
            path.chmod(mode | (mode & 0o444) >> 2)  # whoever may read it may start it
    except OSError as error:
        raise MeasureError(f"--write-script {path}: {error.strerror}") from error


def _source(name: str) -> str:
    """Return the text of a module, which is not run for it."""
    spec = find_spec(name)
    loader: Any = spec.loader if spec else None
    text: str = loader.get_source(name)
    return text


def _is_script(path: Path) -> bool:
    """Return whether a file is an earlier one of these: not a wheel, which starts nothing."""
    if not path.is_file():  # a device such as /dev/full would be read without end
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
    return {"__main__.py", "ensemble_switchover/measure/script.py"} <= names
