"""Runs that learned nothing are flagged, in old records too, and stay in every number."""

import io
import json
import math
from dataclasses import asdict, replace

import polars as pl
import pytest
from scipy.stats import binom

from ensemble_switchover import report
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.flags import flags_of_run, most_errors_below_chance
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import read_record, read_records, write_record
from ensemble_switchover.tracking.metrics import summary_metrics
from tests.factories import make_record, make_study, planted_error, write_signed
from tests.reporting.undrawn import ENCODE, draw_nothing
from tests.results.program import rows, run


@pytest.mark.parametrize("num_images", [1, 10, 100, 747, 26032])
@pytest.mark.parametrize("chance", [0.1, 0.5, 0.9, 0.999])
def test_the_limit_is_that_of_the_binomial_test(num_images, chance):
    limit = most_errors_below_chance(num_images, chance)
    assert limit == -1 or binom.cdf(limit, num_images, chance) <= 0.05
    assert limit == num_images or binom.cdf(limit + 1, num_images, chance) > 0.05


def record_of(error=10.0, members=None, losses=None, share=None, **fields):
    """Make a record of 1,000 test images of ten classes with what its last epoch shows."""
    dataset = {"test_size": 1000, **fields.pop("dataset", {})}
    kind = {"design_class": "single"} if members is None else {"design_class": "deq"}
    record = make_record(dataset=dataset, test_errors=[95.0, 50.0, error], **kind, **fields)
    epochs = list(record.epochs)
    if members is not None:
        epochs[-1] = replace(epochs[-1], member_error_percent=members)
    for number, loss in enumerate(losses or []):
        epochs[number] = replace(epochs[number], train_loss_nats=loss)
    return replace(record, epochs=epochs, largest_class_share=share)


@pytest.mark.parametrize(
    ("record", "flags"),
    [
        (record_of(10.0), ""),
        (record_of(10.0, evaluate_every="3"), ""),
        (record_of(90.0, evaluate_every="3"), "error at chance level"),
        (record_of(10.0, losses=[2.3, 2.3, 2.3], evaluate_every="3"), "training loss constant"),
        (
            record_of(10.0, losses=[2.3, math.nan, 2.0], evaluate_every="3"),
            "error or loss not finite",
        ),
        (record_of(88.3), ""),
        (record_of(88.4), "error at chance level"),
        (record_of(90.0), "error at chance level"),
        (record_of(100.0), "error at chance level"),
        (record_of(10.0, share=0.9), "error at chance level"),
        (record_of(8.0, share=0.9), ""),
        (record_of(50.0, share=0.5), "error at chance level"),
        (record_of(50.0, dataset={"num_classes": 2}), "error at chance level"),
        (record_of(45.0, dataset={"num_classes": 2}), ""),
        (record_of(10.0, [11.0, 90.0, 11.0, 11.0]), "member 1 at chance level"),
        (record_of(10.0, [92.0, 11.0, 11.0, 89.0]), "members 0, 3 at chance level"),
        (record_of(90.0, [90.0] * 4), "error at chance level; all 4 members at chance level"),
        (record_of(10.0, losses=[2.3, 2.3001, 2.2999]), "training loss constant"),
        (record_of(90.0, losses=[2.3] * 3), "error at chance level; training loss constant"),
        (record_of(10.0, losses=[2.3, 2.2, 2.1]), ""),
        (record_of(10.0, losses=[0.0, 0.0, 0.0]), "training loss constant"),
        (record_of(math.nan), "error or loss not finite"),
        (record_of(10.0, losses=[2.3, math.inf, math.nan]), "error or loss not finite"),
        (
            record_of(
                90.0,
                dataset={"evaluated_on": "validation", "validation_size": 500, "test_size": 0},
            ),
            "error at chance level",
        ),
        (record_of(90.0, dataset={"test_size": 0}), ""),
    ],
)
def test_what_shows_that_nothing_was_learned_is_flagged(record, flags):
    assert flags_of_run(record) == flags


