"""What to build, how sure that is, and what would make it surer."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.reporting.what_to_build import answer_what_to_build
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.store import read_folders
from tests.factories import make_record, make_study

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.record import Record


def errors_of(**means: float) -> list[Record]:
    return [
        make_record(design_class=name, seed=seed, test_errors=(30.0, mean + 0.1 * seed))  # type: ignore[arg-type]
        for name, mean in means.items()
        for seed in range(3)
    ]


def test_a_decided_answer_names_the_class_in_words_and_the_next_best() -> None:
    (answer,) = answer_what_to_build(errors_of(single=10.0, weq=4.0), DEFAULT_RULE)

    assert answer.title == (
        "resnet on digits: build a width-equivalent ensemble (weq) of 4, depth 8, width 12"
    )
    assert answer.build.startswith("Build weq")
    assert answer.sure.startswith("The other design is shown to be worse (90 % Welch interval")
    assert "differs by +6.00 percentage points, 90 % Welch interval +5.8" in answer.sure
    assert answer.surer.startswith("A larger budget")
    assert answer.command is None


def test_an_open_answer_says_how_many_may_be_as_good_and_which_seeds_would_tell() -> None:
    (answer,) = answer_what_to_build(errors_of(single=9.9, deq=10.0, weq=10.0), DEFAULT_RULE)

    assert answer.title == (
        "resnet on digits: build a single network, depth 26, width 12; 2 others may be as good"
    )
    assert answer.sure.startswith("2 of the 2 other designs are not shown to be worse")
    assert answer.surer == (
        "3 more seeds each of single 26x12, deq 26x5 of 4 and weq 8x12 of 4 (depth x width)."
    )


def test_the_command_runs_further_seeds_in_the_folder_of_the_study(tmp_path: Path) -> None:
    records, _ = read_folders(list(unpack_study("demo", tmp_path).iterdir()))
    folders = {(record.study, record.name): path for path, record in records.items()}
    (answer,) = answer_what_to_build(list(records.values()), DEFAULT_RULE, folders)

    assert answer.command is not None
    words = shlex.split(answer.command)
    assert "seed=4,5,6,7" in words
    assert "study=demo" in words
    assert f"results={tmp_path}" in words
    assert "design=weq" in words


def test_one_run_is_an_answer_that_says_that_there_is_nothing_beside_it() -> None:
    (answer,) = answer_what_to_build([make_record()], DEFAULT_RULE)
    assert answer.title.endswith("build a single network, depth 26, width 12")
    assert answer.sure.startswith("No other design was trained")
    assert answer.surer == "Another design to compare it with."


def test_every_data_set_has_an_answer_and_a_shortened_schedule_is_in_the_title() -> None:
    birds = {"name": "birds"}
    recipe = {"name": "table A, resnet on cifar10, scaled from 250 epochs to 2"}
    records = errors_of(single=5.0, deq=3.0)
    records += make_study(lambda *_: 5.0, widths=(12,), num_epochs=2, dataset=birds, recipe=recipe)

    first, second = answer_what_to_build(records, DEFAULT_RULE)

    assert first.title.startswith("resnet on birds: build")
    assert first.title.endswith("after a schedule of 2 epochs in place of the recipe's 250")
    assert second.title.startswith("resnet on digits: build a depth-equivalent ensemble (deq) of 4")


def test_runs_without_a_finite_error_are_told() -> None:
    records = [make_record(test_errors=(float("nan"), float("nan")))]
    (answer,) = answer_what_to_build(records, DEFAULT_RULE)
    assert answer.title == "digits: nothing to build, as no run has a finite error"
    assert answer.surer == "Runs with a finite error."
