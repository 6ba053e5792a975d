import pytest

from ensemble_switchover.api.composition import compose
from ensemble_switchover.api.records import load_record
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.store import write_failure, write_record
from tests.factories import make_record


def test_a_record_is_found_by_its_run_its_folder_and_its_file(tmp_path):
    run = compose("design=deq", k=2, results=tmp_path, study="mine")
    write_record(run.folder, make_record(name=run.name))
    record = load_record(run)
    assert record.name == run.name
    assert load_record(run.folder) == record
    assert load_record(str(run.folder / "record.json")) == record
    assert len([epoch.error_percent for epoch in record.epochs]) == record.recipe.epochs


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent", "absent: no such folder; expected the folder of a run"),
        ("failed", "failed: the run failed: it diverged"),
        ("", "no record.json in it; expected the folder of one finished run"),
    ],
)
def test_where_there_is_no_record_the_reason_is_told(name, sentence, tmp_path):
    write_failure(tmp_path / "failed", "failed", "it diverged")
    with pytest.raises(RecordError) as caught:
        load_record(tmp_path / name)
    assert sentence in str(caught.value)
