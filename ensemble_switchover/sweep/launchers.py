"""What launchers of Hydra need to be told before they run a sweep."""

from __future__ import annotations

import copy
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf, open_dict

from ensemble_switchover.errors import ConfigError, first_line
from ensemble_switchover.machine import interruption

if TYPE_CHECKING:
    from omegaconf import DictConfig

RAY = "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher"
RUNNING_CLUSTER = {"address": "auto", "object_store_memory": None}
"""What `ray.init` takes to join a cluster, its memory as it is."""
CONNECT_SECONDS = 10
RUN = {"num_cpus": 1, "max_retries": 3}
"""What `ray.remote` takes for a run: it is done again elsewhere when its node is gone."""


def join_cluster(config: DictConfig) -> None:
    """Join the running cluster, where the launcher is Ray's.

    Ray answers SIGTERM by ending the process at once and without a word; so the sweep listens anew.

    Raises:
        ConfigError: if there is no such cluster.
    """
    if not _is_ray(config):
        return
    import ray

    if ray.is_initialized():
        return
    asked: Any = OmegaConf.to_container(prepared(config).hydra.launcher.ray.init, resolve=True)
    address = asked["address"]
    _require_answer(os.environ.get("RAY_ADDRESS", address) if address == "auto" else address)
    try:
        ray.init(**asked)
    except (ConnectionError, ValueError) as error:
        raise ConfigError(
            f"hydra/launcher=ray: expected a running cluster; `ray start --head` begins one, "
            f"and RAY_ADDRESS tells where it is; {first_line(error)}"
        ) from error
    interruption.listen()


def _is_ray(config: DictConfig) -> bool:
    return bool(OmegaConf.select(config, "hydra.launcher._target_") == RAY)


def _require_answer(address: str) -> None:
    """Refuse an address where nobody listens, for which Ray would wait for many minutes."""
    host, colon, port = address.rpartition("//")[2].rpartition(":")
    if not colon or not port.isdecimal():
        return  # a word of Ray's, such as auto
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"hydra/launcher=ray: expected a running cluster at {address}; nobody answers: {error}"
        ) from error


def prepared(config: DictConfig) -> DictConfig:
    """Return the configuration of a sweep with what its launcher lacks.

    Every job composes its own from the words, and a study that is run with others, or as a part of
    one, may name another launcher than the one that runs it: the words name that one.

    Ray's launcher would start a cluster of its own on this machine alone: it joins the running one,
    that of RAY_ADDRESS or of this machine, unless `hydra.launcher.ray.init.address` names another.
    """
    config = copy.deepcopy(config)
    words = config.hydra.overrides.hydra
    words.append(f"hydra/launcher={config.hydra.runtime.choices['hydra/launcher']}")
    if not _is_ray(config):
        return config
    with open_dict(config):
        ray = config.hydra.launcher.ray
        asked = {key: value for key, value in ray.init.items() if value is not None}
        ray.init = {**RUNNING_CLUSTER, **asked}
        ray.remote = {**RUN, **ray.remote}
        # relative to where the command runs, and not to where each node was started
        folder = str(Path(config.hydra.sweep.dir).absolute()).replace("'", "\\'")
        words.append(f"hydra.sweep.dir='{folder}'")
    return config
