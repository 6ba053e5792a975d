"""Which runs are compared, and how their comparisons are named."""

from __future__ import annotations

from ensemble_switchover.analysis.comparison import (
    group_comparisons,
    label_settings,
    setting_of,
)
from tests.factories import make_record


def test_single_networks_take_part_for_every_k() -> None:
    single = make_record()
    four = make_record(design_class="deq", k=4)
    two = make_record(design_class="weq", k=2)

    comparisons = group_comparisons([four, single, two])

    assert [comparison.k for comparison in comparisons] == [2, 4]
    assert comparisons[0].records == (single, two)
    assert comparisons[1].records == (single, four)
    assert comparisons[1].label == "resnet on digits, k = 4"


def test_single_networks_alone_are_a_comparison_of_their_own() -> None:
    (comparison,) = group_comparisons([make_record(), make_record(seed=1)])

    assert comparison.k == 1
    assert comparison.source is None
    assert comparison.label == "resnet on digits"


def test_another_total_of_epochs_is_another_setting() -> None:
    short = make_record(test_errors=[20.0, 10.0])
    long = make_record(test_errors=[20.0, 15.0, 10.0, 5.0])

    labels = [comparison.label for comparison in group_comparisons([short, long])]

    assert labels == ["resnet on digits (recipe epochs 2)", "resnet on digits (recipe epochs 4)"]


def test_precision_family_options_and_data_keep_runs_apart() -> None:
    records = [
        make_record(),
        make_record(environment={"precision": "bfloat16"}),
        make_record(family_options={"shortcut": "projection"}),
        make_record(dataset={"train_size": 600}),
        make_record(recipe={"nesterov": True}),
    ]

    labels = label_settings(setting_of(record) for record in records)

    assert len(set(labels.values())) == 5
    assert "precision bfloat16" in labels[setting_of(records[1])]
    assert "family shortcut projection" in labels[setting_of(records[2])]
    assert "dataset train_size 600" in labels[setting_of(records[3])]
    assert "recipe nesterov true" in labels[setting_of(records[4])]


def test_runs_that_may_have_stopped_early_are_kept_apart() -> None:
    whole, watched, stopping = make_record(), make_record(), make_record()
    watched.config["callbacks"] = {
        "lr": {"_target_": "pytorch_lightning.callbacks.LearningRateMonitor"}
    }
    stopping.config["callbacks"] = {
        "early_stopping": {"_target_": "pytorch_lightning.callbacks.EarlyStopping"}
    }

    first, second, third = map(setting_of, (whole, watched, stopping))

    assert first == second
    assert first != third
    assert label_settings([first, third])[third].endswith("(callbacks EarlyStopping)")


def test_execution_and_machine_do_not_keep_runs_apart() -> None:
    records = [
        make_record(),
        make_record(environment={"execution": "stacked", "device_name": "Other"}),
    ]

    assert len(group_comparisons(records)) == 1


def test_designs_of_another_source_are_named_by_it() -> None:
    records = [
        make_record(),
        make_record(design_class="deq"),
        make_record(design_class="deq", source="nearest"),
    ]

    labels = [comparison.label for comparison in group_comparisons(records)]

    assert labels == ["resnet on digits, k = 4, nearest", "resnet on digits, k = 4, rule"]


def test_runs_measured_on_validation_images_are_kept_apart_and_named() -> None:
    on_test = make_record()
    held_out = {"validation_size": 60, "evaluated_on": "validation", "test_size": 0}
    on_validation = make_record(dataset=held_out)

    labels = [comparison.label for comparison in group_comparisons([on_test, on_validation])]

    assert labels == ["resnet on digits", "resnet on validation images of digits"]


def test_options_of_a_data_set_keep_runs_apart_by_their_names() -> None:
    records = [make_record(dataset={"options": {"difficulty": hard}}) for hard in (0.2, 0.8)]

    labels = label_settings(setting_of(record) for record in records)

    assert list(labels.values()) == [
        "resnet on digits (dataset difficulty 0.2)",
        "resnet on digits (dataset difficulty 0.8)",
    ]


def test_recipes_are_told_apart_by_their_names_and_by_what_differs_within_one() -> None:
    adam = {"_target_": "torch.optim.Adam", "betas": [0.9, 0.999]}
    cosine = {"name": "cosine", "warmup_epochs": 0.5}
    recipes = [
        {"name": "digits, scaled from 20 epochs"},
        {"name": "digits, scaled from 20 epochs", "optimizer": adam, "learning_rate": 0.003},
        {"name": "digits, scaled from 20 epochs", "optimizer": adam, "learning_rate": 0.01},
        {"name": "sgd_cosine, scaled from 20 epochs", "schedule": cosine, "label_smoothing": 0.1},
    ]

    labels = label_settings(setting_of(make_record(recipe=recipe)) for recipe in recipes)

    rate = make_record().recipe.learning_rate
    adams = "optimizer Adam(betas=[0.9, 0.999])"
    assert list(labels.values()) == [
        f"resnet on digits (recipe digits, recipe learning_rate {rate}, recipe optimizer SGD)",
        f"resnet on digits (recipe digits, recipe learning_rate 0.003, recipe {adams})",
        f"resnet on digits (recipe digits, recipe learning_rate 0.01, recipe {adams})",
        "resnet on digits (recipe sgd_cosine)",
    ]


def test_words_on_scaled_epochs_are_written_where_nothing_else_differs() -> None:
    names = ["digits", "digits, scaled from 20 epochs"]

    labels = label_settings(setting_of(make_record(recipe={"name": name})) for name in names)

    assert list(labels.values()) == [f"resnet on digits (recipe name {name})" for name in names]


def test_images_of_another_size_are_never_compared_and_are_named_apart() -> None:
    validation = {"evaluated_on": "validation", "validation_size": 60, "test_size": 0}
    records = [
        make_record(),
        make_record(design_class="deq"),
        make_record(dataset={"image_size": 4}),
        make_record(design_class="deq", dataset={"image_size": 4}),
        make_record(dataset={"image_size": 7}),
        make_record(dataset={"image_size": 4, **validation}),
    ]

    comparisons = group_comparisons(records)

    found = {
        one.label: [record.dataset.image_size for record in one.records] for one in comparisons
    }
    assert found == {
        "resnet on digits, k = 4": [8, 8],
        "resnet on digits at 4x4 pixels, k = 4": [4, 4],
        "resnet on digits at 7x7 pixels": [7],
        "resnet on validation images of digits at 4x4 pixels": [4],
    }


def test_images_of_ones_own_set_are_told_apart_by_the_field() -> None:
    own = {"name": "photos", "options": {"_target_": "mine.load"}}
    settings = [setting_of(make_record(dataset={**own, "image_size": side})) for side in (4, 8)]

    labels = label_settings(settings)

    assert [labels[setting] for setting in settings] == [
        "resnet on photos (dataset image_size 4)",
        "resnet on photos (dataset image_size 8)",
    ]
