"""`python -m ensemble_switchover.export`, from a run to a file that other programs run."""

import json
import math
import re
import resource
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from ensemble_switchover import export
from ensemble_switchover.data import load_dataset
from ensemble_switchover.results.layout import (
    CONFIG_FILE,
    EPOCHS_FILE,
    LOG_FILE,
    RECORD_FILE,
    WEIGHTS_FILE,
    checkpoint_folder,
    unfinished_folder,
)
from ensemble_switchover.results.predictions import predictions_file
from ensemble_switchover.results.store import (
    read_record,
    write_record,
)
from ensemble_switchover.runner.job import run_job
from ensemble_switchover.serving import exported_cascade, exported_file, load_ensemble
from ensemble_switchover.serving.exported_cascade import CascadeDifferences
from ensemble_switchover.serving.onnx_cascade import OnnxCascade, read_cascade_manifest
from ensemble_switchover.serving.weights import dump_weights
from tests.factories import make_record
from tests.trained import make_trained

pytestmark = pytest.mark.slow


def call(capsys, *arguments):
    capsys.readouterr()
    try:
        code = export.main([str(argument) for argument in arguments])
    except SystemExit as end:
        code = end.code
    return code, *capsys.readouterr()


@pytest.fixture
def trained_run(tiny_spec):
    def make(*overrides):
        spec, config = tiny_spec(
            "design=deq", "k=2", "budget.depth=8", "budget.width=8", *overrides
        )
        run_job(spec, config, concurrent_jobs=1)
        return spec

    return make


@pytest.fixture
def run(tmp_path):
    """Write a run whose weights are made up."""
    record = make_record(design_class="deq", depth=26, width=12, k=2)
    folder = tmp_path / "study" / record.name
    content = dump_weights(make_trained(k=2))
    write_record(folder, record, {WEIGHTS_FILE: content})
    return folder


def test_another_program_makes_the_errors_that_the_record_states(trained_run, capsys):
    spec = trained_run("epochs=4", "execution=fused")
    code, printed, complaint = call(capsys, spec.folder, "--format", "onnx")
    assert (code, complaint) == (0, "")
    first, second, path = printed.splitlines()
    assert path == str(spec.folder / "ensemble.onnx")
    assert first.startswith("2 resnets 8x")
    assert "kB" in first
    assert second.startswith("probabilities differ by at most ")

    record = read_record(spec.folder / RECORD_FILE)
    test = load_dataset(spec.dataset, spec.train_size, spec.test_size).test
    session = onnxruntime.InferenceSession(path)
    (probabilities,) = session.run(None, {"images": test.images.numpy()})
    num_wrong = int((probabilities.argmax(axis=1) != test.labels.numpy()).sum())
    assert 100 * num_wrong / len(test) == pytest.approx(record.epochs[-1].error_percent)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert session.get_modelmeta().custom_metadata_map == {
        "run": record.name,
        "fingerprint": record.fingerprint,
        "execution": "sequential",
        "test_error_percent": repr(record.epochs[-1].error_percent),
        "class_names": json.dumps([str(digit) for digit in range(10)]),
    }


def test_a_cascade_is_a_folder_that_answers_as_the_served_one(trained_run, capsys):
    spec = trained_run("epochs=4")
    record = read_record(spec.folder / RECORD_FILE)
    arguments = (spec.folder, "--format", "onnx", "--execution", "cascade")
    code, printed, complaint = call(capsys, *arguments)
    assert (code, complaint) == (0, "")
    first, second, out = printed.splitlines()
    assert out == str(spec.folder / "cascade_onnx")
    chosen = record.cascades[0]
    assert f", cascade until confidence is {chosen.threshold:.6g}, as onnx: " in first
    assert re.fullmatch(
        r"probabilities differ by at most \S+ from the original's, and \d+ of \d+ answers asked as "
        r"many members(, the others by rounding of the score)?, on images of noise",
        second,
    )
    manifest = read_cascade_manifest(Path(out))
    assert (manifest.rule, manifest.threshold) == ("confidence", chosen.threshold)
    assert manifest.order == tuple(chosen.order)
    assert manifest.facts["test_error_percent"] == record.error_percent
    assert manifest.facts["run"] == record.name
    assert manifest.facts["cascade"] == {
        "test_error_percent": chosen.error_percent,
        "mean_members": chosen.mean_members,
    }
    test = load_dataset(spec.dataset, spec.train_size, spec.test_size).test
    scores = load_ensemble(spec.folder).member_probabilities(test.images)[0].amax(dim=1)
    middle = float(scores.double().quantile(0.5))
    for threshold in (None, middle, 0, 1.5):  # with every image of the run
        served = load_ensemble(spec.folder, execution="cascade", threshold=threshold)
        expected = served.answer(test.images)
        probabilities, asked = OnnxCascade(out, threshold=threshold).predict(test.images.numpy())
        same = asked == expected.members_asked.numpy()
        near = abs(scores - served.settings.threshold).numpy() < 1e-5
        assert (same | near).all()
        assert same.mean() > 0.95
        assert abs(probabilities - expected.probabilities.numpy())[same].max() < 1e-5

    code, printed, _ = call(capsys, *arguments, "--threshold", "0.75", "--rule", "margin")
    assert code == 0  # the former one is replaced
    manifest = read_cascade_manifest(Path(out))
    assert (manifest.rule, manifest.threshold) == ("margin", 0.75)
    assert "cascade" not in manifest.facts
    assert not list(spec.folder.glob(".writing-*"))


