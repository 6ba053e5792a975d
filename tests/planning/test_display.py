"""A plan as people read it."""

import dataclasses
import io

import pytest
from rich.console import Console

from ensemble_switchover.config.study import Study
from ensemble_switchover.planning import display
from ensemble_switchover.planning.display import show_plan
from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.results.layout import checkpoint_folder
from ensemble_switchover.results.store import write_failure, write_record
from ensemble_switchover.sweep.job_forecast import forecast_jobs
from tests.factories import make_record
from tests.planning.synthetic import HERE, make_calibration
from tests.planning.test_job_cost import rescaled

pytestmark = pytest.mark.usefixtures("example_machine")


def shown(forecasts, *, impossible=(), concurrent_jobs=1, together="none", calibrations=()):
    console = Console(file=io.StringIO(), width=118)
    specs = [entry.spec for entry in forecasts]
    study = Study(specs, list(impossible), list(range(len(specs))), len(specs))
    jobs = forecast_jobs(forecasts, together, concurrent_jobs, calibrations)
    show_plan(console, study, forecasts, jobs=jobs, concurrent_jobs=concurrent_jobs)
    return console.file.getvalue().splitlines()


@pytest.fixture
def specs(tiny_spec):
    """Two seeds of a single network and of an ensemble; the first is finished."""
    overrides = [("design=single",), ("design=deq", "k=2")]
    runs = [tiny_spec(*entry, f"seed={seed}")[0] for entry in overrides for seed in (0, 1)]
    write_record(runs[0].folder, make_record(environment=HERE))
    return runs


def test_runs_of_a_design_are_a_line(specs):
    lines = shown(forecast(specs, [], None))
    rows = [line.split() for line in lines if line.lstrip().startswith("26x8")]
    assert [(row[1], row[-1]) for row in rows] == [("single", "1/2"), ("deq", "0/2")]
    assert "4 runs, 1 finished before, 3 to do: 15 training steps" in "\n".join(lines)


def test_what_is_begun_is_told_by_its_state(specs):
    write_failure(specs[1].folder, specs[1].name, "reason")
    checkpoints = checkpoint_folder(specs[2].folder)
    checkpoints.mkdir(parents=True)
    (checkpoints / "000002.checkpoint").touch()
    text = "\n".join(shown(forecast(specs, [], None)))
    assert "4 runs, 1 finished before, 3 to do (1 interrupted, 1 failed): 15 training" in text


def test_without_a_calibration_there_are_no_seconds(specs):
    text = "\n".join(shown(forecast(specs, [], None)))
    assert "Seconds from nothing: Example CPU is not calibrated" in text
    assert "To do, one run after another" not in text
    assert "No finished run of this device and these conditions to compare with" in text


def test_a_calibration_says_how_far_off_it_was(specs):
    found = forecast(specs, [make_calibration()], None)
    text = "\n".join(shown(found, concurrent_jobs=2))
    assert "Seconds from the calibration of Example CPU, 2026-01-02" in text
    assert "of 1 finished run on this device: median " in text
    assert "To do, one run after another: about " in text
    assert "the launcher runs 2 at a time" in text
    every = "\n".join(shown(found, concurrent_jobs=-1))
    assert "as many as processors at a time" in every


def test_seeds_together_have_a_column_for_their_number_and_time(specs):
    calibrations = [make_calibration(), rescaled(0.1)]
    found = forecast(specs, calibrations, None)
    lines = shown(found, together="seeds", calibrations=calibrations)
    rows = [line for line in lines if line.lstrip().startswith("26x8")]
    assert " 2 in " in rows[1]
    assert " apart " in rows[0]  # one seed is left
    assert any(line.startswith("Seeds together: of 1 of 2 designs, ") for line in lines)
    assert any(line.startswith("To do, one job after another: about ") for line in lines)
    assert not any("Seeds" in line for line in shown(found, calibrations=calibrations))


def test_a_data_sheet_is_a_lower_bound(tiny_spec):
    specs = [tiny_spec("device=auto", f"seed={seed}")[0] for seed in (0, 1)]
    text = "\n".join(shown(forecast(specs, [], "a100")))
    assert "at least" in text
    assert "Seconds from the data sheet of a100: > marks a rough lower bound" in text
    assert " >" in text