@pytest.fixture
def study(tmp_path):
    """A study with one run at chance level, and one with a member there."""
    folder = tmp_path / "demo"
    for record in make_study(planted_error, widths=(8, 10), num_epochs=3, seeds=(0, 1)):
        if record.design.design_class == "single" and record.seed == 1:
            epochs = [replace(epoch, error_percent=91.0) for epoch in record.epochs]
            record = replace(record, epochs=epochs)
        write_record(folder / record.name, replace(record, flags=flags_of_run(record)))
    return folder


def as_written_before(folder):
    """Take from records what was not in those of before."""
    for path in folder.glob(f"*/{RECORD_FILE}"):
        values = json.loads(path.read_text())
        del values["flags"], values["largest_class_share"]
        write_signed(path, values)


@pytest.mark.parametrize("is_old", [False, True])
def test_a_flag_is_in_record_listing_report_explorer_and_metrics(
    is_old, study, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(ENCODE, draw_nothing)
    if is_old:
        as_written_before(study)
    flagged = {record.name for record in read_records(study).records if record.flags}
    assert len(flagged) == 2
    for name in flagged:
        assert read_document(study / name).record.flags == "error at chance level"
        assert summary_metrics(read_record(study / name / RECORD_FILE))["summary/flagged"] == 1.0
    listed = rows(capsys, study, "--where", "flags != ''")
    assert {row["name"] for row in listed} == flagged
    _, out, _ = run(capsys, study)
    assert all(f"flagged: {name}: error at chance level" in out for name in flagged)
    assert report.main([str(study), "--out", str(tmp_path / "out")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    note = "2 of 12 runs are flagged (column flags of runs.csv) and in every number: "
    page = (tmp_path / "out" / "index.html").read_text()
    assert note in printed
    assert note in page
    assert "<th>Flags</th>" in page.replace(' scope="col"', "").replace(' class="text"', "")
    table = pl.read_csv(tmp_path / "out" / "runs.csv").filter(pl.col("flags") != "")
    assert set(table["name"]) == flagged
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert {entry["name"] for entry in summary["flagged"]} == flagged
    facts = build_content(read_records(study).records, lambda _: None)["facts"]
    assert ("Flagged", "1 of 2: seed 1: error at chance level") in facts


def test_no_number_depends_on_a_flag(study, tmp_path, monkeypatch):
    monkeypatch.setattr(ENCODE, draw_nothing)
    monkeypatch.setattr(report, "make_console", lambda: None)
    report.main([str(study), "--out", str(tmp_path / "with")])
    plain = tmp_path / "plain"
    monkeypatch.setattr("ensemble_switchover.results.store.flags_of_run", lambda _: "")
    report.main([str(study), "--out", str(plain)])
    assert (tmp_path / "with" / "runs.csv").read_bytes() != (plain / "runs.csv").read_bytes()
    for path in sorted(plain.rglob("*.csv")):
        flagged = pl.read_csv(tmp_path / "with" / path.relative_to(plain))
        without = pl.read_csv(path)
        for frame in (flagged, without):
            if "flags" in frame.columns:
                frame.drop_in_place("flags")
        assert flagged.equals(without), path
    one, other = (
        json.loads((folder / "summary.json").read_text()) for folder in (tmp_path / "with", plain)
    )
    assert other.pop("flagged") == []
    one.pop("flagged")
    assert one == other


def test_a_table_of_runs_has_the_flags_as_text():
    table = tabulate_runs([replace(make_record(), flags="error at chance level"), make_record()])
    buffer = io.StringIO(table.write_csv())
    assert pl.read_csv(buffer)["flags"].to_list() == ["error at chance level", ""]


def test_the_share_of_the_largest_class_makes_no_setting_of_its_own():
    known = replace(make_record(), largest_class_share=0.1)
    assert tabulate_runs([known, make_record(seed=1)])["setting"].n_unique() == 1
    assert "largest_class_share" not in asdict(known.dataset)
