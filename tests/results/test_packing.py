"""Studies packed into one archive."""

import io
import zipfile
from dataclasses import replace

import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.__main__ import main
from ensemble_switchover.results.check import check_record
from ensemble_switchover.results.layout import LOG_FILE, RECORD_FILE, TIMINGS_FILE, WEIGHTS_FILE
from ensemble_switchover.results.packing import pack_study
from ensemble_switchover.results.predictions import predictions_file
from ensemble_switchover.results.store import read_records, write_record
from tests.factories import make_record

PREDICTIONS = predictions_file(3)


@pytest.fixture
def study(tmp_path):
    """Two runs with predictions, weights, a log, and a file that was added later."""
    for seed in (0, 1):
        record = make_record(seed=seed)
        folder = tmp_path / "results" / "study" / record.name
        beside = {PREDICTIONS: b"predictions", WEIGHTS_FILE: b"weights", LOG_FILE: b"on someone's"}
        write_record(folder, record, beside)
        (folder / TIMINGS_FILE).write_text("{}")
    return tmp_path / "results" / "study"


def unpack(content, folder):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
        return archive.namelist()


def test_records_and_what_tells_them_are_packed_alone(study, tmp_path):
    packed = pack_study(study)

    names = unpack(packed.content, tmp_path / "unpacked")
    first = min(path.name for path in study.glob("resnet*"))
    of_first = [name.split("/")[2] for name in names if name.split("/")[1] == first]
    assert of_first == ["config.yaml", "epochs.parquet", RECORD_FILE, TIMINGS_FILE]
    assert {name.split("/")[0] for name in names} == {"study"}
    assert (packed.num_records, packed.num_with_predictions) == (2, 0)
    found = read_records(tmp_path / "unpacked")
    assert found.unreadable == []
    assert found.records == read_records(study).records


def test_a_record_that_was_packed_lists_no_file_that_stayed_behind(study, tmp_path):
    unpack(pack_study(study).content, tmp_path)

    for folder in (tmp_path / "study").iterdir():
        (folder / TIMINGS_FILE).unlink()
        problems = check_record(folder).problems
        assert not any(
            name in text for text in problems for name in (PREDICTIONS, WEIGHTS_FILE, LOG_FILE)
        )
        assert not any("checksum" in text or "changed" in text for text in problems)


def test_predictions_are_packed_of_those_runs_that_are_chosen(study, tmp_path, capsys):
    assert (
        main([str(study), "--archive", str(tmp_path / "a.zip"), "--with-predictions", "seed=1"])
        == 0
    )

    assert "2 records in " in (said := capsys.readouterr().out)
    assert "predictions of 1" in said
    names = unpack((tmp_path / "a.zip").read_bytes(), tmp_path / "unpacked")
    (kept,) = [name for name in names if name.endswith(PREDICTIONS)]
    assert (tmp_path / "unpacked" / kept).read_bytes() == b"predictions"
    assert "-s1/" in kept


def test_the_predictions_of_a_run_of_the_same_name_in_another_study_stay_behind(tmp_path):
    record = make_record()
    for study in ("first", "second"):
        folder = tmp_path / "results" / study / record.name
        write_record(folder, replace(record, study=study), {PREDICTIONS: b"predictions"})
    asked = [str(tmp_path / "results"), "--archive", str(tmp_path / "a.zip")]

    assert main([*asked, "--with-predictions", "study='second'"]) == 0

    names = unpack((tmp_path / "a.zip").read_bytes(), tmp_path / "unpacked")
    kept = [name for name in names if name.endswith(PREDICTIONS)]
    assert kept == [f"results/second/{record.name}/{PREDICTIONS}"]
    assert len(read_records(tmp_path / "unpacked").records) == 2


def test_predictions_that_were_removed_are_not_missed(study, tmp_path):
    for path in study.glob(f"*/{PREDICTIONS}"):
        path.unlink()
    names = [path.name for path in study.iterdir()]

    packed = pack_study(study, names)

    assert (packed.num_records, packed.num_with_predictions) == (2, 0)
    unpack(packed.content, tmp_path / "unpacked")
    assert read_records(tmp_path / "unpacked").unreadable == []


def test_one_run_is_packed_by_itself(tmp_path):
    record = make_record()
    write_record(tmp_path / record.name, record, {})

    names = unpack(pack_study(tmp_path / record.name).content, tmp_path / "unpacked")

    assert sorted(names) == [
        f"{record.name}/{name}" for name in ("config.yaml", "epochs.parquet", RECORD_FILE)
    ]
    assert read_records(tmp_path / "unpacked").records == [record]


def test_the_same_records_make_the_same_bytes(study):
    assert pack_study(study).content == pack_study(study).content


def test_one_is_told_of_folders_that_the_records_name(tmp_path):
    record = make_record()
    record.config.update(
        results="/home/someone/results",
        dataset={"root": "~/images", "cache": "images"},
        config_dirs=["file:///srv/options"],
        callbacks={"log": {"dirpath": "/home/someone/logs"}},
    )
    write_record(tmp_path / record.name, record, {})

    assert pack_study(tmp_path).named_folders == (
        *("/home/someone/logs", "/home/someone/results", "/srv/options", "~/images"),
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--archive", "a.zip", "--check"], "--archive packs every record"),
        (["--with-predictions", "seed=0"], "expected --archive beside it"),
        (["--archive", "a.zip", "--with-predictions", "sead=0"], "--with-predictions sead=0: "),
        (["--archive", "."], "is a folder; expected a file such as study.zip"),
    ],
)
def test_wrong_words_are_one_sentence(study, words, complaint, capsys):
    try:
        code = main([str(study), *words])
    except SystemExit as error:
        code = error.code

    assert code == 2
    assert complaint in capsys.readouterr().err


def test_a_folder_without_records_is_refused(tmp_path):
    with pytest.raises(RecordError, match="has no finished run"):
        pack_study(tmp_path)