@pytest.mark.parametrize("execution", ["sequential", "cascade"])
def test_the_side_from_which_images_were_averaged_is_told(execution, trained_run, capsys):
    spec = trained_run("epochs=1", "dataset.image_size=4")
    arguments = ("--format", "onnx", "--execution", execution)
    asked = ("--threshold", "0.5") if execution == "cascade" else ()
    code, printed, complaint = call(capsys, spec.folder, *arguments, *asked)
    assert (code, complaint) == (0, "")
    *_, told, out = printed.splitlines()
    assert told.startswith(
        "its images were averaged over areas from 8x8 to 4x4 pixels, and so must"
    )
    file = Path(out)
    if execution == "cascade":
        manifest = read_cascade_manifest(file)
        assert (manifest.averaged_from, manifest.image_shape) == (8, (1, 4, 4))
        file = file / "member-0.onnx"
    session = onnxruntime.InferenceSession(file)
    assert session.get_modelmeta().custom_metadata_map["averaged_from"] == "8"
    assert session.get_inputs()[0].shape[1:] == [1, 4, 4]


def test_a_run_keeps_no_weights_where_that_is_asked_for(trained_run, capsys):
    spec = trained_run("record.weights=false")
    names = {path.name for path in spec.folder.iterdir()}
    assert names == {CONFIG_FILE, EPOCHS_FILE, LOG_FILE, RECORD_FILE, predictions_file(1)}
    code, printed, complaint = call(capsys, spec.folder, "--format", "onnx")
    assert (code, printed) == (2, "")
    assert "the run kept no weights; to train it again, repeat its overrides with" in complaint


def test_weights_change_nothing_about_which_run_it_is(tiny_spec):
    assert tiny_spec("record.weights=false")[0].fingerprint == tiny_spec()[0].fingerprint


def options_of(folder):
    return [str(folder), "--format", "torch_export"]


def cascade_of(folder):
    return [*options_of(folder), "--execution", "cascade"]


def unfinished_in_its_own_folder(folder):
    shutil.rmtree(folder)
    checkpoint_folder(folder).mkdir(parents=True)
    (checkpoint_folder(folder) / "000007.checkpoint").touch()
    return options_of(unfinished_folder(folder))


def damaged(folder):
    (folder / WEIGHTS_FILE).write_bytes(b"no weights")
    return options_of(folder)


def flipped(folder):
    path = folder / WEIGHTS_FILE
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    return options_of(folder)


def another_runs(folder):
    other = make_trained(k=2)
    other.ensemble.members[0].load_state_dict(other.ensemble.members[1].state_dict())
    (folder / WEIGHTS_FILE).write_bytes(dump_weights(other))
    return options_of(folder)


