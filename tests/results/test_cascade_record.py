"""What a record says of its cascades is read as it was written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from ensemble_switchover.results.measure_cascades import make_cascades
from ensemble_switchover.results.predictions import Predictions
from ensemble_switchover.results.store import read_record, write_record
from tests.factories import make_record
from tests.measurement.cascade.brute_force import draw_logs

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.cascade_record import CascadeRecord


def _cascades(from_half: bool = False) -> list[CascadeRecord]:
    logs, labels = draw_logs(4, 200, 10)
    if from_half:
        return make_cascades(Predictions.of_probabilities(np.exp(logs).astype(np.float16), labels))
    return make_cascades(Predictions(logs, labels))


def test_cascades_are_read_as_they_were_written(tmp_path: Path) -> None:
    for name, cascades in (("single", _cascades()), ("half", _cascades(from_half=True))):
        record = replace(make_record(design_class="deq", name=name), cascades=cascades)
        write_record(tmp_path / name, record)
        assert read_record(tmp_path / name / "record.json").cascades == cascades


def test_a_record_of_before_has_none(tmp_path: Path) -> None:
    write_record(tmp_path / "run", make_record(design_class="deq"))
    text = (tmp_path / "run" / "record.json").read_text()
    assert '"cascades": []' in text
    assert read_record(tmp_path / "run" / "record.json").cascades == []


def test_a_cascade_knows_its_members() -> None:
    assert [cascade.num_members for cascade in _cascades()] == [4] * len(EXIT_RULES)
