"""From a folder to its report."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ensemble_switchover.advise import main as advise
from ensemble_switchover.explore import main as explore
from ensemble_switchover.report import main, report
from ensemble_switchover.results.__main__ import main as check_results
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.store import read_records, write_failure, write_record
from ensemble_switchover.runner.job import run_job
from tests.analysis.cascade.planted_cascades import with_cascades
from tests.analysis.switchover.planted_images import write_run
from tests.factories import make_record, make_study, planted_error
from tests.planted_metrics import error_for_single, make_nll_study, nll_for_deq, with_quality
from tests.reporting.undrawn import ENCODE, draw_nothing, draw_svg_alone

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.record import Record


FIGURE_NAMES = {
    "budget_fill",
    "calibration",
    "error_against_inference_time",
    "error_against_training_time",
    "figure_2_heat_map",
    "figure_3_test_error",
    "figure_5_time_to_accuracy",
    "figure_6_epoch_time",
    "figure_7_inference_time",
    "figure_c_member_error",
    "figure_e_layer_time",
    "verdicts",
}
"""Of a study of one comparison on a CPU, where all processes take as much memory."""


def write_study(folder: Path, records: list[Record]) -> Path:
    """Write records as runs would."""
    for record in records:
        write_record(folder / record.name, record)
    return folder


def make_folder(folder: Path) -> Path:
    """Write a study with a planted switchover, a hole, a failed run and a damaged record."""
    write_study(folder, make_study(planted_error, num_epochs=5, holes=[("weq", 1)]))
    like_others = [planted_error("single", 2, epoch, 1) for epoch in range(1, 6)]
    write_record(folder / "evil", make_record(name="<script>", seed=9, test_errors=like_others))
    write_failure(folder / "failed", "failed", "out of <memory> [red]")
    (folder / "damaged").mkdir()
    (folder / "damaged" / "record.json").write_text("{")
    return folder


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of a test's own."""
    return make_folder(tmp_path / "demo")


@dataclass(frozen=True)
class Reported:
    """What the command did with a study."""

    study: Path
    out: Path
    printed: str
    complained: str
    code: int


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """The command, run once for all tests that only read what it wrote."""
    folder = make_folder(tmp_path_factory.mktemp("report") / "demo")
    printed, complained = io.StringIO(), io.StringIO()
    with redirect_stdout(printed), redirect_stderr(complained):
        code = main([str(folder)])
    return Reported(folder, folder / "report", printed.getvalue(), complained.getvalue(), code)


@pytest.fixture
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ENCODE, draw_nothing)


reads_one_report = pytest.mark.xdist_group("reported")


@reads_one_report
def test_the_report_is_written_whole(reported: Reported) -> None:
    out, printed = reported.out, reported.printed

    assert (reported.code, reported.complained) == (0, "")
    assert printed.splitlines()[-1] == str(out / "index.html")
    assert {path.name for path in out.iterdir()} == {
        "index.html",
        "claims.csv",
        "runs.csv",
        "summary.csv",
        "summary.json",
        "switchovers.csv",
        "figures",
        "tables",
    }
    assert {path.name for path in (out / "figures").iterdir()} == {
        f"{name}.{ending}" for name in FIGURE_NAMES for ending in ("csv", "png", "svg")
    }
    assert {path.name for path in (out / "tables").iterdir()} == {
        f"{name}.{ending}"
        for name in (
            *("claims", "claims_not_asked", "collapsed", "designs", "sensitivity", "switchovers"),
            "times_to_accuracy",
        )
        for ending in ("md", "tex")
    }
    assert "the switchover lies at 206,734 parameters from epoch 4 of 5 on" in printed
    assert "deq under other rules: means alone: 206,734 parameters, epoch 4" in printed
    assert "weq (width-equivalent ensembles, k=4): no switchover within the grid" in printed
    assert "Failed: failed: out of <memory> [red]" in printed
    assert "Unreadable: damaged/record.json: not a record" in printed
    assert "No weq at 143,840 parameters" in printed


