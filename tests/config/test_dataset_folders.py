"""The folders of files and of decoded arrays."""

from pathlib import Path

from ensemble_switchover.config.dataset_folders import array_cache_folder, dataset_root


def test_each_is_the_configured_folder_or_one_of_its_own_in_the_cache(compose_config):
    config = compose_config("dataset=cifar10").dataset
    config.root = config.cache = None
    assert dataset_root(config) != array_cache_folder(config)
    config.root, config.cache = "~/sets", "/arrays"
    assert dataset_root(config) == Path.home() / "sets"
    assert array_cache_folder(config) == Path("/arrays")
