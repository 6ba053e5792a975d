"""Measures computed again from kept predictions, of records that stay as they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ensemble_switchover.errors import RecordError
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from ensemble_switchover.measurement.classification import ece, nll_nats
from ensemble_switchover.results.__main__ import main
from ensemble_switchover.results.check import check_record
from ensemble_switchover.results.layout import RECOMPUTED_FILE, RECORD_FILE
from ensemble_switchover.results.measure_cascades import make_cascades
from ensemble_switchover.results.measure_quality import measure_quality
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    predictions_file,
)
from ensemble_switchover.results.recompute import recompute_epoch, recompute_run
from ensemble_switchover.results.run_table import list_epochs, list_runs
from ensemble_switchover.results.store import read_record, write_record
from tests.factories import make_record

NUM_IMAGES, CLASSES, LAST = 200, 3, 3


def logits(k=4, scale=12.0, seed=0):
    """Members that err on some images with a confidence of exactly 1."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(NUM_IMAGES) % CLASSES
    found = scale * torch.randn(k, NUM_IMAGES, CLASSES, generator=generator)
    found[:, torch.arange(NUM_IMAGES), labels] += 1.5 * scale
    return found, labels


def predicted(*, half, scale=12.0):
    found, labels = logits(scale=scale)
    if half:
        probabilities = found.softmax(dim=-1).half().numpy()
        return Predictions.of_probabilities(probabilities, labels.numpy())
    return Predictions(
        found.double().log_softmax(dim=-1).float().numpy(), labels.numpy().astype(np.int32)
    )


def right_eces(scale=12.0):
    found, labels = logits(scale=scale)
    members = found.softmax(dim=-1)
    return [ece(each, labels) for each in (members.mean(dim=0), *members)]


@pytest.fixture
def write(tmp_path):
    def write_run(*, half=False, bins="apart", scale=12.0, ece_stored=0.3, keep=True):
        record = make_record(
            design_class="deq",
            k=4,
            test_errors=[60.0, 50.0, 40.0],
            dataset={"num_classes": CLASSES, "test_size": NUM_IMAGES},
        )
        last = replace(
            record.epochs[-1], ece=ece_stored, member_ece=[ece_stored] * 4, ece_bins=bins,
            nll_nats=9.0, brier=1.0,
        )  # fmt: skip
        record = replace(
            record, epochs=[*(replace(e, ece_bins=bins) for e in record.epochs[:-1]), last]
        )
        kept = dump_predictions(predicted(half=half, scale=scale))
        folder = tmp_path / "study" / record.name
        write_record(folder, record, {predictions_file(LAST): kept} if keep else {})
        return folder

    return write_run


def test_what_the_predictions_tell_replaces_the_record_that_stays(write):
    folder = write()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert recompute_run(folder) == [LAST]
    for name, content in files.items():
        assert (folder / name).read_bytes() == content
    record, predictions = read_record(folder / RECORD_FILE), predicted(half=False)
    before, last = record.epochs[0], record.epochs[-1]
    assert [last.ece, *last.member_ece] == pytest.approx(right_eces(), abs=1e-6)
    assert (before.ece_bins, last.ece_bins) == ("apart", "closed")
    found, labels = logits()
    expected = [nll_nats(each, labels) for each in found.double().softmax(dim=-1)]
    assert last.member_nll_nats == pytest.approx(expected)
    assert record.quality == measure_quality(predictions)
    assert last.balanced_error_percent == pytest.approx(record.quality.balanced_error_percent)
    assert last.error_percent == 40.0


def test_tables_have_what_was_computed_again(write):
    folder = write()
    root = folder.parent
    before = list_runs(root).row(0, named=True)
    assert (before["ece"], before["ece_bins"], before["aurc"]) == (0.3, "apart", None)
    recompute_run(folder)
    row = list_runs(root).row(0, named=True)
    assert row["ece"] == pytest.approx(right_eces()[0], abs=1e-6)
    quality = measure_quality(predicted(half=False))
    assert (row["ece_bins"], row["aurc"]) == ("closed", quality.aurc)
    assert row["balanced_error_percent"] == pytest.approx(quality.balanced_error_percent)
    epochs, _ = list_epochs(root, list_runs(root))
    assert epochs["ece_bins"].to_list() == ["apart", "apart", "closed"]
    assert not [problem for problem in check_record(folder).problems if "summary" in problem]


