"""The printed commands make exactly the runs that a purchase names."""

import shlex
from dataclasses import replace

import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.purchase import Purchase
from ensemble_switchover.analysis.purchase_commands import PurchaseCommands
from ensemble_switchover.analysis.study_purchases import BudgetedDesign, plan_purchases
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.record import BudgetRecord
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.store import read_folders
from tests.factories import make_record

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = unpack_study("demo", tmp_path_factory.mktemp("results"))
    records, _ = read_folders(find_runs(folder).recorded)
    return folder, records


def planned(records):
    return plan_purchases([derive_finding(each) for each in group_comparisons(records)])


def specs_of(command):
    register_schemas()
    specs = []
    for line in command.split(" && "):
        words = shlex.split(line)
        assert words[:3] == ["python", "-m", "ensemble_switchover"]
        overrides = [word for word in words[3:] if word != "--multirun"]
        specs += [resolve(c) for _, configs in compose_overrides(overrides) for c in configs]
    return specs


def asked_for(purchase):
    return {(d.design_class, d.k, d.budget.depth, d.budget.width, n) for d, n in purchase.amounts}


def counted(specs):
    runs = {
        (s.design.design_class.value, s.design.k, s.budget.depth, s.budget.width) for s in specs
    }
    return {(*run, len({s.seed for s in specs if run == _run(s)})) for run in runs}


def _run(spec):
    return (spec.design.design_class.value, spec.design.k, spec.budget.depth, spec.budget.width)


@pytest.mark.parametrize("num_seeds", [2, 3, 4])
def test_the_purchases_of_the_demo_compose_to_new_seeds_of_exactly_these_runs(demo, num_seeds):
    folder, records = demo
    kept = {path: record for path, record in records.items() if record.seed < num_seeds}
    study = planned(list(kept.values()))
    folders = {(record.study, record.name): path for path, record in kept.items()}
    commands = PurchaseCommands(study.records, folders)
    assert study.purchases
    for purchase in study.purchases:
        specs = specs_of(commands.write(purchase))
        assert counted(specs) == asked_for(purchase)
        names = {spec.name for spec in specs}
        assert not names & {record.name for record in kept.values()}
        assert {spec.study_folder for spec in specs} == {folder}
        # the next seeds of designs that the study has are those that it has of them
        known = {record.name for record in records.values()}
        assert all(spec.name in known for spec in specs if num_seeds <= spec.seed < 4)


def test_a_new_budget_differs_from_its_neighbour_in_the_budget_alone(demo):
    _, records = demo
    study = planned(list(records.values()))
    folders = {(record.study, record.name): path for path, record in records.items()}
    single, other = (
        next(d for d in study.records if d.design_class == name) for name in ("single", "weq")
    )
    budget = BudgetRecord(depth=26, width=2, parameters=6024)
    amounts = tuple((replace(each, budget=budget), 3) for each in (single, other))
    command = PurchaseCommands(study.records, folders).write(Purchase(amounts, 1.0, 1.0, ()))
    specs = specs_of(command)
    assert {(_run(spec), spec.seed) for spec in specs} == {
        ((name, k, 26, 2), seed) for name, k in (("single", 1), ("weq", 4)) for seed in (0, 1, 2)
    }
    recorded = next(iter(records.values())).recipe
    assert {spec.recipe.epochs for spec in specs} == {recorded.epochs}
    assert {spec.threads for spec in specs} == {1}


def test_seeds_of_failed_runs_are_not_tried_again(demo):
    _, records = demo
    study = planned(list(records.values()))
    folders = {(record.study, record.name): path for path, record in records.items()}
    design = next(d for d in study.records if d.network == "26x12" and d.design_class == "single")
    failed = ["resnet_digits_26x12_single_k1_seed5_0123456789ab"]
    commands = PurchaseCommands(study.records, folders, failed)
    specs = specs_of(commands.write(Purchase(((design, 2),), 1.0, 1.0, ())))
    assert [spec.seed for spec in specs] == [4, 6]


def test_records_without_a_configuration_have_no_command(tmp_path):
    made = [make_record(seed=seed) for seed in range(3)]
    study = planned([*made, *(make_record(design_class="deq", seed=s) for s in range(3))])
    folders = {
        (r.study, r.name): tmp_path / "demo" / r.name
        for runs in study.records.values()
        for r in runs
    }
    commands = PurchaseCommands(study.records, folders)
    design = next(iter(study.records))
    assert isinstance(design, BudgetedDesign)
    assert commands.write(Purchase(((design, 2),), 1.0, 1.0, ())) is None
    elsewhere = replace(design, budget=BudgetRecord(depth=26, width=2, parameters=6024))
    assert commands.write(Purchase(((elsewhere, 2),), 1.0, 1.0, ())) is None
    unknown = replace(design, design_class="weq", k=8)
    assert commands.write(Purchase(((unknown, 2),), 1.0, 1.0, ())) is None
