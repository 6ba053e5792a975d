"""What to build, how sure that is, and what would make it surer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.short_answer import answer_shortly
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.reporting.what_to_build import WhatToBuild, answer_what_to_build
from tests.factories import make_record, make_study

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def errors_of(**means: float) -> list[Record]:
    return [
        make_record(design_class=name, seed=seed, test_errors=(30.0, mean + 0.1 * seed))  # type: ignore[arg-type]
        for name, mean in means.items()
        for seed in range(3)
    ]


def answers(records: list[Record]) -> list[WhatToBuild]:
    folders = {(r.study, r.name): Path("results", r.study, r.name) for r in records}
    return answer_what_to_build(records, DEFAULT_RULE, folders)


def test_the_title_names_the_class_in_words() -> None:
    (answer,) = answers(errors_of(single=10.0, weq=4.0))
    assert answer.title == (
        "resnet on digits: build a width-equivalent ensemble (weq) of 4, depth 8, width 12"
    )
    assert answer.details


def test_the_title_says_how_many_may_be_as_good() -> None:
    (answer,) = answers(errors_of(single=9.95, deq=10.0, weq=10.0))
    assert answer.title.startswith("resnet on digits: build a ")
    assert answer.title.endswith("; 2 others may be as good")
    (answer,) = answers(errors_of(single=9.95, weq=10.0))
    assert answer.title.endswith("; 1 other may be as good")
    far_off = [*errors_of(single=10.0), make_record(design_class="deq", test_errors=(40.0, 30.0))]
    (answer,) = answers(far_off)
    assert answer.title.endswith("width 12; not decided yet")  # a design 20 points worse is none


def test_the_sentences_are_those_of_the_advice_with_the_command_apart() -> None:
    records = errors_of(single=9.8, deq=10.0)[:-1]
    folders = {(r.study, r.name): Path("results", r.study, r.name) for r in records}
    (answer,) = answer_what_to_build(records, DEFAULT_RULE, folders)
    short = answer_shortly(records, folders)
    assert (answer.build, answer.sure, answer.command) == (
        short.build,
        short.sureness,
        short.command,
    )
    assert answer.surer is not None
    assert answer.surer.rstrip(".:") == short.step


def test_one_run_is_an_answer() -> None:
    (answer,) = answers([make_record()])
    assert answer.title.endswith("build a single network, depth 26, width 12")
    assert answer.build.startswith("Build single")


def test_every_data_set_has_an_answer_and_a_shortened_schedule_is_in_the_title() -> None:
    birds = {"name": "birds"}
    recipe = {"name": "table A, resnet on cifar10, scaled from 250 epochs to 2"}
    records = errors_of(single=5.0, deq=3.0)
    records += make_study(lambda *_: 5.0, widths=(12,), num_epochs=2, dataset=birds, recipe=recipe)

    first, second = answers(records)

    assert (first.data, second.data) == ("birds", "digits")
    assert first.title.startswith("resnet on birds: build")
    assert first.title.endswith("after a schedule of 2 epochs in place of the recipe's 250")
    assert second.title.startswith("resnet on digits: build a depth-equivalent ensemble (deq) of 4")


def test_runs_without_a_finite_error_are_told() -> None:
    (answer,) = answers([make_record(test_errors=(float("nan"), float("nan")))])
    assert answer.title == "digits: nothing to build, as no run has a finite error"
    assert answer.sure is answer.surer is answer.command is None