@pytest.mark.usefixtures("_undrawn")
def test_ensembles_with_early_exit_have_a_part_of_their_own(tmp_path: Path) -> None:
    records = [
        with_cascades(record, 1.5 + 0.1 * record.seed)
        for record in make_study(planted_error, widths=(8, 12), num_epochs=2)
    ]
    out = report(write_study(tmp_path / "demo", records), tmp_path / "out").parent

    text = html.unescape((out / "index.html").read_text("utf-8"))
    assert "Early exit: members asked in turn, until they are sure" in text
    assert "With early exit deq costs " in text
    assert "With early exit weq errs less than the single network" in text
    table = (out / "tables" / "early_exit.md").read_text("utf-8")
    assert table.count("cheapest cascade within 0.1 points (confidence)") == 2 * 2
    for name in (
        "error_against_inference_operations",
        "error_against_mean_inference_time",
        "cascade_thresholds",
    ):
        assert f"figures/{name}.svg" in text
        assert (out / "figures" / f"{name}.csv").exists()


@reads_one_report
def test_the_page_tells_what_is_missing(reported: Reported) -> None:
    text = (reported.out / "index.html").read_text("utf-8")

    assert "Failed runs: 1" in text
    assert "out of &lt;memory&gt; [red]" in text
    assert "Unreadable records: 1" in text
    assert "Budgets without a design: 1" in text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert str(reported.study.parent) not in text


@reads_one_report
def test_the_page_holds_answers_statements_and_every_figure(reported: Reported) -> None:
    text = (reported.out / "index.html").read_text("utf-8")

    assert "Statements of the paper, checked on these records" in text
    assert "Depth-equivalent ensembles switch over before width-equivalent ones." in text
    assert "<details><summary>Not asked: " in text
    assert (
        "on a CPU only the memory of the whole process is measured" in text.split("<details>")[-1]
    )
    assert "<details><summary>Statements of the paper" in text
    assert "<h1>resnet on digits: build a " in text
    assert text.index('<h2 id="answer-title">') < text.index("<img ") < text.index(">Costs<")
    assert "Peak memory of training is 300 MiB for every design" in text
    counted = next(line for line in reported.printed.splitlines() if line.startswith("Of "))
    assert counted in html.unescape(text)
    assert "; 6 are not asked. Of our statements on early exit 2 are not asked." in counted
    assert "The switchover under other rules" in text
    assert text.count("<img ") == len(FIGURE_NAMES)
    for name in FIGURE_NAMES:
        assert f"figures/{name}.svg" in text


