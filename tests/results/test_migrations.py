"""Records of former versions of the schema, stored as they were written then."""

import json
import shlex
import shutil
from dataclasses import asdict, fields, replace
from pathlib import Path

import polars as pl
import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.recipe_config import RecipeConfig
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import plain
from ensemble_switchover.config.trainer_flags import TrainerConfig
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.check import Findings, check_record, typed_config
from ensemble_switchover.results.epoch_metrics import EpochRecord
from ensemble_switchover.results.layout import (
    DESCRIPTION_FILE,
    EPOCHS_FILE,
    FAILURE_FILE,
    RECORD_FILE,
    checkpoint_folder,
    unfinished_folder,
)
from ensemble_switchover.results.migrations import (
    EPOCH_COLUMNS_OF_VERSION_2,
    MIGRATIONS,
    migrate,
    migrate_config,
)
from ensemble_switchover.results.predictions import load_predictions
from ensemble_switchover.results.record import SCHEMA_VERSION
from ensemble_switchover.results.rerun_command import CommandWriter
from ensemble_switchover.results.run_table import list_epochs, list_runs
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.results.store import (
    load_epochs,
    read_attachment,
    read_description,
    read_record,
    read_records,
    write_record,
)
from tests.factories import make_record

DATA = Path(__file__).parent / "data"


def of_version_4(config, nesterov):
    """Return a configuration with the keys that were added until version 4, or since."""
    recipe = {**asdict(RecipeConfig()), **config["recipe"], "nesterov": nesterov}
    dataset = {**config["dataset"], "normalisation": "standardised"}
    added = {"evaluate_every": "1", "trainer": asdict(TrainerConfig()), "callbacks": {}}
    own = {"config_dirs": [], "metrics": {}}
    logger = {"name": None, "group": None, "tags": [], "notes": None, **config["logger"]}
    measurement = {"share": None, **config["measurement"]}
    changed = {
        "dataset": dataset, "recipe": recipe, "logger": logger, "measurement": measurement,
    }  # fmt: skip
    return {**added, **own, **config, **changed}


@pytest.fixture
def old(tmp_path):
    """A run that the program wrote when the epochs were in the record."""
    return Path(shutil.copytree(DATA / "version_1", tmp_path / "study" / "old"))


def test_a_record_of_version_1_is_read_whole(old):
    content = json.loads((old / RECORD_FILE).read_text())
    assert content["schema_version"] == 1
    record = read_record(old / RECORD_FILE)
    assert record.schema_version == SCHEMA_VERSION
    assert [epoch.error_percent for epoch in record.epochs] == [
        epoch["test_error"] for epoch in content["epochs"]
    ]
    assert [epoch.member_training_seconds for epoch in record.epochs] == [
        epoch["member_train_seconds"] for epoch in content["epochs"]
    ]
    assert record.config == of_version_4(content["config"], None)
    assert record.design.parameters == 2640
    assert (record.environment.times_of, record.timing_pass, record.seconds) == ("run", None, None)
    assert run_state(old) is RunState.FINISHED


def test_old_and_new_records_are_read_and_listed_together(old):
    new = make_record(study="study")
    write_record(old.parent / "new", new)
    found = read_records(old.parent)
    assert not found.unreadable
    assert found.records == [new, read_record(old / RECORD_FILE)]
    rows = {row["folder"]: row for row in list_runs(old.parent).rows(named=True)}
    last = json.loads((old / RECORD_FILE).read_text())["epochs"][-1]
    assert rows["old"]["error_percent"] == last["test_error"]
    assert rows["old"]["epoch_seconds"] == last["train_seconds"]
    assert rows["new"]["error_percent"] == 10.0


def test_a_record_of_version_1_may_be_written_as_todays(old, tmp_path):
    record = read_record(old / RECORD_FILE)
    write_record(tmp_path / "again", record)
    assert read_record(tmp_path / "again" / RECORD_FILE) == record