def without_weights_of_its_own(folder):
    content = (folder / WEIGHTS_FILE).read_bytes()
    shutil.rmtree(folder)
    write_record(folder, make_record())
    (folder / WEIGHTS_FILE).write_bytes(content)
    return options_of(folder)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (
            lambda folder: options_of(folder / "absent"),
            "absent: no such folder; expected the folder",
        ),
        (unfinished_in_its_own_folder, "the run is not finished: 7 epochs done; to go on: the com"),
        (damaged, "weights.safetensors: damaged or replaced: expected 31,760 bytes, found 10; "),
        (flipped, "weights.safetensors: damaged or replaced: expected SHA-256 "),
        (another_runs, "weights.safetensors: damaged or replaced: expected SHA-256 "),
        (without_weights_of_its_own, "was written without such a file, so it is another run's"),
        (options_of, "expected the weights of 2 x resnet 26x8, found 2 x resnet 8x3: they"),
        (
            lambda folder: [*options_of(folder / RECORD_FILE), "--out", str(folder)],
            "is a folder; expected a file such as ensemble.pt2",
        ),
        (
            lambda folder: [*options_of(folder), "--out", str(folder / WEIGHTS_FILE)],
            "is a file of the run ",
        ),
        (
            lambda folder: [*options_of(folder), "--threshold", "0.5"],
            "threshold=0.5: execution=sequential asks every member of every image; expected exec",
        ),
        (
            lambda folder: cascade_of(folder),
            "execution=cascade: the run's record has no cascade of rule=confidence, from which a "
            "threshold would be taken; expected one, such as --threshold 0.99",
        ),
        (
            lambda folder: [*cascade_of(folder), "--threshold", "-1"],
            "--threshold -1.0: expected a finite number of at least 0",
        ),
        (
            lambda folder: [*cascade_of(folder), "--threshold", "1", "--out", str(folder)],
            "is the folder of a run; expected another, or one in it",
        ),
        (
            lambda folder: [*cascade_of(folder), "--threshold", "1", "--out", str(folder.parent)],
            "is not empty, and no exported cascade, which would be replaced",
        ),
    ],
)
def test_a_mistake_is_one_message(prepare, message, run, capsys):
    arguments = prepare(run)
    before = sorted(run.parent.rglob("*"))
    code, printed, complaint = call(capsys, *arguments)
    assert (code, printed) == (2, "")
    assert message in complaint
    assert len(complaint.splitlines()) == 1
    assert sorted(run.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "tflite"], "invalid choice: 'tflite'"),
        (["--format", "onnx", "--execution", "parallel"], "invalid choice: 'parallel'"),
        ([], "required: --format"),
    ],
)
def test_an_unknown_argument_is_a_mistake_in_usage(arguments, message, run, capsys):
    code, _, complaint = call(capsys, run, *arguments)
    assert code == 2
    assert message in complaint


def test_a_missing_package_is_named_with_the_command_that_installs_it(run, capsys, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    code, _, complaint = call(capsys, run, "--format", "onnx")
    assert code == 2
    assert complaint == (
        "--format onnx: onnx, onnxscript, onnxruntime not installed; "
        "pip install 'ensemble-switchover[export]' installs what the format needs\n"
    )


def test_a_file_that_differs_is_a_failure_and_is_not_there(trained_run, capsys, monkeypatch):
    spec = trained_run()
    monkeypatch.setattr(exported_file, "largest_difference", lambda *_: 2e-5)
    code, printed, complaint = call(capsys, spec.folder, "--format", "torch_export")
    assert (code, printed) == (1, "")
    assert "not written: its probabilities differ by up to 2.0e-05" in complaint
    assert len(complaint.splitlines()) == 1
    assert not list(spec.folder.glob("ensemble*"))


def test_a_cascade_that_differs_is_a_failure_and_the_former_one_stays(
    trained_run, capsys, monkeypatch
):
    spec = trained_run()
    arguments = (*cascade_of(spec.folder), "--threshold", "0.5")
    assert call(capsys, *arguments)[0] == 0
    out = spec.folder / "cascade_torch_export"
    before = (out / "cascade.json").read_bytes()
    for largest, num_wrong in ((2e-5, 0), (math.nan, 0), (0.0, 3)):
        found = CascadeDifferences(
            largest=largest, num_answers=104, num_by_rounding=0, num_wrong=num_wrong
        )
        monkeypatch.setattr(exported_cascade, "compare_cascade", lambda *_, f=found: f)
        code, printed, complaint = call(capsys, *arguments)
        assert (code, printed) == (1, "")
        assert complaint == (
            f"{out}: not written: its probabilities differ by up to {largest:.1e} from the "
            f"original's, on images of noise, at most 1e-05 is allowed, and {num_wrong} answers of "
            f"104 asked other members\n"
        )
        assert (out / "cascade.json").read_bytes() == before
    assert not list(spec.folder.glob(".writing-*"))


def test_a_full_disk_leaves_no_part_of_a_cascade(trained_run, capsys):
    folder = trained_run().folder
    before = sorted(folder.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        code, printed, complaint = call(capsys, *cascade_of(folder), "--threshold", "0.5")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, printed) == (1, "")
    assert complaint.startswith(f"{folder / 'cascade_torch_export'}: File too large; ")
    assert len(complaint.splitlines()) == 1
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("form", export.SUFFIXES)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(form, trained_run, capsys):
    folder = trained_run().folder
    before = sorted(folder.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        code, printed, complaint = call(capsys, folder, "--format", form)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, printed) == (1, "")
    out = folder / f"ensemble{export.SUFFIXES[form]}"
    assert complaint.startswith(f"{out}: File too large; ")
    assert len(complaint.splitlines()) == 1
    assert sorted(folder.iterdir()) == before
