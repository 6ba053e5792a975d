"""`python -m ensemble_switchover.plan`, as a user calls it."""

import csv
import io
import json
import shutil

import pytest

from ensemble_switchover import plan as plan_module
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import Study, resolve_study
from ensemble_switchover.plan import main
from ensemble_switchover.planning import basis as machine_module
from ensemble_switchover.planning.calibration import calibration_folder, write_calibration
from ensemble_switchover.planning.plan_rows import PLAN_COLUMNS
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import write_record
from ensemble_switchover.sweep.planned_hours import PlannedHours
from tests.config.image_folders import make_files
from tests.factories import make_record
from tests.planning.synthetic import make_calibration


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "118")
    monkeypatch.setattr(machine_module, "processor_name", lambda: "Example CPU")
    monkeypatch.setattr(machine_module, "gpus", lambda: ())
    monkeypatch.setattr(machine_module, "devices", lambda: ("cpu",))
    monkeypatch.setattr(machine_module, "main_memory_bytes", lambda: 2**34)


def test_a_run_is_planned_and_nothing_is_left_behind(tmp_path, capsys):
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert "1 run, 0 finished before, 1 to do: 100 training steps" in out
    assert "Memory from shapes; the most: " in out
    assert err == ""
    assert list(tmp_path.iterdir()) == []


WORDS = ("design=single,deq,weq", "k=2,4", "seed=0,1", "epochs=3")


def specs():
    return resolve_study(config for _, part in compose_overrides(WORDS) for config in part).specs