@reads_one_report
def test_numbers_for_programs_are_raw(reported: Reported) -> None:
    out = reported.out

    summary = json.loads((out / "summary.json").read_text())
    (comparison,) = summary["comparisons"]
    deq, weq = comparison["thresholds"]
    assert (deq["outcome"], deq["budget_parameters"], deq["epoch"]) == ("found", 206_734, 4)
    assert deq["boundary_epochs"] == [None, None, 4, 3, 2]
    assert deq["coverage"]["num_cells"]["ensemble"] == 2 + 3 + 4
    strict = {"name": "Welch, 95 %", "margin": 2.0, "budget": 206_734, "epoch": 4}
    assert strict in deq["sensitivity"]
    assert weq["outcome"] == "not_within"
    assert comparison["holes"][0]["budget_parameters"] == 143_840
    assert len(summary["failed"]) == len(summary["unreadable"]) == 1
    assert {claim["answer"] for claim in summary["claims"]} == {
        "holds",
        "does not hold",
        "open",
        "not asked",
    }
    assert all(
        bool(claim["runs_needed"]) == (claim["answer"] == "not asked")
        for claim in summary["claims"]
    )
    with (out / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(read_records(reported.study).records)
    assert float(rows[0]["budget_fill"]) == 1.0
    with (out / "summary.csv").open(newline="") as file:
        designs = list(csv.DictReader(file))
    assert "time_to_accuracy_seconds_mean" in designs[0]
    with (out / "claims.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(summary["claims"])


@pytest.mark.usefixtures("_undrawn")
def test_a_second_report_reads_the_same_runs(study: Path) -> None:
    first = report(study, study / "report").read_bytes()

    assert report(study, study / "report").read_bytes() == first


@pytest.mark.usefixtures("_undrawn")
def test_nothing_is_printed_without_a_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(write_study(tmp_path / "demo", [make_record()]), tmp_path / "out")

    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("_undrawn")
def test_of_many_comparisons_the_terminal_is_told_the_switchovers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [make_record(), make_record(design_class="deq", k=2), make_record(design_class="deq")]
    folder = write_study(tmp_path / "demo", records)
    write_failure(folder / "failed", "failed", "out of memory")
    monkeypatch.setattr("ensemble_switchover.report._MAX_TABLES", 1)

    assert main([str(folder), "--out", str(tmp_path / "out")]) == 0

    printed = capsys.readouterr().out
    assert "2 comparisons; the page shows the designs of each" in printed
    assert "resnet on digits, k = 2" in printed
    assert "under other rules" not in printed
    assert "Failed: failed: out of memory" in printed


@pytest.mark.usefixtures("_undrawn")
def test_several_comparisons_have_sections_and_figures_of_their_own(tmp_path: Path) -> None:
    records = [
        *make_study(planted_error, widths=(12, 16), num_epochs=2, seeds=(0, 1)),
        *(make_record(design_class="deq", k=2, seed=seed, test_errors=[9, 8]) for seed in (0, 1)),
    ]
    folder = write_study(tmp_path / "demo", records)

    out = report(folder, tmp_path / "out").parent

    names = {path.stem for path in (out / "figures").glob("figure_2_heat_map*.png")}
    assert names == {f"figure_2_heat_map_resnet_on_digits_k_{k}" for k in (2, 4)}
    assert (out / "figures" / "switchover_by_k.csv").is_file()
    text = (out / "index.html").read_text()
    assert "Depth" not in text.split("</h1>")[0]
    assert text.count('<dl class="answer">') == 1  # of one data set
    assert text.count("<section id=") == 2


@pytest.mark.usefixtures("_undrawn")
def test_a_study_with_fewer_evaluations_is_reported(tmp_path: Path) -> None:
    records = make_study(planted_error, num_epochs=12, evaluate_every="5")
    folder = write_study(tmp_path / "demo", records)

    out = tmp_path / "report"
    report(folder, out)

    (comparison,) = json.loads((out / "summary.json").read_text())["comparisons"]
    deq, _ = comparison["thresholds"]
    assert (deq["epoch"], deq["last_epoch"]) == (5, 12)
    with (out / "runs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["evaluate_every"] for row in rows} == {"5"}
    ensemble = next(r for r in rows if r["design_class"] == "deq" and r["budget_depth"] == "26")
    assert float(ensemble["steady_training_seconds"]) == 12 * 4.0
    reached = {row["time_to_accuracy_seconds"] for row in rows if row["design_class"] == "single"}
    assert reached == {"12.0"}  # the lowest is the last, and all epochs before it count
    with (out / "figures" / "figure_2_heat_map.csv").open() as file:
        assert {row["epoch"] for row in csv.DictReader(file)} == {"5", "10", "12"}
    page = html.unescape((out / "index.html").read_text())
    assert "Runs were evaluated after 3 of 12 epochs (evaluate_every=5)" in page
    assert "evaluated every 5 epochs" in page


@pytest.mark.usefixtures("_undrawn")
def test_what_was_trained_with_fewer_evaluations_is_reported_explored_and_advised(
    tiny_spec: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("epochs=7", "evaluate_every=5", "k=2", "budget.depth=8", "budget.width=8")
    for design in ("single", "deq"):
        for seed in (0, 1):
            run_job(*tiny_spec(*asked, f"design={design}", f"seed={seed}"), concurrent_jobs=1)
    study = tmp_path / "results" / "runs"

    assert check_results([str(study), "--check"]) == 0
    assert main([str(study), "--out", str(tmp_path / "report")]) == 0
    assert explore([str(study), "--out", str(tmp_path / "page.html")]) == 0
    assert advise([str(study), "--format", "json"]) == 0

    printed = capsys.readouterr().out
    assert "4 records checked, 0 of them wrong" in printed
    assert "Runs were evaluated after 2 of 7 epochs (evaluate_every=5)" in printed
    with (tmp_path / "report" / "figures" / "figure_2_heat_map.csv").open() as file:
        assert {row["epoch"] for row in csv.DictReader(file)} == {"5", "7"}
    assert "evaluated every 5 epochs" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.usefixtures("_undrawn")
def test_runs_with_other_evaluations_share_errors_and_no_times(tmp_path: Path) -> None:
    every = make_study(planted_error, num_epochs=12, seeds=(0, 1))
    fewer = make_study(planted_error, num_epochs=12, seeds=(2, 3), evaluate_every="5")
    folder = write_study(tmp_path / "demo", [*every, *fewer])

    out = tmp_path / "report"
    report(folder, out)

    (comparison,) = json.loads((out / "summary.json").read_text())["comparisons"]
    assert comparison["seeds"] == [0, 1, 2, 3]
    assert comparison["thresholds"][0]["last_epoch"] == 12
    with (out / "figures" / "figure_c_member_error.csv").open() as file:
        assert {row["num_seeds"] for row in csv.DictReader(file)} == {"4"}
    for suffix in ("", "_condition_2"):
        with (out / "figures" / f"figure_5_time_to_accuracy{suffix}.csv").open() as file:
            assert {row["num_seeds"] for row in csv.DictReader(file)} == {"2"}
    page = html.unescape((out / "index.html").read_text())
    assert "Runs were evaluated after different epochs (evaluate_every=1, evaluate_every=5)" in page


@pytest.mark.usefixtures("_undrawn")
def test_single_networks_alone_are_reported(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "demo", [make_record()])

    text = report(folder, tmp_path / "out").read_text()

    assert "There are single networks only" in text


UNMEASURED = {
    "budget_fill",
    "calibration",
    "figure_6_epoch_time",
    "figure_7_inference_time",
    "figure_e_layer_time",
}
"""Figures in which there is no error."""
HELD_OUT = {"validation_size": 60, "test_size": 0, "evaluated_on": "validation"}


@pytest.mark.parametrize(
    ("dataset", "said", "unsaid"),
    [({}, "test error", "validation"), (HELD_OUT, "validation error", "test error")],
    ids=["test", "validation"],
)
def test_every_text_names_the_images_that_were_measured_on(
    dataset: dict[str, object],
    said: str,
    unsaid: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ENCODE, draw_svg_alone)  # texts are not read in the PNG
    records = make_study(planted_error, num_epochs=2, holes=[("weq", 1)], dataset=dataset)
    other_machine = {"device_name": "Other CPU"}
    records.append(
        make_record(seed=9, test_errors=[9, 9], dataset=dataset, environment=other_machine)
    )
    folder = write_study(tmp_path / "demo", records)

    assert main([str(folder), "--out", str(tmp_path / "out")]) == 0

    out = tmp_path / "out"
    summary = json.loads((out / "summary.json").read_text())
    (comparison,) = summary["comparisons"]
    # The glyphs of a figure are paths; its comments hold the words.
    figures = {path.stem: path.read_text("utf-8") for path in out.glob("figures/*.svg")}
    assert f"figure_3_{said.replace(' ', '_')}" in figures
    measured = {name for name in figures if name not in UNMEASURED}
    texts = {
        "page": (out / "index.html").read_text("utf-8"),
        "terminal": capsys.readouterr().out,
        "sentences": " ".join(threshold["sentence"] for threshold in comparison["thresholds"]),
        **{name: figures[name] for name in measured},
    }
    for name in UNMEASURED:
        assert unsaid not in figures[name].lower(), name
    for name, text in texts.items():
        unbroken = " ".join(text.lower().split())
        assert said in unbroken, name
        assert unsaid not in unbroken, name
    for name in ("runs.csv", "summary.csv"):
        with (out / name).open(newline="") as file:
            assert {row["evaluated_on"] for row in csv.DictReader(file)} == {said.split()[0]}


def test_kept_predictions_give_a_second_answer_over_seeds_and_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ENCODE, draw_svg_alone)
    study, out = tmp_path / "study", tmp_path / "out"
    for width in (8, 12):
        for name in ("single", "deq", "weq"):
            for seed in range(3):
                write_run(study, name, width, seed)  # type: ignore[arg-type]

    assert main([str(study), "--out", str(out)]) == 0

    told = "With the sampling of the 200 test images in (standard errors up to "
    covered = "Intervals cover the randomness of training, given these test images and this split."
    printed = capsys.readouterr().out
    page = html.unescape((out / "index.html").read_text())
    assert printed.count(told) == 2
    assert printed.count(covered) == 1
    captions = re.findall("<figcaption>.*?</figcaption>", page, re.DOTALL)
    assert sum(covered in caption for caption in captions) == 2  # the maps
    assert page.count(told) >= 2
    tables = {
        name: (out / "tables" / f"{name}.md").read_text() for name in ("switchovers", "sensitivity")
    }
    assert all(covered in table for table in tables.values())
    assert "Over seeds and images" in tables["switchovers"]
    (comparison,) = json.loads((out / "summary.json").read_text())["comparisons"]
    rows = list(csv.DictReader(io.StringIO((out / "switchovers.csv").read_text())))
    for threshold, row in zip(comparison["thresholds"], rows, strict=True):
        assert row["num_images"] == "200"
        assert len(threshold["with_images"]["cells"]) == 2
        assert json.loads(row["differs_with_images"]) == threshold["with_images"]["differs"]
        shown = row["switchover_parameters_with_images"]
        assert shown == str(threshold["with_images"]["budget_parameters"] or "")
    verdicts = (out / "figures" / "verdicts.csv").read_text()
    assert sum(row["num_images"] == "200" for row in csv.DictReader(io.StringIO(verdicts))) == 4


@pytest.mark.parametrize("options", [["--rule", "paired_t"], ["--interval", "pool"]])
def test_only_welchs_intervals_over_seeds_have_the_images_beside(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ENCODE, draw_nothing)
    for name in ("single", "deq"):
        for seed in range(3):
            write_run(tmp_path / "study", name, 8, seed)  # type: ignore[arg-type]

    assert main([str(tmp_path / "study"), "--out", str(tmp_path / "out"), *options]) == 0

    assert "sampling of the" not in (tmp_path / "out" / "index.html").read_text()
    table = (tmp_path / "out" / "tables" / "switchovers.md").read_text()
    assert "Over seeds and images" not in table


def test_a_report_says_what_would_keep_the_missing_predictions(reported: Reported) -> None:
    assert "adds is not known, since 43 runs kept no predictions" in reported.printed
    assert "record.predictions=final keeps them" in html.unescape(
        (reported.out / "index.html").read_text()
    )


@pytest.mark.parametrize("name", ["absent", "empty", "failed"])
def test_a_folder_without_runs_is_one_sentence(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    write_failure(tmp_path / "failed" / "run", "run", "reason")

    assert main([str(tmp_path / name)]) == 2

    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) == 1
    assert str(tmp_path / name) in output.err
    assert not (tmp_path / name / "report").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (study / "file").write_text("")

    assert main([str(study), "--out", str(study / "file")]) == 2

    assert "is a file; expected a folder" in capsys.readouterr().err


def test_the_next_runs_are_on_the_terminal_on_the_page_and_in_the_summary(tmp_path: Path) -> None:
    folder = unpack_study("demo", tmp_path)
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main([str(folder)]) == 0
    lines = printed.getvalue().splitlines()
    begin = lines.index("Where more runs would decide:")
    assert lines[begin + 1].startswith("1. ")
    assert lines[begin + 2].startswith("   python -m ensemble_switchover ")
    summary = json.loads((folder / "report" / "summary.json").read_text())["next_runs"]
    assert summary["num_open_budgets"] >= 1
    for purchase in summary["purchases"]:
        assert 0.05 <= purchase["lowest_probability"] <= purchase["highest_probability"] <= 1.0
        assert purchase["seconds"] > 0
        assert purchase["command"] in printed.getvalue()
    page = html.unescape((folder / "report" / "index.html").read_text())
    assert all(purchase["text"] in page for purchase in summary["purchases"])


@pytest.mark.usefixtures("_undrawn")
def test_families_members_and_training_sizes_are_compared_apart(tmp_path: Path) -> None:
    folder = unpack_study("fashion_mnist", tmp_path)
    with redirect_stdout(io.StringIO()):
        assert main([str(folder)]) == 0

    summary = json.loads((folder / "report" / "summary.json").read_text("utf-8"))
    data = "on fashion_mnist at 14x14 pixels"
    sizes = [f"resnet {data} (dataset train_size {size})" for size in (1000, 10000)]
    assert sorted(one["label"] for one in summary["comparisons"]) == [
        f"densenet {data}, k = 4",
        *(f"{size}, k = 4" for size in sizes),
        *(f"resnet {data} (dataset train_size 2000), k = {k}" for k in (2, 4, 8)),
        f"wide_resnet {data}, k = 4",
    ]
    page = html.unescape((folder / "report" / "index.html").read_text("utf-8"))
    for size, budget in zip(sizes, ("116,659", "36,375"), strict=True):
        assert f"{size}, k = 4" in page
        assert f"<h3>{size.replace('resnet on ', '').replace('dataset ', '')}</h3>" in page
        assert f"the switchover lies at {budget} parameters" in page


def test_a_settled_study_needs_no_further_runs(tmp_path: Path) -> None:
    records = [
        make_record(design_class=name, width=width, seed=seed, test_errors=(30.0, error + seed / 5))
        for width, single in ((8, 10.0), (12, 10.0))
        for seed in range(3)
        for name, error in (("single", single), ("deq", 20.0 if width == 8 else 5.0))
    ]
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main([str(write_study(tmp_path / "demo", records))]) == 0
    assert "Every switchover that was asked for is settled" in printed.getvalue()
    assert "Where more runs would decide" not in printed.getvalue()


def test_no_runs_are_proposed_where_seeds_are_paired(tmp_path: Path) -> None:
    records = make_study(planted_error, widths=(8, 12), num_epochs=2, seeds=(0, 1))
    study = write_study(tmp_path / "demo", records)
    for rule, proposes in (("welch", True), ("paired_t", False)):
        printed = io.StringIO()
        with redirect_stdout(printed):
            assert main([str(study), "--rule", rule]) == 0
        assert ("Where more runs would decide" in printed.getvalue()) is proposes


@pytest.mark.usefixtures("_undrawn")
def test_by_a_metric_the_report_names_it_and_the_claims_stay_of_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_study(tmp_path / "demo", make_nll_study(nll_for_deq, error_for_single))

    assert main([str(folder), "--metric", "nll"]) == 0

    printed, out = capsys.readouterr().out, folder / "report"
    assert "deq (depth-equivalent ensembles, k=4) by NLL: the switchover lies at or " in printed
    assert "NLL, nats" in printed
    page = html.unescape((out / "index.html").read_text("utf-8"))
    assert "resnet on digits by NLL: build a depth-equivalent ensemble (deq) of 4" in page
    assert "Margin 0.05 nats" in page
    assert "Designs are compared by NLL." in page
    assert "are about the error, by which they are checked here, too." in page
    figures = {path.stem for path in (out / "figures").glob("*.csv")}
    assert figures == (FIGURE_NAMES - {"figure_3_test_error"}) | {"figure_3_test_nll"}
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["without_metric"] == []
    (comparison,) = summary["comparisons"]
    assert comparison["rule"]["metric"] == "nll"
    rows = list(csv.DictReader(io.StringIO((out / "switchovers.csv").read_text("utf-8"))))
    assert {row["metric"] for row in rows} == {"nll"}
    claims = (out / "claims.csv").read_text("utf-8")

    assert main([str(folder)]) == 0
    assert "NLL" not in capsys.readouterr().out
    assert (out / "claims.csv").read_text("utf-8") == claims


@pytest.mark.usefixtures("_undrawn")
def test_runs_without_the_metric_are_named_counted_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    *measured, lacking = make_study(planted_error, num_epochs=3)
    records = [with_quality(r, calibrated_nll_nats=0.2 + 0.01 * r.seed) for r in measured]
    folder = write_study(tmp_path / "demo", [*records, lacking])

    assert main([str(folder), "--metric", "calibrated_nll"]) == 0

    told = f"1 run lacks the calibrated test NLL and is left out ({lacking.name}); where"
    printed, out = capsys.readouterr().out, folder / "report"
    assert told in printed
    page = html.unescape((out / "index.html").read_text("utf-8"))
    assert told in page
    assert "known after the last epoch only" in page
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["without_metric"] == [lacking.name]
    assert {
        row["name"] for row in csv.DictReader(io.StringIO((out / "runs.csv").read_text("utf-8")))
    } == {record.name for record in measured}
    assert advise([str(folder), "--metric", "calibrated_nll"]) == 0
    assert told in capsys.readouterr().out.replace("\n", " ")


def test_a_metric_that_no_run_has_and_pools_by_a_metric_are_refused(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(study), "--metric", "calibrated_nll"]) == 2
    message = capsys.readouterr().err
    assert "--metric calibrated_nll: " in message
    assert "runs lack the calibrated test NLL and are left out" in message
    assert "--recompute-quality computes it" in message
    assert advise([str(study), "--metric", "coverage_at_5_percent_risk"]) == 2
    assert "runs lack the test coverage at 5 % risk" in capsys.readouterr().err

    assert main([str(study), "--metric", "nll", "--interval", "pool"]) == 2
    assert "pools of members are of the error only" in capsys.readouterr().err
