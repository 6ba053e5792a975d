"""What is read of a folder is read once a composition, and anew in the next one."""

from dataclasses import replace

import pytest

from ensemble_switchover.config import usable_images as module
from ensemble_switchover.config.dataset_facts import dataset_facts
from ensemble_switchover.config.image_folder import read_image_folder
from ensemble_switchover.config.reading_once import read_once, reading_once
from ensemble_switchover.config.schema import plain
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.planning.design_rows import list_designs
from ensemble_switchover.results.__main__ import check_folder
from ensemble_switchover.results.store import write_record
from tests.config.image_folders import make_files
from tests.factories import make_record


@pytest.fixture
def listed(monkeypatch):
    """The folders that were listed, in their order."""
    folders = []

    def note(root):
        folders.append(root)
        return read_image_folder(root)

    monkeypatch.setattr(module, "read_image_folder", note)
    return folders


def test_the_runs_of_a_study_list_their_folder_once(listed, tmp_path, compose_config):
    root = make_files(tmp_path / "own", {"cat": 9, "dog": 9})
    common = ("dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
    configs = [
        compose_config(*common, f"seed={seed}", f"dataset.train_size={size}")
        for seed in range(3)
        for size in (8, 10)
    ]
    study = resolve_study(configs)
    assert [spec.train_size for spec in study.specs] == [8, 10] * 3
    assert listed == [root]
    make_files(root, {"owl": 9})
    assert resolve_study(configs).specs[0].task.num_classes == 3  # read again
    assert listed == [root, root]


def test_a_table_of_designs_lists_their_folder_once(listed, tmp_path):
    root = make_files(tmp_path / "own", {"cat": 9, "dog": 9})
    overrides = ["dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}"]
    assert len(list_designs([*overrides, "k=2,3", "budget.width=8,16"])) > 4
    assert listed == [root]


def test_a_check_of_records_lists_their_folder_once(listed, tmp_path, compose_config):
    root = make_files(tmp_path / "own", {"cat": 9, "dog": 9})
    common = ("dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
    for seed in range(3):
        config = plain(compose_config(*common, f"seed={seed}"))
        record = replace(make_record(seed=seed), config=config)
        write_record(tmp_path / "study" / record.name, record)
    check_folder(tmp_path / "study")
    assert listed == [root]


def test_folders_and_ways_to_read_them_are_not_confused(listed, tmp_path, compose_config):
    roots = [
        make_files(tmp_path / name, {"a": size, "b": 4}) for name, size in (("x", 3), ("y", 5))
    ]
    (roots[0] / "a" / "note").write_text("no image")

    def size(root, *more):
        common = ("dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
        return dataset_facts(compose_config(*common, *more).dataset).dataset.train_images

    with reading_once():
        for _ in range(2):
            with pytest.raises(ConfigError, match="a/note: cannot be read as an image"):
                size(roots[0])
            assert size(roots[0], "dataset.skip_bad=true") == 5
            assert size(roots[1]) == 7
    assert listed == [roots[0], roots[0], roots[1]]


def test_a_mistake_is_remembered_and_anew_each_time():
    asked = []

    def read():
        asked.append(1)
        raise ConfigError("first", "second")

    found = []
    with reading_once():
        for _ in range(2):
            with pytest.raises(ConfigError) as error:
                read_once("key", read)
            found.append(error.value)
    assert [error.args for error in found] == [("first", "second")] * 2
    assert found[0] is not found[1]
    assert asked == [1]


def test_nothing_is_remembered_outside_nor_after():
    numbers = iter(range(9))
    assert [read_once("key", lambda: next(numbers)) for _ in range(2)] == [0, 1]
    with reading_once():
        assert read_once("key", lambda: next(numbers)) == 2
        with reading_once():
            assert read_once("key", lambda: next(numbers)) == 2
        assert read_once("key", lambda: next(numbers)) == 2
    with reading_once():
        assert read_once("key", lambda: next(numbers)) == 3
