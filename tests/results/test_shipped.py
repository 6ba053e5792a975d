"""The studies that the package brings along."""

from __future__ import annotations

import re
import runpy
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.results.check import check_record
from ensemble_switchover.results.layout import LOG_FILE
from ensemble_switchover.results.shipped import ShippedStudy, main, unpack_study
from ensemble_switchover.results.store import read_records

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable

STUDIES = get_args(ShippedStudy)
DOCUMENTS = Path(__file__).parents[2] / "docs"
MAKE_STUDIES = runpy.run_path(str(DOCUMENTS / "make_studies.py"))


@pytest.mark.parametrize("name", STUDIES)
def test_the_records_are_whole_and_those_of_the_sweep(name: ShippedStudy, tmp_path: Path) -> None:
    folder = unpack_study(name, tmp_path / "results")

    found = read_records(folder)

    assert folder == tmp_path / "results" / name
    assert found.unreadable == []
    configs = [config for _, part in compose_overrides([f"sweep={name}"]) for config in part]
    specs = resolve_study(configs).specs
    assert {r.fingerprint for r in found.records} == {spec.fingerprint for spec in specs}
    assert [check_record(folder / record.name).problems for record in found.records] == [[]] * len(
        specs
    )


@pytest.mark.parametrize("name", STUDIES)
def test_an_archive_is_small_and_tells_no_ones_folders(name: ShippedStudy, tmp_path: Path) -> None:
    path = files("ensemble_switchover.results") / f"{name}.zip"

    assert len(path.read_bytes()) < 5_000_000
    texts = [p.read_text("utf-8") for p in unpack_study(name, tmp_path).rglob("*.[jy][sa]*")]
    assert len(texts) == 2 * len(read_records(tmp_path).records)
    assert not any(re.search(r"[\s\"':=](/|~|[A-Z]:\\)", text) for text in texts)
    assert list(tmp_path.rglob(LOG_FILE)) == []  # which name the computer


def test_what_cannot_be_unpacked_whole_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(archive: zipfile.ZipFile, folder: str) -> None:
        archive.extract(archive.namelist()[0], folder)
        raise OSError("No space left on device")

    monkeypatch.setattr("zipfile.ZipFile.extractall", fill_the_disk)

    assert main(["demo", "--results", str(tmp_path / "results")]) == 1

    assert list((tmp_path / "results").iterdir()) == []


@pytest.mark.parametrize("harm", [lambda c: c[: len(c) // 2], lambda c: c[:5000] + b"x" + c[5001:]])
def test_a_damaged_archive_is_one_sentence_and_leaves_nothing(
    harm: Callable[[bytes], bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damaged = tmp_path / "demo.zip"
    damaged.write_bytes(harm((files("ensemble_switchover.results") / "demo.zip").read_bytes()))
    monkeypatch.setattr("ensemble_switchover.results.shipped.files", lambda _: tmp_path)

    assert main(["demo", "--results", str(tmp_path / "results")]) == 2

    (complaint,) = capsys.readouterr().err.splitlines()
    assert complaint.startswith(f"{damaged}: damaged: ")
    assert complaint.endswith("install the package again")
    assert list((tmp_path / "results").iterdir()) == []


def test_a_study_of_ones_own_is_not_mixed_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'demo'}\n"

    assert main(["demo", "--results", str(tmp_path)]) == 2
    assert "is there already; expected a store without 'demo'" in capsys.readouterr().err


@pytest.mark.parametrize("name", MAKE_STUDIES["DESCRIBED"])
def test_the_documents_tables_are_those_of_the_records(name: ShippedStudy) -> None:
    tables = MAKE_STUDIES["make_tables"](name)

    assert len(tables) == 4
    for page, text in tables.items():
        assert (DOCUMENTS / name / page).read_text("utf-8") == text