def test_every_version_has_its_way_to_todays():
    assert list(MIGRATIONS) == list(range(1, SCHEMA_VERSION))
    stored = {path.name for path in DATA.iterdir() if path.name.startswith("version_")}
    assert stored == {f"version_{number}" for number in MIGRATIONS}


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99])
def test_a_newer_version_is_told_to_be_one(version, old):
    path = old / RECORD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": version}))
    with pytest.raises(RecordError, match=rf"version {version}, .* a newer version of the program"):
        read_record(path)
    assert run_state(old) is RunState.UNREADABLE


@pytest.mark.parametrize("version", [0, -1, "two", None, 1.5, [1]])
def test_what_is_no_version_is_refused(version, old):
    path = old / RECORD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": version}))
    with pytest.raises(RecordError, match="version"):
        read_record(path)


def test_a_migration_leaves_its_argument_alone(old):
    text = (old / RECORD_FILE).read_text()
    values = json.loads(text)
    assert migrate(values)["schema_version"] == SCHEMA_VERSION
    assert values == json.loads(text)


def test_what_was_asked_for_was_what_was_done(old):
    environment = json.loads((old / RECORD_FILE).read_text())["environment"]
    assert "execution_asked" not in environment
    assert (
        read_record(old / RECORD_FILE).environment.execution_requested == environment["execution"]
    )


# Version 2, which called every error a test error


@pytest.fixture
def second(tmp_path):
    return study_of("version_2", tmp_path / "old")


def study_of(version, study):
    """Make a study as a version left it: a finished run, a failed one, and an interrupted one.

    Returns:
        The folder of the finished run.
    """
    data = DATA / version
    name = json.loads((data / "record" / RECORD_FILE).read_text())["name"]
    shutil.copytree(data / "record", study / name)
    shutil.copytree(data / "failed", study / "failed")
    checkpoints = checkpoint_folder(study / "stopped")
    checkpoints.mkdir(parents=True)
    (checkpoints / "000003.checkpoint").touch()
    stopped = unfinished_folder(study / "stopped")
    shutil.copy(data / "unfinished" / DESCRIPTION_FILE, stopped / DESCRIPTION_FILE)
    return study / name


def test_a_record_of_version_2_is_read_whole_and_found_sound(second):
    content = json.loads((second / RECORD_FILE).read_text())
    assert content["schema_version"] == 2
    record = read_record(second / RECORD_FILE)
    assert record.schema_version == SCHEMA_VERSION
    assert record.training_fingerprint == content["training"]
    assert record.environment.execution_requested == content["environment"]["execution_asked"]
    assert record.config == of_version_4(content["config"], None)
    assert record.recipe.nesterov is False
    assert not check_record(second).problems
    kept = load_predictions(read_attachment(second, "predictions-epoch-0002.npz"))
    assert kept.probabilities.shape == (2, 300, 10)


def test_the_epochs_of_version_2_are_read_by_their_new_names(second):
    stored = pl.read_parquet(second / EPOCHS_FILE)
    former = {new: old for old, new in EPOCH_COLUMNS_OF_VERSION_2.items()}
    epochs = read_record(second / RECORD_FILE).epochs
    for field in fields(EpochRecord):
        values = [getattr(epoch, field.name) for epoch in epochs]
        name = former.get(field.name, field.name)
        default = {} if field.name == "metrics" else field.default
        expected = stored[name].to_list() if name in stored else [default] * len(epochs)
        assert values == expected, field.name


def test_runs_of_version_2_are_listed_with_the_same_values(second):
    summary = json.loads((second / RECORD_FILE).read_text())["summary"]
    runs = list_runs(second.parent)
    rows = {row["folder"]: row for row in runs.rows(named=True)}
    row = rows[second.name]
    assert row["error_percent"] == summary["test_error_percent"]
    assert row["mean_member_error_percent"] == summary["mean_member_test_error_percent"]
    assert row["training_seconds"] == summary["train_seconds"]
    same = {name: row[name] for name in ("nll_nats", "brier", "ece", "epoch_seconds")}
    assert same.items() <= summary.items()
    failed = json.loads((second.parent / "failed" / FAILURE_FILE).read_text())
    assert rows["failed"]["note"] == failed["error"]
    assert (failed["run"] | {"epochs": 2}).items() <= rows["failed"].items()
    assert rows["stopped"]["note"] == "goes on after 3 epochs"
    described = json.loads((DATA / "version_2" / "unfinished" / DESCRIPTION_FILE).read_text())
    assert described.items() <= rows["stopped"].items()
    epochs, unreadable = list_epochs(second.parent, runs)
    assert (len(epochs), unreadable) == (2, [])


