"""The explorer's maps, against those of the report."""

from __future__ import annotations

from typing import Any

import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.analysis.switchover.threshold import find_threshold
from ensemble_switchover.reporting.explorer.maps import map_values
from ensemble_switchover.reporting.figures.cell_face import face_cell
from tests.factories import make_record, make_study, planted_error
from tests.reporting.explorer.page_content import content_of, random_error


@pytest.mark.parametrize("error", [planted_error, random_error])
@pytest.mark.parametrize("holes", [[], [("weq", 0), ("weq", 1), ("deq", 1), ("single", 3)]])
def test_the_map_is_the_reports_under_every_rule(error: Any, holes: Any) -> None:
    (comparison,) = group_comparisons(make_study(error, holes=holes))
    finding = derive_finding(comparison)
    grid = finding.grid

    for shown in map_values(finding):
        confidence = shown["confidence"]
        cells = {
            (column, row): (winner, decided, both)
            for column, first, last, winner, decided, both in shown["cells"]
            for row in range(first, last + 1)
        }
        assert len(cells) == len(grid.budgets) * len(grid.epochs)
        if confidence is None:
            for (column, row), (winner, _, _) in cells.items():
                lowest = [grid.mean_error(name, column, row) for name in DESIGN_CLASSES]
                measured = [mean for mean in lowest if mean is not None]
                if winner >= 0:
                    assert lowest[winner] == min(measured)
            continue
        thresholds = {
            name: find_threshold(grid, name, DecisionRule(confidence=confidence))
            for name in finding.thresholds
        }
        for (column, row), (winner, decided, both) in cells.items():
            face = face_cell(grid, thresholds, column, row)
            assert (DESIGN_CLASSES[winner] if winner >= 0 else None) == face.winner
            assert (bool(decided), bool(both)) == (face.decided, face.both_ensembles_win)
        for name, threshold in thresholds.items():
            steps = [None if row is None else grid.epochs[row] for row in shown["boundaries"][name]]
            assert tuple(steps) == threshold.boundary_epochs


def test_single_networks_alone_have_no_map() -> None:
    (comparison,) = content_of([make_record(seed=seed) for seed in (0, 1)])["comparisons"]

    assert comparison["maps"] == []
    assert comparison["k"] == 1
