"""The studies of the paper's figures: their runs, counted and named by hand."""

import functools
import itertools

import pytest

from ensemble_switchover.config.compose import compose_overrides, read_overrides
from ensemble_switchover.config.groups import group_options
from ensemble_switchover.config.study import resolve_study

pytestmark = pytest.mark.slow


@functools.cache
def study_of(*words):
    return resolve_study(config for _, part in compose_overrides(words) for config in part)


def designs(study):
    return {
        (
            spec.family.name,
            spec.dataset.name,
            f"{spec.budget.depth}x{spec.budget.width}",
            spec.design.design_class.value,
            spec.design.k,
            f"{spec.design.depth}x{spec.design.width}",
        )
        for spec in study.specs
    }


@functools.cache
def runs(*overrides):
    """Return the overrides of every run, its sweep among them: equal ones give equal runs."""
    return {tuple(run) for sweep in read_overrides(overrides) for run in sweep.runs}


FIGURE_2F = {
    # Table D, which the paper's rule gives as printed
    "28x4": ("10x4", "28x1"),
    "28x8": ("10x8", "28x3"),
    "28x12": ("10x12", "28x5"),
    "52x4": ("16x4", "52x1"),
    "52x8": ("16x8", "52x3"),
    "52x12": ("16x12", "52x5"),
    "58x4": ("16x4", "58x1"),
    "58x8": ("16x8", "58x3"),
    "58x12": ("16x12", "58x5"),
}


def test_figure_2f_is_table_d_on_both_cifars():
    study = study_of("sweep=figure_2f")
    expected = {
        ("wide_resnet", dataset, budget, *design)
        for dataset in ("cifar10", "cifar100")
        for budget, (weq, deq) in FIGURE_2F.items()
        for design in (("single", 1, budget), ("weq", 4, weq), ("deq", 4, deq))
    }
    assert designs(study) == expected
    assert len(study.specs) == len(expected) == 2 * 9 * 3
    assert study.impossible == []
    # weq of 52xw and of 58xw are the same four networks, for three w and two data sets
    assert len(study.trainings()) == 54 - 6


def test_figure_b_is_table_c_for_three_k_and_what_does_not_exist_is_told():
    study = study_of("sweep=figure_b")
    weq_depths = {"26": "8", "38": "8", "50": "14", "62": "14"}  # of Table C, k = 4
    widths = ("16", "24", "32", "48")
    found = designs(study)
    assert {design[:2] for design in found} == {("resnet", "cifar10")}
    of_four = {design[2:] for design in found if design[3:5] == ("weq", 4)}
    assert of_four == {
        (f"{depth}x{width}", "weq", 4, f"{weq_depth}x{width}")
        for depth, weq_depth in weq_depths.items()
        for width in widths
    }
    singles = {design[2] for design in found if design[3] == "single"}
    assert singles == {f"{depth}x{width}" for depth in weq_depths for width in widths}
    deq = [design for design in found if design[3] == "deq"]
    assert len(deq) == 16 * 3
    # the smallest ResNet has depth 8: six do not fit into depth 26, eight not into 26 and 38
    assert sorted((hole.k, hole.budget.depth) for hole in study.impossible) == sorted(
        [(6, 26)] * 4 + [(8, 26)] * 4 + [(8, 38)] * 4
    )
    assert len(study.specs) == 16 + 16 * 3 + (16 * 3 - 12) == 100
    assert study.num_asked == 100 + 2 * 16  # the single networks, for each of the other two k


@pytest.mark.parametrize(
    ("figure", "same"),
    [
        ("3", "figure_2a,figure_2b,figure_2c"),
        ("5", "figure_2a,figure_2d,figure_2f"),
        ("6", "figure_5"),
        ("7", "figure_5"),
        ("8", "figure_5"),
        ("a", "figure_2d,figure_2e,figure_2f"),
        ("c", "figure_4"),
        ("d", "figure_2b,figure_2c,figure_2e"),
        ("e", "figure_6"),
        ("f", "figure_d"),
        ("g", "figure_d"),
        ("h", "figure_d"),
    ],
)
def test_figures_that_show_the_same_runs_share_them(figure, same):
    assert runs(f"sweep=figure_{figure}") == runs(f"sweep={same}")


def test_figure_4a_has_the_runs_of_figure_2a_by_a_grid_of_its_own():
    first, second = (study_of(f"sweep=figure_{name}", "design=deq") for name in ("4a", "2a"))
    assert {spec.name for spec in first.specs} == {spec.name for spec in second.specs}


@pytest.mark.parametrize(
    ("figure", "family", "datasets", "ks", "epochs"),
    [
        ("2a", "densenet", {"cifar10"}, {4}, {120}),
        ("2b", "densenet", {"cifar100"}, {4}, {120}),
        ("2c", "densenet", {"tiny_imagenet"}, {4}, {90}),
        ("2d", "resnet", {"cifar10"}, {4}, {250}),
        ("2e", "resnet", {"cifar100"}, {4}, {500}),
        ("2f", "wide_resnet", {"cifar10", "cifar100"}, {4}, {200}),
        ("4", "densenet", {"cifar10"}, {4, 6, 8}, {120}),
        ("b", "resnet", {"cifar10"}, {4, 6, 8}, {250}),
        ("i", "densenet", {"imagenet32"}, {4}, {90}),
        ("j", "resnet", {"cifar100_randaugment"}, {4}, {500}),
        ("k", "densenet", {"cifar10"}, {4}, {30, 90}),
        ("l", "densenet", {"svhn"}, {4}, {100}),
    ],
)
def test_every_figure_has_its_family_its_data_its_k_and_the_epochs_of_table_a(
    figure, family, datasets, ks, epochs
):
    study = study_of(f"sweep=figure_{figure}")
    assert {spec.family.name for spec in study.specs} == {family}
    assert {spec.dataset.name for spec in study.specs} == datasets
    assert {spec.design.k for spec in study.specs} == {1, *ks}
    assert {spec.recipe.epochs for spec in study.specs} == epochs
    assert {(spec.execution.name, spec.precision) for spec in study.specs} == {("sequential", "32")}
    rows = {"densenet": 19, "resnet": 16, "wide_resnet": 9}[family]  # of Tables B to D
    singles = [spec for spec in study.specs if spec.design.k == 1]
    assert len(singles) == rows * len(datasets) * len(epochs)


def test_the_schedule_of_figure_k_is_scaled_in_proportion():
    drops = {spec.recipe.epochs: spec.recipe.drops for spec in study_of("sweep=figure_k").specs}
    assert drops == {30: ((15, 0.01), (23, 0.001)), 90: ((45, 0.01), (68, 0.001))}


def test_the_whole_paper_is_the_union_of_its_figures():
    figures = [name for name in group_options("sweep") if name.startswith("figure_")]
    letters = {name.removeprefix("figure_")[0] for name in figures}
    assert letters == {*"2345678", *"abcdefghijkl"}
    union = set(itertools.chain.from_iterable(runs(f"sweep={name}") for name in figures))
    assert runs("sweep=paper") == union


def test_words_reach_every_part_of_a_sweep_of_sweeps():
    study = study_of("sweep=figure_5", "seed=1,2", "design=single", "epochs=3")
    assert {spec.seed for spec in study.specs} == {1, 2}
    assert {spec.recipe.epochs for spec in study.specs} == {3}
    assert len(study.specs) == 2 * (19 + 16 + 2 * 9)
