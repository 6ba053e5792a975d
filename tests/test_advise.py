"""The command that advises, as a user types it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ensemble_switchover.advise import main
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.store import write_record
from ensemble_switchover.results.timing_file import add_timing_file
from tests.analysis.advice.advice_cases import FALLEN
from tests.analysis.advice.planted_cascades import planted_runs
from tests.factories import make_record
from tests.results.added import BOARD, measured_model, measured_values
from tests.results.test_timing_file import write_json

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack_study("demo", tmp_path_factory.mktemp("results"))


def asked(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert main([str(folder), "--format", "json", *options]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def write_study(folder: Path, **fields: Any) -> Path:
    for seed in (0, 1):
        record = make_record(seed=seed, test_errors=[30.0, 10.0 + seed], **fields)
        write_record(folder / record.study / record.name, record)
    return folder


def test_the_demo_advises_the_design_of_the_lowest_error(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(demo, capsys, "--parameters", "200k", "--memory", "8GiB", "--latency-ms", "1")

    best = answer["best"]
    assert answer["answer"] == "decided"
    assert answer["rule"] == {"method": "welch", "confidence": 0.9, "keep_collapsed": False}
    runner_up = answer["runner_up"]
    assert (runner_up["num_rival_seeds"], runner_up["num_best_seeds"]) == (4, 4)
    assert (best["design_class"], best["k"], best["depth"], best["width"]) == ("weq", 4, 8, 12)
    assert best["parameters"] <= 200_000
    assert best["latency_ms_per_image"] <= 1
    assert answer["limits"] == {
        "parameters": 200_000, "memory_bytes": 8 * 2**30, "latency_ms": 1.0,
    }  # fmt: skip
    assert answer["command"].startswith("python -m ensemble_switchover --multirun arch=resnet")


def test_the_text_says_what_to_build_and_how_to_train_it(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(demo), "--parameters", "400k", "--epochs", "20"]) == 0

    text = capsys.readouterr().out
    assert text.startswith(
        "Build weq (width-equivalent: k networks as wide as the single one, each shallower), "
        "k = 4, depth 8, width 12 (resnet on digits), 20 epochs, the cheapest by number of "
        "parameters of 3 designs that will do: their mean errors are within 0.56 percentage points "
        "of the lowest."
    )
    assert "Runner-up: " in text
    assert "To train it: python -m ensemble_switchover" in text


def test_the_images_are_named_that_intervals_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = {"evaluated_on": "validation", "validation_size": 100}
    assert main([str(write_study(tmp_path, dataset=fields))]) == 0

    text = " ".join(capsys.readouterr().out.split())
    assert text.count("given these validation images and this split") == 2
    assert "test images" not in text


def test_the_rule_is_chosen(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limits = ["--parameters", "200k", "--latency-ms", "1"]
    answer = asked(
        demo, capsys, *limits, "--rule", "paired_t", "--confidence", "95%", "--keep-collapsed"
    )

    assert answer["rule"] == {"method": "paired_t", "confidence": 0.95, "keep_collapsed": True}
    assert answer["answer"] == "undecided"
    assert " 95 % paired t interval " in answer["sentences"][4]
    assert "(4 paired seeds)" in answer["sentences"][4]


def test_collapsed_runs_are_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for width, errors in ((16, FALLEN), (8, (9.0, 9.1, 9.2, 9.3, 9.4))):
        for seed, error in enumerate(errors):
            record = make_record(width=width, seed=seed, test_errors=[error])
            write_record(tmp_path / record.study / record.name, record)

    answer = asked(tmp_path, capsys)
    kept = asked(tmp_path, capsys, "--keep-collapsed")

    (fallen,) = answer["collapsed"]
    assert fallen["study"] == "demo"
    assert "26x16-single-k1-s3" in fallen["name"]
    (counted,) = answer["collapse_counts"]
    assert (counted["num_collapsed"], counted["num_screened"]) == (1, 10)
    assert (answer["best"]["width"], answer["best"]["num_collapsed"]) == (16, 1)
    other = answer["other_treatment_of_collapsed"]
    assert (other["keep_collapsed"], other["answer"], other["best"]["width"]) == (
        True,
        kept["answer"],
        kept["best"]["width"],
    )
    assert kept["other_treatment_of_collapsed"]["sentence"] == answer["sentences"][0]


def test_more_than_was_measured_gets_the_best_that_was_and_says_so_first(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(demo, capsys, "--parameters", "1M", "--epochs", "100")
    free = asked(demo, capsys)

    first_sentence = answer["sentences"][0].partition(". ")[0]
    assert first_sentence.startswith("Build weq ")
    assert "1,000,000 parameters are allowed, but the most measured is 366,650" in first_sentence
    assert "100 epochs are allowed, but the most measured is 20 epochs" in first_sentence
    assert answer["best"] == free["best"]
    assert [entry["limit"] for entry in answer["outside"]] == ["parameters", "epochs"]


def test_the_margin_is_stated_or_the_test_images_own_error(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(demo, capsys, "--parameters", "100k")
    listed, best = answer["short_list"], answer["best"]
    share = best["error_percent"] / 100
    assert listed["margin_points"] == pytest.approx(100 * (share * (1 - share) / 747) ** 0.5)
    assert not listed["is_margin_given"]
    assert listed["cheapest_by"] == "parameters"
    assert answer["recommended"] == listed["designs"][0]
    assert best in listed["designs"]
    sizes = [design["parameters"] for design in listed["designs"]]
    assert sizes == sorted(sizes)
    assert len(sizes) > 1
    # The command is that of the design to build, not of the one with the lowest error.
    assert f"budget.width={answer['recommended']['width']} " in answer["command"]

    alone = asked(demo, capsys, "--parameters", "100k", "--margin", "0.001")
    assert alone["short_list"]["margin_points"] == 0.001
    assert alone["short_list"]["designs"] == [best]
    assert "--margin" not in " ".join(alone["sentences"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--family", "resnett"], "--family resnett: expected one of resnet"),
        (["--dataset", "cifar"], "--dataset cifar: expected one of digits"),
        (["--device", "GPU"], "--device GPU: expected one of 'AMD EPYC'"),
        (["--k", "3"], "--k 3: expected one of 1, 4"),
    ],
)
def test_a_choice_of_nothing_names_what_there_is(
    demo: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(demo), *options]) == 2
    assert capsys.readouterr().err.strip() == message


@pytest.mark.slow
def test_numbers_of_training_images_are_named_in_their_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = unpack_study("fashion_mnist", tmp_path)

    assert main([str(folder), "--parameters", "100k"]) == 2

    named = re.findall(r"\(train_size (\d+)\)", capsys.readouterr().err)
    assert named == ["1000", "2000", "10000"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--parameters", "many"],
            "expected a number such as 2M or 200k, at most 1e+18, not many",
        ),
        (["--memory", "8"], "expected a size such as 8GiB or 500MB, not 8"),
        (["--memory", "0GiB"], "expected a size such as 8GiB or 500MB, not 0GiB"),
        (["--memory", f"{'9' * 320}GiB"], "expected a size such as 8GiB or 500MB, not 999"),
        (["--hours", "-1"], "expected a number above 0, not -1"),
        (["--hours", "1e400"], "expected a number above 0, not 1e400"),
        (
            ["--epochs", "1.5"],
            "expected a whole number of 1 or more, at most 15 digits, not 1.5",
        ),
        (["--accuracy", "101"], "expected a percentage of at most 100, not 101"),
        (["--margin", "0"], "above 0 and at most 100, such as 0.5, not 0"),
        (
            ["--margin", "101"],
            "expected percentage points, or nats of an NLL, above 0 and at most 100",
        ),
        (["--exit-rule", "margin"], "--exit-rule is of cascades; expected --cascade beside it"),
    ],
)
def test_an_amount_that_is_none_is_refused(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["results", options[0] + "=" + options[1]])

    assert ending.value.code == 2
    assert message in capsys.readouterr().err


def test_errors_on_different_images_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path)
    write_study(tmp_path, dataset={"name": "svhn", "image_size": 32}, study="other")

    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip() == (
        "errors on different images cannot be compared; name one of --dataset digits, svhn"
    )
    assert asked(tmp_path, capsys, "--dataset", "svhn")["num_runs"] == 2


def test_a_folder_given_twice_counts_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path)

    assert asked(tmp_path, capsys, str(tmp_path / "demo"), str(tmp_path))["num_runs"] == 2


def test_no_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "no finished run; expected <run>/record.json below it" in capsys.readouterr().err


def test_an_odd_name_is_shown_not_obeyed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(tmp_path, dataset={"name": "\x1b[2Jdigits [bold]"})

    assert main([str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "[bold]" in text


def planted_folder(folder: Path) -> Path:
    for record in planted_runs():
        write_record(folder / record.study / record.name, record)
    return folder


def test_a_cascade_is_considered_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = planted_folder(tmp_path)
    limits = ("--latency-ms", "2")
    without = asked(folder, capsys, *limits)
    assert without["best"]["design_class"] == "single"
    assert "cascade" not in without["best"]

    within = asked(folder, capsys, *limits, "--cascade")
    assert within["best"]["error_percent"] == pytest.approx(10.5)
    assert within["best"]["latency_ms_per_image"] == pytest.approx(1.75)
    assert within["best"]["cascade"] == {
        "rule": "confidence",
        "chosen_on": ["folds"],
        "mean_members": 1.75,
        "members_p99": 3,
        "whole_error_percent": 9.0,
    }
    margin = asked(folder, capsys, *limits, "--cascade", "--exit-rule", "margin")
    assert margin["best"]["error_percent"] == pytest.approx(12.5)

    slow = asked(folder, capsys, "--latency-p99-ms", "2.5", "--cascade")
    assert slow["best"]["design_class"] == "single"
    assert slow["limits"] == {"latency_p99_ms": 2.5}
    assert main([str(folder), "--latency-ms", "2", "--cascade"]) == 0
    assert ", cascade (resnet on digits)" in " ".join(capsys.readouterr().out.split())


def test_ensembles_without_a_cascade_are_told(
    demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(demo, capsys, "--cascade")
    assert answer["sentences"][-1] == (
        "11 ensembles have no cascade, since no run kept predictions after the last epoch "
        "(record.predictions=final keeps them)."
    )


def test_times_of_another_device_are_those_that_were_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = planted_runs()
    folder = planted_folder(tmp_path / "results")
    single, ensemble = records[0], records[1]
    for record, milliseconds in ((single, 30.0), (ensemble, 10.0)):  # the other way round there
        values = measured_values("", batch_sizes=(1, 128))
        values["models"] = [measured_model(record.fingerprint, milliseconds)]
        path = write_json(tmp_path / "timing.json", values)
        add_timing_file(folder / record.study / record.name, path)

    here = asked(folder, capsys, "--latency-ms", "2")
    assert (here["best"]["design_class"], here["device_name"]) == ("single", "Example CPU")
    there = asked(folder, capsys, "--latency-ms", "15", "--device", BOARD)
    assert there["device_name"] == f"{BOARD}, onnxruntime 1.32.0, 4 threads"
    assert there["best"]["design_class"] == "deq"
    assert there["best"]["latency_ms_per_image"] == pytest.approx(10.0)
    assert there["best"]["steady_training_seconds"] is None
    assert asked(folder, capsys, "--device", BOARD, "--batch-size", "1")["latency_batch_sizes"] == [
        1
    ]
    assert main([str(folder), "--device", BOARD, "--latency-ms", "15"]) == 0
    assert "Training was not timed there." in " ".join(capsys.readouterr().out.split())

    assert main([str(folder), "--device", "another"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("--device another: expected one of 'Example CPU', ")
    assert f"'{BOARD}, onnxruntime 1.32.0, 4 threads'" in told


def test_a_runs_own_times_never_mix_with_those_of_its_exported_file_on_the_same_processor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = planted_runs()[0]
    folder = planted_folder(tmp_path / "results")
    values = measured_values(record.fingerprint, 30.0, device_name="Example CPU")
    path = write_json(tmp_path / "timing.json", values)
    add_timing_file(folder / record.study / record.name, path)

    own = asked(folder, capsys, "--device", "Example CPU", "--k", "1")
    assert own["best"]["latency_ms_per_image"] == pytest.approx(1.0)
    added = ("--device", "Example CPU, onnxruntime 1.32.0, 4 threads", "--k", "1")
    assert asked(folder, capsys, *added)["best"]["latency_ms_per_image"] == pytest.approx(30.0)


def test_a_batch_size_that_was_not_measured_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = planted_folder(tmp_path)
    assert main([str(folder), "--latency-ms", "2", "--batch-size", "7"]) == 2
    said = capsys.readouterr().err
    assert "--batch-size 7: no inference was timed at it on Example CPU; expected one of" in said
