"""Files of a folder are used as the images of a run are."""

import pytest

from ensemble_switchover.config.dataset_facts import with_facts
from ensemble_switchover.config.folder_parts import folder_parts
from ensemble_switchover.config.image_folder import read_image_folder
from tests.config.image_folders import make_files

SPLIT_OFF = {"a": 20, "b": 10}
GIVEN = {"train/a": 20, "train/b": 10, "test/a": 6, "test/b": 3}


@pytest.mark.parametrize(
    ("counts", "overrides", "expected"),
    [
        (SPLIT_OFF, (), ((16, 8), (0, 0), (4, 2))),
        (SPLIT_OFF, ("dataset.train_size=12",), ((8, 4), (0, 0), (4, 2))),
        (SPLIT_OFF, ("dataset.validation_size=6",), ((12, 6), (4, 2), (0, 0))),
        (GIVEN, (), ((20, 10), (0, 0), (6, 3))),
        (GIVEN, ("dataset.test_size=3",), ((20, 10), (0, 0), (2, 1))),
        (GIVEN, ("dataset.validation_size=9", "dataset.evaluate_on=test"),
         ((14, 7), (6, 3), (6, 3))),
    ],
)  # fmt: skip
def test_each_part_has_its_share_of_every_class(
    counts, overrides, expected, tmp_path, compose_config
):
    root = make_files(tmp_path / "own", counts)
    common = ("dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
    dataset = with_facts(compose_config(*common, *overrides).dataset)
    found = folder_parts(dataset, read_image_folder(root))
    parts = (found.train, found.validation, found.test)
    assert tuple(tuple(found.counts(part).values()) for part in parts) == expected
    assert len(set().union(*parts)) == sum(map(len, parts))
    assert len(found.labels) == sum(counts.values())
    assert list(found.counts(())) == ["a", "b"]
