"""The headline of a page, and the classes that are explained below it."""

from __future__ import annotations

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.headline import list_terms, write_headline
from ensemble_switchover.reporting.what_to_build import answer_what_to_build
from tests.factories import make_record, make_study, planted_error

TWO_K = [
    record
    for k in (2, 4)
    for record in make_study(planted_error, k=k, widths=(12, 16), seeds=(0, 1), num_epochs=2)
]


def test_one_data_set_has_what_to_build_and_several_have_their_number() -> None:
    findings = [derive_finding(comparison) for comparison in group_comparisons(TWO_K)]
    (answer,) = answer_what_to_build(TWO_K, DEFAULT_RULE, {})
    assert write_headline([answer], findings) == answer.title
    told = write_headline([answer, answer], findings)
    assert told == "2 comparisons of single networks and ensembles on 2 data sets"


def test_a_shortened_schedule_is_in_the_headline_of_several_data_sets_too() -> None:
    recipe = {"name": "table A, resnet on cifar10, scaled from 250 epochs to 2"}
    records = [
        record
        for name in ("birds", "plants")
        for record in make_study(
            planted_error, widths=(12,), num_epochs=2, dataset={"name": name}, recipe=recipe
        )
    ]
    findings = [derive_finding(comparison) for comparison in group_comparisons(records)]
    told = write_headline(answer_what_to_build(records, DEFAULT_RULE, {}), findings)
    assert told.endswith("after a schedule of 2 epochs in place of the recipe's 250")
    for finding in findings:
        assert any(str(finding.schedule) in note for note in finding.notes)


def test_the_classes_that_were_compared_are_explained_once() -> None:
    findings = [derive_finding(comparison) for comparison in group_comparisons(TWO_K)]
    assert list_terms(findings) == (
        "deq, depth-equivalent: 2 or 4 networks as deep as the single one, each narrower",
        "weq, width-equivalent: 2 or 4 networks as wide as the single one, each shallower",
    )
    (alone,) = group_comparisons([make_record()])
    assert list_terms([derive_finding(alone)]) == ()
