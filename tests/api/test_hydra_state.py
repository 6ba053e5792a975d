from hydra import compose, initialize_config_dir
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase
from omegaconf import OmegaConf
from omegaconf.basecontainer import BaseContainer

from ensemble_switchover.api.composition import compose as compose_run
from ensemble_switchover.api.hydra_state import own_hydra_state


def test_a_hydra_application_stays_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(BaseContainer, "_resolvers", dict(BaseContainer._resolvers))
    (tmp_path / "config.yaml").write_text("here: 1\n")
    OmegaConf.register_new_resolver("options", lambda group: f"my {group}", replace=True)
    store = ConfigStore.instance()
    before = store.repo
    sources = SourcesRegistry.instance().types.copy()
    with initialize_config_dir(str(tmp_path), version_base="1.2"):
        hydra = GlobalHydra.instance().hydra
        base = VersionBase.instance().version_base
        assert compose_run("design=deq", k=2).design.k == 2
        assert GlobalHydra.instance().hydra is hydra
        assert VersionBase.instance().version_base == base
        assert compose("config") == {"here": 1}
    assert store.repo is before
    assert SourcesRegistry.instance().types.items() >= sources.items()  # plugins add theirs once
    assert OmegaConf.create({"shown": "${options:groups}"}).shown == "my groups"


def test_schemas_are_those_of_the_package_within_alone():
    store = ConfigStore.instance()
    before = store.repo
    store.repo = {}
    try:
        with own_hydra_state():
            assert "schema.yaml" in store.repo
        assert store.repo == {}
    finally:
        store.repo = before
