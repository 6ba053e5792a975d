"""The lines of a sweep on its runs."""

from ensemble_switchover.sweep.progress_lines import (
    NAMES_OF_A_REASON,
    count_progress,
    failure_rows,
    name_run,
    swept_words,
)


def test_a_run_is_named_by_what_differs(tiny_spec):
    single, _ = tiny_spec("seed=3")
    budget = f"{single.budget.depth}x{single.budget.width}"
    assert name_run(single, with_family=False) == f"{budget} single seed 3"

    ensemble, _ = tiny_spec("design=deq", "k=2", "seed=3")
    design = f"{ensemble.design.depth}x{ensemble.design.width}"
    expected = f"{ensemble.family.name} {budget} deq k=2 ({design}) seed 3"
    assert name_run(ensemble, with_family=True) == expected


def test_recipes_that_are_swept_are_named_and_so_is_what_differs_within_one(tiny_spec):
    adam, slow = "recipe/optimizer=adam", "recipe.learning_rate=0.003"
    sgd = [tiny_spec(f"seed={seed}", "epochs=5")[0] for seed in (3, 4)]
    adams = [tiny_spec(adam, slow, f"epochs={epochs}")[0] for epochs in (5, 7)]
    cosine, _ = tiny_spec("recipe=sgd_cosine", "epochs=5")
    words = swept_words([*sgd, *adams, cosine])
    name = sgd[0].recipe.name.partition(", ")[0]
    rate = f"{sgd[0].recipe.learning_rate:g}"
    assert list(words.values()) == [
        *[f"recipe {name} SGD learning rate {rate} 5 epochs"] * 2,
        f"recipe {name} Adam learning rate 0.003 5 epochs",
        f"recipe {name} Adam learning rate 0.003 7 epochs",
        "recipe sgd_cosine",
    ]
    line = name_run(cosine, with_family=False, swept=words[cosine.name])
    assert line.endswith(" single recipe sgd_cosine seed 0")
    assert set(swept_words(sgd).values()) == {""}


def test_numbers_of_training_images_that_are_swept_are_named(tiny_spec):
    specs = [tiny_spec(f"dataset.train_size={number}")[0] for number in (100, 1000)]
    assert list(swept_words(specs).values()) == ["of 100 images", "of 1,000 images"]


def test_a_line_of_the_demo_fits_100_columns(tiny_spec):
    ensemble, _ = tiny_spec("design=deq", "k=2", "seed=3")
    name = name_run(ensemble, with_family=False).replace("x", "x1")  # a digit more
    standing = count_progress(36, 72, 8, 2, 0, 522.0)
    assert len(f"{name}: test error 10.67 %, 1.4 min  [{standing}]") <= 100


def test_many_failures_for_one_reason_are_counted():
    names = [f"run{number}" for number in range(NAMES_OF_A_REASON + 3)]
    rows = failure_rows([(name, "killed") for name in names])
    assert rows[0] == ("run0", "killed")
    assert rows[-1] == ("and 3 more", "the same")
    assert len(rows) == NAMES_OF_A_REASON + 1
