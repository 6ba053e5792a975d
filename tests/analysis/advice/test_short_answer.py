"""Three honest sentences from whatever runs are finished."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import AdviceAnswer
from ensemble_switchover.analysis.advice.short_answer import (
    NOTHING_FINISHED,
    SETTLED_WITHIN,
    answer_shortly,
)
from ensemble_switchover.analysis.advice.surer import TAKES_LONGER
from tests.factories import make_record, make_study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.advice.short_answer import ShortAnswer
    from ensemble_switchover.results.record import Record

LONGER = "python -m ensemble_switchover.choose photos --minutes 30"
AGAIN = "python -m ensemble_switchover.choose photos --minutes 5"


def answered(records: Sequence[Record], **options: Limits | str) -> ShortAnswer:
    return answer_shortly(records, {}, **options)  # type: ignore[arg-type]


def noise(name: str, width: int, epoch: int, seed: int) -> float:
    return 12.0 + 0.2 * width + 8.0 / epoch + 0.5 * ((seed * 7 + len(name) * width) % 5)


def test_without_a_finished_run_there_is_one_sentence() -> None:
    answer = answered([])
    assert answer.sentences == (NOTHING_FINISHED,)
    assert answer.advice is None


@pytest.mark.parametrize("name", ["single", "deq", "weq"])
def test_one_finished_run_is_the_answer_and_nothing_is_claimed(name: str) -> None:
    build, sureness, step = answered([make_record(design_class=name)]).sentences  # type: ignore[arg-type]

    assert build.startswith(f"Build {name}")
    assert "it errs on 10.0 % of 1,497 test images after 3 epochs." in build
    assert sureness == (
        "Nothing is known of how it compares: no other design has a finished run (1 seed)."
    )
    others = {"single", "deq", "weq"} - {name}
    assert all(("the single network" if o == "single" else f"{o} ") in step for o in others)
    assert "2 more seeds of the design itself would make it surer" in step


def test_of_single_networks_alone_it_is_said_that_ensembles_are_unknown() -> None:
    singles = [r for r in make_study(noise) if r.design.design_class == "single"]

    _, sureness, step = answered(singles).sentences

    assert "whether an ensemble is better is unknown, as none has a finished run" in sureness
    assert step.startswith("Runs of deq (depth-equivalent: ")
    assert "and weq (width-equivalent: " in step
    assert "with k = 4 at the same budget of 26x" in step


def test_of_ensembles_alone_it_is_said_that_single_networks_are_unknown() -> None:
    ensembles = [r for r in make_study(noise) if r.design.design_class != "single"]

    _, sureness, step = answered(ensembles).sentences

    assert "whether a single network is better is unknown" in sureness
    assert step.startswith("Runs of the single network at the same budget")


def test_of_one_seed_each_more_seeds_are_what_it_takes() -> None:
    build, sureness, step = answered(make_study(noise, seeds=[0])).sentences

    assert build.startswith("Build ")
    assert "all have 1 seed, and it takes 3 to show anything" in sureness
    assert step.startswith("2 more seeds each of ")
    assert "one after another, would make it surer" in step


def test_a_command_that_goes_on_makes_the_missing_runs_too() -> None:
    one, few = [make_record()], make_study(noise, seeds=[0])
    for records in (one, few):
        plain, again = answered(records), answered(records, longer=LONGER, again=AGAIN)
        assert plain.step == again.step
        assert (plain.command, again.command) == (None, AGAIN)
        assert again.sentences[2] == f"{plain.step}: {AGAIN}"


def test_seeds_are_asked_for_up_to_the_number_that_decides() -> None:
    records = [
        *(make_record(width=8, seed=s, test_errors=[9.0 + s]) for s in range(2)),
        *(make_record(width=12, seed=s, test_errors=[9.0 + s]) for s in range(1)),
        *(make_record(width=16, seed=s, test_errors=[9.5 + s]) for s in range(4)),
        make_record(width=16, design_class="deq", test_errors=[50.0]),
        make_record(width=16, design_class="weq", test_errors=[50.0]),
    ]

    _, sureness, step = answered(records).sentences

    assert "4 of these have 1 or 2 seeds" in sureness
    assert step.startswith("Up to 2 more seeds each of single depth 26 width")


def test_a_decided_answer_is_sure_and_a_longer_command_is_told_where_no_run_settles_more() -> None:
    records = make_study(lambda name, i, e, s: 30.0 - 2 * i + 5 * (name != "deq") + 0.1 * s)

    largest = min(r.budget.parameters for r in records if r.budget.width == 14)
    smaller = [r for r in records if r.budget.parameters <= largest]
    within = Limits(parameters=largest)
    plain, longer = answered(records), answered(records, longer=LONGER, limits=within)
    edge = answered(smaller, longer=LONGER)

    assert plain.advice is not None
    assert edge.sentences[2] == (
        f"More time would tell whether it holds for larger budgets than those measured: {LONGER}"
    )
    assert plain.advice.answer is AdviceAnswer.DECIDED
    assert plain.sentences[1].startswith(
        "That it is the best of those measured is decided, given these test images (at one-sided "
        "5 %): every other of the 15 designs is shown to be worse"
    )
    assert plain.sentences[2] == f"{SETTLED_WITHIN}."
    assert longer.sentences[2] == f"{TAKES_LONGER}: {LONGER}"
    assert longer.command == LONGER


def test_a_class_that_is_decided_is_told_though_the_size_is_not() -> None:
    records = make_study(lambda name, i, e, s: 20.0 + 9 * (name != "weq") + 0.1 * i + 0.5 * s)

    _, sureness, _ = answered(records).sentences

    assert "; the class is decided: all of these are weq with k = 4" in sureness
    assert answered(make_study(noise)).sureness is not None
    assert "the class is decided" not in str(answered(make_study(noise)).sureness)


def test_a_shortened_schedule_is_said_and_the_whole_one_would_make_it_surer() -> None:
    recipe = {"name": "Table A, the row of CIFAR-10, scaled from 250 epochs", "epochs": 14}
    records = make_study(
        lambda name, i, e, s: 30.0 - 2 * i + 5 * (name != "deq") + 0.1 * s, recipe=recipe
    )

    build, _, step = answered(records).sentences
    *_, longer = answered(records, longer=LONGER, limits=Limits(parameters=10**5)).sentences

    assert longer == (
        f"More time would tell whether it holds for a schedule nearer to the recipe's: {LONGER}"
    )
    assert build.endswith("after a schedule of 14 epochs in place of the recipe's 250.")
    assert step.startswith("The recipe's whole schedule of 250 epochs for deq k = 4 depth 26 ")


def test_limits_that_nothing_meets_leave_one_sentence_with_what_would_do() -> None:
    (sentence,) = answered(make_study(noise), limits=Limits(parameters=1)).sentences
    assert sentence.startswith("None of the 15 measured designs meets the limits. Relaxing")


def test_limits_beyond_what_was_measured_are_in_the_first_sentence() -> None:
    build, *_ = answered(make_study(noise), limits=Limits(epochs=100)).sentences
    assert build.endswith(
        "; 100 epochs are allowed, but the most measured is 6 epochs; nothing is extrapolated."
    )


def test_only_one_design_within_the_limits_is_told() -> None:
    records = make_study(noise)
    least = min(record.design.parameters for record in records)
    _, sureness, _ = answered(records, limits=Limits(parameters=least)).sentences
    assert sureness == "No other of the 15 designs meets the limits (3 seeds)."


def test_of_several_data_sets_that_of_most_runs_counts() -> None:
    svhn = [replace(r, study="other") for r in make_study(noise, dataset={"name": "svhn"})]
    build, *_ = answered([make_record(), *svhn]).sentences
    assert "on svhn" in build


@pytest.mark.parametrize("number", range(1, 46))
def test_after_every_run_of_a_study_there_are_three_sentences(number: int) -> None:
    records = sorted(make_study(noise), key=lambda r: (r.seed, -r.design.parameters))

    sentences = answered(records[:number]).sentences

    assert len(sentences) == 3
    assert all(re.match(r"[A-Z0-9]", text) and text.endswith(".") for text in sentences)
    assert "nan" not in " ".join(sentences)
    assert not re.search(r"\bNone\b", " ".join(sentences[1:]))
