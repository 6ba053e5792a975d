"""A comparison with what follows from it."""

from ensemble_switchover.analysis.comparison import group_comparisons
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
