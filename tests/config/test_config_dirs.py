"""Folders of options of a user's own, as they are searched and as commands name them."""

from hydra.core.global_hydra import GlobalHydra

from ensemble_switchover.config.config_dirs import config_dir_words, config_dirs
from ensemble_switchover.config.search_path import composing


def test_the_folders_are_those_that_hydra_searches_beside_ours(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    override = f"hydra.searchpath=[file://{tmp_path}/a,{tmp_path}/b,pkg://own.conf]"
    with composing([override]):
        folders = config_dirs()
    assert folders == [f"file://{tmp_path}/a", f"file://{tmp_path}/b", "pkg://own.conf"]
    with composing(config_dir_words(folders)) as others:
        assert (config_dirs(), others) == (folders, [])
    assert not GlobalHydra.instance().is_initialized()
    assert config_dirs() == []
