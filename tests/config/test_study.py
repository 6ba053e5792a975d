"""The runs of a study, each once."""

from collections import Counter

import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.errors import ConfigError


def test_equal_runs_become_one_and_holes_are_told(compose_config):
    configs = [
        compose_config(f"design={design}", f"k={k}")
        for design in ("single", "deq", "weq")
        for k in (2, 4, 64)
    ]
    study = resolve_study(configs)
    designs = [(spec.design.design_class.value, spec.design.k) for spec in study.specs]
    assert designs == [("single", 1), ("deq", 2), ("deq", 4), ("weq", 2), ("weq", 4)]
    assert [hole.reason.partition(":")[0] for hole in study.impossible] == [
        "design=deq k=64",
        "design=weq k=64",
    ]
    first = study.impossible[0]
    assert (first.family, first.dataset, first.design_class, first.k) == (
        "resnet", "digits", "deq", 64,
    )  # fmt: skip
    assert str(first) == f"resnet on digits: {first.reason}"


def test_every_problem_is_named_once(compose_config):
    configs = [
        compose_config(*overrides)
        for overrides in [("k=0",), ("k=0", "seed=-1"), ("seed=1",), ("budget.depth=25",)]
    ]
    with pytest.raises(ConfigError) as error:
        resolve_study(configs)
    assert len(error.value.args) == 3
    for key in ("k=0", "seed=-1", "budget.depth=25"):
        assert sum(text.startswith(key) for text in error.value.args) == 1


def test_a_run_goes_into_one_folder(compose_config):
    configs = [compose_config(f"study={name}") for name in ("night", "night", "day")]
    with pytest.raises(ConfigError, match="would go into both results/night and results/day; "):
        resolve_study(configs)


def test_a_study_of_holes_alone_is_a_mistake(compose_config):
    configs = [compose_config("design=weq", f"k={k}") for k in (32, 64)]
    with pytest.raises(ConfigError, match="nothing to run") as error:
        resolve_study(configs)
    assert str(error.value).count("smallest budget that would do") == 2


@pytest.mark.slow
def test_the_study_of_digits_has_all_families_and_sizes_and_a_run_once():
    configs = [config for _, group in compose_overrides(["sweep=digits"]) for config in group]

    study = resolve_study(configs)

    runs = {
        (c.family.name, c.budget.parameters, c.design.design_class.value, c.design.k)
        for c in study.specs
    }
    budgets = {"resnet": 5, "densenet": 4, "wide_resnet": 3}
    found = Counter(family for family, _ in {(family, budget) for family, budget, *_ in runs})
    assert found == budgets
    assert {k for *_, k in runs} == {1, 2, 4, 8}
    assert len(study.specs) == 5 * len(runs)
    # every budget has a single network and 2 classes of ensembles x 3 k, less what does not exist
    holes = {(h.family, h.budget.parameters, h.design_class, h.k) for h in study.impossible}
    assert len(runs) + len(holes) == 7 * sum(budgets.values())


@pytest.mark.slow
def test_the_study_of_fashion_mnist_has_all_families_and_three_sizes_of_training():
    configs = [
        config for _, group in compose_overrides(["sweep=fashion_mnist"]) for config in group
    ]

    study = resolve_study(configs)

    assert {spec.task.size for spec in study.specs} == {14}
    assert {spec.seed for spec in study.specs} == set(range(5))
    by_kind = {
        (spec.family.name, spec.train_size, spec.design.k, spec.budget.parameters)
        for spec in study.specs
    }
    budgets = Counter(
        (family, size) for family, size, _, _ in {(*kind[:2], 0, kind[3]) for kind in by_kind}
    )
    assert budgets == {
        ("resnet", 2000): 6,
        ("densenet", 2000): 5,
        ("wide_resnet", 2000): 3,
        ("resnet", 1000): 3,
        ("resnet", 10000): 3,
    }
    assert {k for family, _, k, _ in by_kind if family == "resnet"} == {1, 2, 4, 8}
    assert {k for family, _, k, _ in by_kind if family != "resnet"} == {1, 4}