def test_records_of_several_versions_are_read_in_one_go(second, old, third):
    study = second.parent
    shutil.copytree(old, study / "first")
    shutil.copytree(third, study / third.name)
    write_record(study / "today", make_record())
    found = read_records(study)
    assert not found.unreadable
    names = sorted(("first", second.name, third.name, "today"))
    assert found.records == [read_record(study / name / RECORD_FILE) for name in names]


def test_a_checkpoint_of_version_2_keeps_its_epochs():
    content = (DATA / "version_2" / "unfinished" / "epochs.json").read_bytes()
    stored, epochs = json.loads(content), load_epochs(content)
    assert [epoch.error_percent for epoch in epochs] == [row["test_error"] for row in stored]
    assert [epoch.member_nll_nats for epoch in epochs] == [row["member_nlls"] for row in stored]
    assert [epoch.training_seconds for epoch in epochs] == [row["train_seconds"] for row in stored]


# Version 3, which had no Nesterov's momentum, and standardised all pixels


@pytest.fixture
def third(tmp_path):
    return study_of("version_3", tmp_path / "before_nesterov")


def test_a_record_of_version_3_is_read_whole_and_keeps_its_fingerprint(third):
    content = json.loads((third / RECORD_FILE).read_text())
    assert content["schema_version"] == 3
    assert "nesterov" not in {**content["recipe"], **content["config"]["recipe"]}
    record = read_record(third / RECORD_FILE)
    assert record.schema_version == SCHEMA_VERSION
    assert record.recipe.nesterov is False
    assert record.dataset.normalisation == "standardised"
    # a DenseNet without a row of Table A takes that of CIFAR-10, which has it today
    assert record.config == of_version_4(content["config"], False)
    found = check_record(third)
    assert replace(found, ece_excess=0.0) == Findings(has_predictions=True)
    assert 0 < found.ece_excess <= max(epoch.ece for epoch in record.epochs)
    assert resolve(typed_config(record.config)).fingerprint == content["fingerprint"]
    stored = pl.read_parquet(third / EPOCHS_FILE)["error_percent"].to_list()
    assert [epoch.error_percent for epoch in record.epochs] == stored
    rows = {row["folder"]: row for row in list_runs(third.parent).rows(named=True)}
    assert rows[third.name]["nesterov"] is False


def test_what_version_3_left_unfinished_goes_on_without_nesterovs_momentum(third):
    description = read_description(third.parent / "stopped")
    command = CommandWriter().write_whole(description["config"])
    assert "recipe.nesterov=false" in shlex.split(command)
    (config,) = [
        config for _, part in compose_overrides(shlex.split(command)[3:]) for config in part
    ]
    assert resolve(config).fingerprint == description["fingerprint"]


def test_a_run_on_svhn_of_before_is_made_again_as_it_was(compose_config):
    before = ("dataset.augmentation=standard", "dataset.normalisation=standardised")
    config = compose_config("arch=densenet", "dataset=svhn", "recipe.nesterov=false", *before)
    stored = plain(config)
    del stored["recipe"]["nesterov"], stored["dataset"]["normalisation"]
    record = make_record()
    record.config.update(migrate_config(stored))
    words = shlex.split(CommandWriter().write([record]))[3:]
    assert {*before, "recipe.nesterov=false"} <= set(words)
    ((again,),) = [part for _, part in compose_overrides(words)]
    # the fingerprint that a DenseNet 40x12 on SVHN had with version 3
    assert resolve(again).fingerprint == resolve(config).fingerprint == "5afc56db4a51"


@pytest.mark.parametrize(
    "config", [{}, {"recipe": None}, {"recipe": {}, "dataset": 1}, {"recipe": {}, "arch": []}]
)
def test_a_configuration_of_another_form_stays_as_it_is(config):
    assert migrate_config(config) == config
