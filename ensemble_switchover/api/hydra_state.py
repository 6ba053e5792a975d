"""Hydra's global state: this package's while it composes, and else that of the calling program."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.version import VersionBase
from omegaconf.basecontainer import BaseContainer

from ensemble_switchover.config.groups import register_schemas

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def own_hydra_state() -> Iterator[None]:
    """Compose with the schemas of this package within a `with`; afterwards all is as before.

    The calling program may be a Hydra application, or have called `hydra.initialize`.
    """
    Plugins.instance()  # which add to what is stored when they are imported, once
    running, store, version = GlobalHydra.instance(), ConfigStore.instance(), VersionBase.instance()
    hydra, schemas, base = running.hydra, store.repo, version.version_base
    sources = SourcesRegistry.instance()
    resolvers, types = dict(BaseContainer._resolvers), sources.types
    running.clear()
    store.repo, sources.types = _copy(schemas), dict(types)
    try:
        register_schemas()
        yield
    finally:
        running.hydra, store.repo, version.version_base = hydra, schemas, base
        GlobalHydra.set_instance(running)  # Hydra itself leaves a copy
        BaseContainer._resolvers, sources.types = resolvers, types


def _copy(groups: dict[str, Any]) -> dict[str, Any]:
    """Copy nested groups; what is stored in them is never changed."""
    return {
        name: _copy(entry) if isinstance(entry, dict) else entry for name, entry in groups.items()
    }