@pytest.mark.parametrize(
    ("sweeps", "header"),
    [
        ({"precision": ("32", "64")}, "Precision"),
        ({"execution": ("sequential", "fused")}, "Execution"),
        ({"compile": ("false", "true")}, "Compiled"),
        ({"threads": ("1", "2")}, "Threads"),
        ({"recipe.weight_decay": ("0", "0.01")}, "Decay"),
        ({"recipe.nesterov": ("false", "true")}, "Nesterov"),
        ({"epochs": ("1", "2")}, "Epochs"),
        ({"dataset.image_size": ("4", "8")}, "Pixels"),
    ],
)
def test_runs_that_differ_in_more_than_the_seed_are_told_apart(sweeps, header, tiny_spec):
    ((key, values),) = sweeps.items()
    specs = [
        tiny_spec("design=deq", "k=2", f"{key}={value}", f"seed={seed}")[0]
        for value in values
        for seed in (0, 1)
    ]
    lines = shown(forecast(specs, [], None))
    assert sum(line.rstrip().endswith("0/2") for line in lines) == 2
    assert any(header in line for line in lines)
    alone = shown(forecast(specs[:2], [], None))
    assert not any(header in line for line in alone)


def test_what_was_never_timed_is_marked(tiny_spec):
    specs = [tiny_spec("arch=densenet", "budget.depth=7")[0], tiny_spec()[0]]
    text = "\n".join(shown(forecast(specs, [make_calibration()], None)))
    assert "~ marks extrapolated times" in text
    assert "densenet" in text.partition("~ marks extrapolated times")[2]


def test_what_does_not_fit_is_marked_and_listed_once_a_design(specs):
    found = forecast(specs, [], None)
    small = dataclasses.replace(found[0].machine, memory_bytes=10)
    lines = shown([dataclasses.replace(entry, machine=small) for entry in found])
    refused = [line for line in lines if line.startswith("Does not fit into memory: ")]
    assert len(refused) == 2
    assert "deq k=2 of resnet 26x" in refused[1]
    assert sum(" !" in line for line in lines if line.lstrip().startswith("26x8")) == 2


def test_what_is_odd_about_the_images_is_told_once(tiny_spec):
    found = [tiny_spec("dataset.train_size=17", f"seed={seed}")[0] for seed in (0, 1)]
    lines = shown(forecast(found, [], None))
    (line,) = [line for line in lines if line.startswith("dataset=digits: ")]
    assert "the 17 images are spread over 2 batches of 9 or 8" in line


def test_designs_that_do_not_exist_are_told(specs):
    lines = shown(forecast(specs, [], None), impossible=["design=weq k=64: why"])
    assert "No such design: design=weq k=64: why" in lines


def test_many_designs_are_shown_by_class(tiny_spec, monkeypatch):
    monkeypatch.setattr(display, "MAX_DESIGN_ROWS", 3)
    specs = [
        tiny_spec(f"design={design}", "k=2", f"budget.width={width}")[0]
        for design in ("single", "deq")
        for width in (8, 16)
    ]
    found = forecast(specs, [make_calibration()], None)
    text = "\n".join(shown(found))
    assert "Designs, by class" in text
    assert "Every run: --format csv or --format json" in text
    rows = [line.split() for line in text.splitlines() if line.startswith(" resnet")]
    assert [row[2] for row in rows] == ["deq", "single"]
    row = rows[1]
    assert row[:6] == ["resnet", "digits", "single", "1", "2", "0/2"]
    assert "92.3 k to 367 k 100 %" in " ".join(row)


def test_what_fewer_evaluations_cost_is_told_once(tiny_spec, specs):
    asked = ("epochs=4", "evaluate_every=3")
    fewer = [tiny_spec(*asked, f"seed={seed}")[0] for seed in (0, 1)]
    lines = shown(forecast([*fewer, specs[1]], [], None))
    (told,) = [line for line in lines if line.startswith("evaluate_every=3: ")]
    assert "evaluated after 2 of 4 epochs (3, 4); " in told
    assert not any("evaluate_every" in line for line in shown(forecast(specs, [], None)))


def test_the_short_table_tells_training_sizes_apart(tiny_spec, monkeypatch):
    monkeypatch.setattr(display, "MAX_DESIGN_ROWS", 1)
    found = [tiny_spec(f"dataset.train_size={size}")[0] for size in (50, 100)]
    lines = shown(forecast(found, [], None))
    rows = [line for line in lines if line.startswith(" resnet")]
    assert len(rows) == 2
    assert "50 to" in rows[0]
    assert "100 to" in rows[1]
    alone = shown(forecast(found[:1], [], None))
    assert not any("to train on" in line for line in alone)
