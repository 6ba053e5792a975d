"""The commands that make an advice surer compose to exactly the runs that are named."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.advice.short_answer import answer_shortly
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.study_folders import read_studies

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.results.study_folders import Studies

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Studies:
    return read_studies([unpack_study("demo", tmp_path_factory.mktemp("results"))])


def specs_of(command: str | None) -> list[RunSpec]:
    assert command is not None
    register_schemas()
    specs = []
    for line in command.split(" && "):
        words = shlex.split(line)
        overrides = [word for word in words[3:] if word != "--multirun"]
        specs += [resolve(c) for _, configs in compose_overrides(overrides) for c in configs]
    return specs


def test_one_run_asks_for_the_other_classes_at_its_budget(demo: Studies) -> None:
    (record,) = (r for r in demo.records if "26x12_single" in r.name and r.seed == 0)

    specs = specs_of(answer_shortly([record], demo.folders).command)

    known = {r.name for r in demo.records}
    assert {(s.design.design_class.value, s.seed) for s in specs} == {
        *(("deq", seed) for seed in range(3)),
        *(("weq", seed) for seed in range(3)),
        ("single", 1),
        ("single", 2),
    }
    assert {spec.name for spec in specs} <= known  # runs of the same study


def test_one_seed_of_all_asks_for_two_more_of_the_designs_in_question(demo: Studies) -> None:
    records = [record for record in demo.records if record.seed == 0]
    answer = answer_shortly(records, demo.folders)
    assert answer.advice is not None
    assert answer.advice.short_list is not None

    specs = specs_of(answer.command)

    listed = {(r.design.depth, r.design.width) for r in answer.advice.short_list.readings}
    assert {(s.design.depth, s.design.width) for s in specs} == listed
    assert {spec.seed for spec in specs} == {1, 2}
    assert {spec.name for spec in specs} <= {record.name for record in demo.records}


def test_with_enough_seeds_the_best_purchase_of_the_study_is_told(demo: Studies) -> None:
    answer = answer_shortly(demo.records, demo.folders)

    assert answer.step is not None
    assert answer.step.startswith("Of all further runs these settle most: ")
    assert not {s.name for s in specs_of(answer.command)} & {r.name for r in demo.records}


def test_a_shortened_study_asks_for_the_whole_schedule_once_it_is_decided(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    digits = read_studies([unpack_study("digits", tmp_path_factory.mktemp("results"))])
    records = [
        record
        for record in digits.records
        if (record.design.family, record.budget.width) == ("resnet", 8)
        and record.design.k in (1, 4)
    ]
    answer = answer_shortly(records, digits.folders)

    specs = specs_of(answer.command)

    assert "The recipe's whole schedule of 20 epochs for weq k = 4 depth" in answer.sentences[2]
    assert {spec.recipe.epochs for spec in specs} == {20}
    assert {spec.seed for spec in specs} == {0, 1, 2}
    assert len({spec.name for spec in specs}) == 6
