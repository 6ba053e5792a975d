"""The rivals with the sampling of the test images in, from planted predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.analysis.advice.image_rivals import find_image_rivals
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import Advice, advise
from ensemble_switchover.analysis.advice.trained_designs import collect_designs, list_candidates
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.image_sampling import compare_crossed
from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader
from ensemble_switchover.results.study_folders import read_studies
from tests.analysis.switchover.planted_images import LAST, errors_of_run, write_run

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = range(3)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for name in ("single", "deq", "weq"):
        for seed in SEEDS:
            write_run(tmp_path / "study", name, 8, seed)  # type: ignore[arg-type]
    return tmp_path / "study"


def advise_from(study: Path, rule: DecisionRule, **limits: int) -> tuple[Advice, ImageErrorReader]:
    studies = read_studies([study])
    candidates = list_candidates(collect_designs(studies.records), "Example CPU")
    return advise(candidates, Limits(**limits), rule), ImageErrorReader(studies.folders)


@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_a_design_is_a_rival_unless_it_is_worse_over_other_images_too(
    study: Path, confidence: float
) -> None:
    advice, reader = advise_from(study, DecisionRule(confidence=confidence))

    found = find_image_rivals(advice, reader)

    assert found is not None
    assert found.num_images == 200
    assert advice.best is not None
    errors = {
        name: np.stack([errors_of_run(name, 8, seed) for seed in SEEDS])
        for name in ("single", "deq", "weq")
    }
    ours = errors.pop(advice.best.design.design_class)
    expected = {rival.reading.design.design_class for rival in advice.rivals}
    for name, theirs in errors.items():
        difference = compare_crossed(theirs, ours)
        if difference is None or difference.interval(confidence).lower <= 0.0:
            expected.add(name)
    assert {rival.reading.design.design_class for rival in found.rivals} == expected
    told = " ".join(describe_advice(advice, None, found))
    assert told.count("With the sampling of the 200 test images in, ") == 1
    assert ("the answer is the same" in told) == (len(found.rivals) == len(advice.rivals))


def test_without_the_predictions_of_one_run_there_is_no_such_answer(study: Path) -> None:
    next(study.glob("*deq*/*.npz")).unlink()
    advice, reader = advise_from(study, DecisionRule())

    assert find_image_rivals(advice, reader) is None


def test_other_rules_and_earlier_epochs_have_no_such_answer(study: Path) -> None:
    assert find_image_rivals(*advise_from(study, DecisionRule("paired_t"))) is None
    assert find_image_rivals(*advise_from(study, DecisionRule(), epochs=LAST - 1)) is None