@pytest.mark.parametrize("form", ["csv", "json"])
def test_every_run_is_a_row_for_other_programs(form, capsys):
    write_calibration(make_calibration(), calibration_folder(None))
    environment = {"precision": "32", "device_name": "Example CPU"}
    expected = specs()
    write_record(expected[0].folder, make_record(environment=environment))
    assert main([*WORDS, "--format", form]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    rows = json.loads(out) if form == "json" else list(csv.DictReader(io.StringIO(out)))
    assert [row["name"] for row in rows] == [spec.name for spec in expected]
    assert list(rows[0]) == list(PLAN_COLUMNS)
    for row, spec in zip(rows, expected, strict=True):
        assert (int(row["depth"]), int(row["width"])) == (spec.design.depth, spec.design.width)
        assert int(row["parameters"]) == spec.design.parameters
        assert float(row["budget_fill"]) == spec.design.budget_fill
        assert float(row["predicted_training_seconds"]) > 0
    assert [row["state"] for row in rows] == ["finished", *["absent"] * (len(rows) - 1)]
    assert float(rows[0]["steady_training_seconds"]) == 3


def test_a_machine_whose_memory_does_not_suffice_ends_in_1(capsys):
    words = ["arch=wide_resnet", "dataset=cifar10", "budget.width=100,4", "--machine", "t4"]
    assert main(words) == 1
    lines = capsys.readouterr().out.splitlines()
    refused = [line for line in lines if line.startswith("Does not fit into memory")]
    assert refused == [
        "Does not fit into memory: single k=1 of wide_resnet 28x100 on cifar10, batch size 128"
    ]
    assert main([*words, "--format", "json"]) == 1
    assert [row["fits"] for row in json.loads(capsys.readouterr().out)] == [False, True]
    words[-1] = "h200"
    assert main(words) == 0


def test_a_calibration_that_cannot_be_read_is_told_and_no_crash(capsys):
    calibration_folder(None).mkdir(parents=True)
    (calibration_folder(None) / "cpu.json").write_text("{")
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert "Example CPU is not calibrated" in out
    assert "left out" in err
    assert len(err.splitlines()) == 1


def test_a_damaged_record_is_still_to_do(capsys):
    (spec,) = resolve_study(compose_overrides([])[0][1]).specs
    spec.folder.mkdir(parents=True)
    (spec.folder / RECORD_FILE).write_text("{")
    assert main(["--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["state"] == "unreadable"


def test_a_calibration_is_made_first_when_asked_for(capsys, monkeypatch):
    from ensemble_switchover.machine.hardware import processor_name
    from ensemble_switchover.runner import calibrate as calibrate_module

    monkeypatch.setattr(machine_module, "processor_name", processor_name)
    words = ["budget.depth=8", "budget.width=2", "device=cpu", "recipe.batch_size=4", "threads=1"]
    assert calibrate_module.MIN_TIMED_STEPS == 3
    assert main([*words, "--calibrate", "0.01"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("calibration: resnet shortcut=identity 8x2 on 1 channels")
    assert "Seconds from the calibration of" in out
    assert main(words) == 0
    assert "Seconds from the calibration of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--machine", "foo"], "--machine foo: expected a part of the name of a calibrated device"),
        (["--machine="], "--machine : expected a part of the name"),
        (["--machine", "h200", "device=cpu"], "--machine h200: is a cuda device"),
        (["k=0,65"], "2 problems:\n  - k=0: expected 1 to 64 members\n  - k=65: expected"),
        (["budget.network=40"], "budget.network=40: expected depth x width in one word, as 40x12"),
        (["arch=densenet", "budget.network=40x12", "budget.depth=40"],
         "budget.depth=40: budget.network=40x12 says it; expected one of the two"),
        (["budget.depth="], "budget.depth=: expected a value of type Integer"),
        (["sweep=nope"], "sweep=nope: expected one of demo"),
        (["design=[]"], "design: expected a value, none came; give design=..."),
        (["k="], "k=: expected a value of type Integer"),
        (["hello"], "hello: cannot be read"),
        (["dataset.num_classes=0", "dataset.channels=-1"],
         "2 problems:\n  - dataset.channels=-1: expected 1 to 1024\n  - dataset.num_classes=0"),
        (["design=weq", "k=64"],
         "nothing to run:\n  - resnet on digits: design=weq k=64: 64 networks of width 8"),
        (["results=/dev/null"], "results=/dev/null: expected a folder, but /dev/null is none"),
        (["results=/dev/null/x"], "results=/dev/null/x: expected a folder"),
        (["device=cuda", "--calibrate", "1"], "device=cuda: this machine has"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_message(words, message, capsys):
    import torch

    if "device=cuda" in words and torch.cuda.is_available():
        pytest.skip("a CUDA device is there")
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "abc", "k=2"])
def test_a_calibration_takes_seconds(seconds, capsys):
    with pytest.raises(SystemExit) as ending:
        main([f"--calibrate={seconds}"])
    assert ending.value.code == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.endswith(
        f"expected more than 0 seconds, and {seconds} came; overrides come before it"
    )


def test_named_sweeps_are_planned_together_each_run_once(capsys):
    assert main(["sweep=demo,table_d,demo", "k=4", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    assert {(row["family"], row["k"]) for row in rows} == {
        (family, k) for family in ("resnet", "wide_resnet") for k in (1, 4)
    }


def test_a_folder_is_checked_before_its_plan_is_shown(tmp_path, capsys):
    counts = {"train/cat": 20, "train/dog": 20, "Val/cat": 5, "Val/dog": 5}
    root = make_files(tmp_path / "own", counts)
    shutil.copy(root / "train/cat/19.png", root / "Val/dog/4.png")
    words = ("dataset=folder", f"dataset.root={root}", *WORDS)
    assert main(list(words)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "dataset=folder: 50 images of 2 classes: 40 to train on, 10 to test on",
        "dataset=folder: images of a class, as they are used: cat 20 + 5, dog 20 + 5",
    ]
    for said in (
        "the images in Val are used",
        "one label is wrong",
        "1 of 10 test images are also",
    ):
        assert sum(said in line for line in lines) == 1
    (root / "Val" / "dog" / "5.heic").write_bytes(b"\0\0\0\x18ftypheic")
    assert main([*words, "--format", "csv"]) == 2
    assert "1 HEIC image; convert HEIC images with heif-convert" in capsys.readouterr().err


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as ending:
        main(["--help"])
    assert ending.value.code == 0
    out = capsys.readouterr().out
    for option in ("--format", "--machine", "--calibrate"):
        assert option in out


def test_hours_show_the_first_block_and_say_on_the_error_output_what_is_timed(monkeypatch, capsys):
    def plan_hours(study, configs, overrides, asked, place, *, timing_seconds):
        print("timing something")
        assert (asked.hours, asked.fixed_epochs, timing_seconds) == (0.5, True, None)
        first = study.specs[:2]
        return PlannedHours(Study(first, [], [0, 1], 2), ["first block: of two runs"])

    monkeypatch.setattr(plan_module, "plan_hours", plan_hours)
    words = ("sweep=smoke", "epochs=3", "sweep.hours=0.5")
    assert main([*words, "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert len(list(csv.DictReader(io.StringIO(out)))) == 2
    assert err == "timing something\n"
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "first block: of two runs"
