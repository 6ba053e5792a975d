"""What ten minutes on photographs advise is what a long study of the same photographs advises.

`photos.csv` has the test errors of both, of 3,000 training and 2,000 test images of Fashion-MNIST
(Xiao et al. 2017), reduced to 12x12 pixels: of `choose --minutes 9` on two cores (10 epochs, with a
few images more, copies and mislabelled ones), and of a study of five budgets, five seeds and 25
epochs.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.short_answer import answer_shortly
from tests.factories import make_record

ERRORS = Path(__file__).with_name("photos.csv")
PHOTOS = {"name": "folder", "image_size": 12, "train_size": 3000, "test_size": 2000}
CHANNELS = {"quick": 3, "long": 1}


def _records(study: str):
    with ERRORS.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["study"] == study]
    return [
        make_record(
            design_class=row["design_class"],
            k=int(row["k"]),
            depth=int(row["budget_depth"]),
            width=int(row["budget_width"]),
            seed=int(row["seed"]),
            test_errors=[float(row["error_percent"])],
            dataset={**PHOTOS, "channels": CHANNELS[study]},
            study=study,
        )
        for row in rows
    ]


def _advice(study: str, limits: Limits):
    found = answer_shortly(_records(study), {}, limits).advice
    assert found is not None
    assert found.recommended is not None
    return found


def _key(reading):
    design = reading.design
    return design.design_class, design.k, design.depth, design.width


def test_the_studies_are_whole():
    assert len({(r.budget.parameters, r.seed) for r in _records("long")}) == 5 * 5
    assert {r.design.design_class for r in _records("quick")} == {"single", "deq", "weq"}


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_quick_answer_is_among_those_that_will_do(share):
    """Within the budgets that the quick study has, or with a limit below the largest of them."""
    limits = Limits(parameters=int(share * max(r.budget.parameters for r in _records("quick"))))
    quick, long = _advice("quick", limits), _advice("long", limits)
    assert long.short_list is not None
    assert _key(quick.recommended) in {_key(reading) for reading in long.short_list.readings}
