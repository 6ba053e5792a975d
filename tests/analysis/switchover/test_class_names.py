"""The names of design classes in words."""

from __future__ import annotations

from ensemble_switchover.analysis.switchover.class_names import (
    SPELLED_CLASSES,
    spell_ensembles,
)
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES


def test_every_class_is_spelled_out_beside_its_short_name() -> None:
    for name in DESIGN_CLASSES:
        assert name in SPELLED_CLASSES[name]
    assert len({spell_ensembles(name) for name in DESIGN_CLASSES}) == 3
