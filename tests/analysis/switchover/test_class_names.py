"""The names of design classes in words."""

from __future__ import annotations

from ensemble_switchover.analysis.switchover.class_names import (
    SPELLED_CLASSES,
    explain_class,
    spell_ensembles,
)
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES, ENSEMBLE_CLASSES


def test_every_class_is_spelled_out_beside_its_short_name() -> None:
    for name in DESIGN_CLASSES:
        assert name in SPELLED_CLASSES[name]
        assert explain_class(name, 4).startswith(f"{name}: ")
    assert len({spell_ensembles(name) for name in DESIGN_CLASSES}) == 3


def test_an_ensemble_is_explained_by_what_it_shares_with_the_single_network() -> None:
    told = {name: explain_class(name, 6) for name in ENSEMBLE_CLASSES}
    assert "6 networks as deep as the single one, each narrower" in told["deq"]
    assert "6 networks as wide as the single one, each shallower" in told["weq"]
