"""Which class a cell of the heat map shows, and how certain."""

from __future__ import annotations

from ensemble_switchover.reporting.figures.cell_face import CellFace, face_cell
from tests.factories import make_study, planted_error
from tests.reporting.figures.heat_maps import finding_of


def test_the_lowest_mean_wins_and_the_interval_decides() -> None:
    finding = finding_of(make_study(planted_error))
    one_seed = finding_of(make_study(planted_error, seeds=(0,)))

    assert face_cell(finding.grid, finding.thresholds, 4, 5) == CellFace("deq", True, False)
    assert face_cell(finding.grid, finding.thresholds, 0, 0) == CellFace("single", True, False)
    assert face_cell(one_seed.grid, one_seed.thresholds, 4, 5) == CellFace("deq", False, False)


def test_both_ensembles_must_beat_the_single_network() -> None:
    finding = finding_of(make_study(lambda name, i, e, s: 20.0 + s - 2.0 * (name != "single")))

    assert face_cell(finding.grid, finding.thresholds, 0, 0).both_ensembles_win


def test_equal_means_show_the_single_network_undecided() -> None:
    finding = finding_of(make_study(lambda name, i, e, s: 20.0 + s))

    assert face_cell(finding.grid, finding.thresholds, 0, 0) == CellFace("single", False, False)


def test_a_single_network_without_rival_is_no_winner() -> None:
    finding = finding_of(make_study(planted_error, holes=[("deq", 0), ("weq", 0)]))

    assert face_cell(finding.grid, finding.thresholds, 0, 0).winner is None