def test_it_is_done_once(write):
    folder = write()
    assert recompute_run(folder) == [LAST]
    content = (folder / RECOMPUTED_FILE).read_bytes()
    assert recompute_run(folder) == []
    assert (folder / RECOMPUTED_FILE).read_bytes() == content


def test_a_run_without_predictions_is_left_as_it_is(write):
    folder = write(keep=False)
    assert recompute_run(folder) is None
    assert not (folder / RECOMPUTED_FILE).exists()


def test_half_precision_tells_an_ece_within_0_0003(write):
    folder = write(half=True)
    recompute_run(folder)
    last = read_record(folder / RECORD_FILE).epochs[-1]
    assert last.ece_bins == "half"
    assert last.member_ece == pytest.approx(right_eces()[1:], abs=3e-4)
    assert last.ece == 0.3  # no wrong answer of the ensemble has a confidence of nearly 1
    assert (last.nll_nats, last.member_nll_nats) == (9.0, [])  # the record's own


def test_where_no_wrong_answer_is_certain_the_ece_of_the_record_is_right(write):
    folder = write(half=True, scale=1.0, ece_stored=0.123)
    recompute_run(folder)
    last = read_record(folder / RECORD_FILE).epochs[-1]
    assert (last.ece, last.member_ece, last.ece_bins) == (0.123, [0.123] * 4, "closed")


def test_half_precision_never_raises_an_ece(write):
    folder = write(half=True, ece_stored=0.001)
    recompute_run(folder)
    last = read_record(folder / RECORD_FILE).epochs[-1]
    assert [last.ece, *last.member_ece] == [0.001] * 5


def test_of_the_oldest_records_all_is_computed():
    epoch = replace(make_record().epochs[-1], ece_bins="apart", member_ece=[])
    found = recompute_epoch(epoch, predicted(half=True, scale=1.0))
    assert (found.ece_bins, len(found.member_ece)) == ("half", 4)


def test_damaged_predictions_are_told_and_the_others_go_on(write, capsys):
    folder = write()
    path = folder / predictions_file(LAST)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RecordError, match="damaged or replaced"):
        recompute_run(folder)
    assert not (folder / RECOMPUTED_FILE).exists()
    assert main([str(folder.parent), "--recompute-quality"]) == 1
    out, err = capsys.readouterr()
    assert "damaged or replaced" in err
    assert out == "1 record: 0 computed again, 0 in order, 0 without predictions, 1 unreadable\n"


def test_the_command_says_what_it_did_and_check_what_is_left(write, capsys):
    folder = write()
    main([str(folder.parent), "--check"])
    out = capsys.readouterr().out
    assert "ECE of 1 record may be too high, by 0." in out
    assert f"results {folder.parent} --recompute-quality computes it again of 1 that kept" in out
    assert main([str(folder.parent), "--recompute-quality"]) == 0
    out = capsys.readouterr().out
    assert f"{folder.name}: computed again after 1 epoch\n" in out
    assert out.endswith("1 record: 1 computed again, 0 in order, 0 without predictions\n")
    assert main([str(folder.parent), "--recompute-quality"]) == 0
    assert "0 computed again, 1 in order" in capsys.readouterr().out
    main([str(folder.parent), "--check"])
    assert "ECE of" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([str(folder.parent), "--recompute-quality", "--check"])


def test_cascades_that_a_record_lacks_are_kept_and_single_networks_have_none(write):
    folder = write()
    assert read_record(folder / RECORD_FILE).cascades == []
    assert recompute_run(folder) == [LAST]
    found = read_record(folder / RECORD_FILE).cascades
    assert found == make_cascades(predicted(half=False))
    assert [cascade.rule for cascade in found] == list(EXIT_RULES)
    assert recompute_run(folder) == []
