"""The overrides of a study of the user's own images compose, and those of the user stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.sweep.choice.study_command import (
    OwnStudy,
    refuse_given_otherwise,
    shown_command,
    study_name,
)
from ensemble_switchover.sweep.choice.study_size import StudySize

SIZE = StudySize(image_side=16, train_images=3000, epochs=28, budgets=(15_000, 25_000, 37_000))


def _study(*overrides: str, **others: object) -> OwnStudy:
    values: dict[str, object] = {
        "root": Path("my photos"),
        "channels": 1,
        "train_images": 3000,
        "name": "my_photos_10min",
        "results": Path("results"),
        "num_jobs": 2,
        "threads": 1,
        "overrides": overrides,
    }
    return OwnStudy(**(values | others))  # type: ignore[arg-type]


def test_the_command_can_be_pasted() -> None:
    assert shown_command(_study().overrides_of(SIZE)) == (
        "python -m ensemble_switchover sweep=own study=my_photos_10min dataset=folder "
        "\"dataset.root='my photos'\" dataset.skip_bad=true dataset.channels=1 logger=none "
        "hydra/launcher=joblib hydra.launcher.n_jobs=2 threads=1 dataset.image_size=16 "
        "dataset.crop_padding=2 epochs=28 evaluate_every=3 budget.parameters=15000,25000,37000"
    )


def test_what_the_user_states_stands_in_place_of_what_is_chosen() -> None:
    overrides = _study("epochs=5", "hydra/launcher=basic", "k=2").overrides_of(SIZE)
    assert [entry for entry in overrides if entry.startswith("epochs=")] == ["epochs=5"]
    assert [entry for entry in overrides if "launcher" in entry] == ["hydra/launcher=basic"]
    assert overrides[-1] == "k=2"


def test_one_job_needs_no_launcher_and_a_part_of_the_images_is_stated() -> None:
    alone = _study(num_jobs=1, threads=None, train_images=5000, results=Path("/r"))
    overrides = alone.overrides_of(SIZE)
    assert not any("launcher" in entry or "threads" in entry for entry in overrides)
    assert "dataset.train_size=3000" in overrides
    assert "results=/r" in overrides


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("study=mine", "--study"),
        ("++results=elsewhere", "--results"),
        ("~dataset", "the folder alone"),
        ("dataset.root=others", "the folder alone"),
        ("sweep=demo", "other sweeps"),
        ("sweep.hours=2", "--minutes or --hours"),
    ],
)
def test_what_the_command_sets_itself_is_no_override(override: str, expected: str) -> None:
    refuse_given_otherwise(["k=2", "dataset.image_size=16", "sweep.page=false"])
    with pytest.raises(ConfigError, match=f"is set by this command; expected .*{expected}"):
        refuse_given_otherwise(["k=2", override])


@pytest.mark.parametrize("name", ["Größe & Farbe", "...", "-x", "a/b", "日本"])
def test_any_folder_gives_a_name_of_a_study(name: str) -> None:
    from ensemble_switchover.config.store_names import expected_of_name

    assert expected_of_name(study_name(Path(name), 10)) is None
