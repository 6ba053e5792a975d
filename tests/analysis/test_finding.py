"""A comparison with what follows from it."""

from dataclasses import replace

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.finding import Finding, derive_finding
from ensemble_switchover.results.record import Record
from tests.factories import make_study, planted_error


def finding_of(records: list[Record]) -> Finding:
    (comparison,) = group_comparisons(records)
    return derive_finding(comparison)


def test_there_is_a_sentence_for_each_ensemble_class() -> None:
    finding = finding_of(make_study(planted_error))

    assert len(finding.sentences) == 2
    assert finding.headline.startswith("deq switches over at 206,734 parameters; weq ")
    values = finding.summary_values()
    assert (values["k"], values["seeds"], values["num_runs"]) == (4, [0, 1, 2], 45)


def test_single_networks_alone_have_nothing_to_compare() -> None:
    finding = finding_of([r for r in make_study(planted_error) if r.design.k == 1])

    assert finding.headline == "single networks only"
    assert finding.sensitivity == ()


def study_with_a_collapse() -> list[Record]:
    """Make a study of four seeds in which one single network of the largest budget collapsed."""
    return make_study(
        lambda name, column, epoch, seed: (
            85.0
            if (name, column, seed) == ("single", 4, 3)
            else planted_error(name, column, epoch, seed)
        ),
        seeds=range(4),
    )


def test_a_collapsed_run_is_left_out_named_and_the_answer_with_it_stands_beside() -> None:
    finding = finding_of(study_with_a_collapse())

    (name,) = finding.collapsed
    assert name == "resnet-digits-26x16-single-k1-s3"
    assert finding.grid.left_out == finding.collapsed
    assert finding.thresholds["deq"].budget == 206_734
    assert finding.sentences[1] == ("With 1 collapsed run in the errors: deq is undecided.")
    assert finding.otherwise["deq"].last_cell.num_single_seeds == 4
    assert finding.notes[0].endswith(f"and is left out of the errors: {name}.")
    assert "Welch, 90 %, with collapsed runs: none" in finding.sensitivity[0]
    (deq, _) = finding.summary_values()["thresholds"]
    assert (deq["outcome"], deq["otherwise"]["outcome"]) == ("found", "undecided")
    errors = finding.summary.filter(budget_width=16, design_class="single")
    assert errors["num_left_out"].to_list() == [1]
    assert errors["error_percent_mean"][0] < 50.0


def test_kept_runs_are_in_every_number_and_the_answer_without_them_stands_beside() -> None:
    (comparison,) = group_comparisons(study_with_a_collapse())
    finding = derive_finding(comparison, DecisionRule(keep_collapsed=True))

    assert finding.grid.left_out == ()
    assert finding.headline.startswith("deq is undecided")
    assert finding.sentences[1] == (
        "Without 1 collapsed run in the errors: deq switches over at 206,734 parameters."
    )
    assert "is in every number" in finding.notes[0]
    errors = finding.summary.filter(budget_width=16, design_class="single")
    assert (errors["num_left_out"][0], errors["error_percent_mean"][0] > 30.0) == (0, True)


def test_a_flagged_run_that_collapsed_is_not_in_errors() -> None:
    records = [
        replace(record, flags="error at chance level")
        if record.name.endswith("16-single-k1-s3")
        else record
        for record in study_with_a_collapse()
    ]
    (comparison,) = group_comparisons(records)
    for keep, told in ((False, " but the errors of those that collapsed"), (True, "")):
        finding = derive_finding(comparison, DecisionRule(keep_collapsed=keep))
        assert (
            f"1 of 60 runs is flagged (column flags of runs.csv) and in every number{told}: "
            in (finding.notes[1])
        )


def test_an_answer_that_collapsed_runs_do_not_move_is_said_to_be_the_same() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        collapsed = (name, column, seed) == ("single", 0, 3)
        return 85.0 if collapsed else planted_error(name, column, epoch, seed)

    finding = finding_of(make_study(error, seeds=range(4)))

    assert finding.sentences[1] == (
        "With 1 collapsed run in the errors: deq switches over at 206,734 parameters, the same."
    )
