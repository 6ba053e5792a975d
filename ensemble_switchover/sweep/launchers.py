"""The configuration that launchers of Hydra need before they run a sweep."""

from __future__ import annotations

import copy
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf, open_dict

from ensemble_switchover.errors import ConfigError, first_line
from ensemble_switchover.machine import interruption
from ensemble_switchover.sweep.jobs_per_device import jobs_of_array

if TYPE_CHECKING:
    from omegaconf import DictConfig

RAY = "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher"
RUNNING_CLUSTER = {"address": "auto", "object_store_memory": None}
"""Arguments of `ray.init` that join a running cluster and leave its memory as it is."""
CONNECT_SECONDS = 10
RUN = {"num_cpus": 1, "max_retries": 3}
"""Arguments of `ray.remote` for a run: it is started elsewhere when its node is gone."""


def join_cluster(config: DictConfig) -> None:
    """Join the running cluster if the launcher is Ray's.

    Ray handles SIGTERM by ending the process at once and silently, so the handlers are set again.

    Raises:
        ConfigError: if there is no running cluster.
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


def jobs_of_cluster(config: DictConfig) -> int:
    """Return how many runs the launcher has at a time that are not limited to this machine.

    On Slurm it is what the overrides let it run, 1 without such an override. On Ray it is what the
    processors, GPUs and other resources of the cluster suffice for, which is joined for that.

    Raises:
        ConfigError: if there is no running cluster, or it has not what one run takes.
    """
    if not _is_ray(config):
        return jobs_of_array(config)
    import ray

    join_cluster(config)
    remote: Any = OmegaConf.to_container(prepared(config).hydra.launcher.ray.remote, resolve=True)
    taken = {"CPU": remote.get("num_cpus"), "GPU": remote.get("num_gpus")}
    taken = {name: amount for name, amount in taken.items() if amount}
    taken |= {name: amount for name, amount in (remote.get("resources") or {}).items() if amount}
    found = ray.cluster_resources()
    jobs = min((int(found.get(name, 0) / amount) for name, amount in taken.items()), default=1)
    if jobs < 1:
        needed = ", ".join(f"{amount} {name}" for name, amount in taken.items())
        has = ", ".join(f"{found.get(name, 0):g} {name}" for name in taken)
        raise ConfigError(
            f"hydra.launcher.ray.remote: a run takes {needed}, and the cluster has {has}"
        )
    return jobs


def _is_ray(config: DictConfig) -> bool:
    return bool(OmegaConf.select(config, "hydra.launcher._target_") == RAY)


def _require_answer(address: str) -> None:
    """Refuse an address where nothing listens, for which Ray would wait for many minutes."""
    host, colon, port = address.rpartition("//")[2].rpartition(":")
    if not colon or not port.isdecimal():
        return  # not an address, such as auto
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"hydra/launcher=ray: expected a running cluster at {address}; nobody answers: {error}"
        ) from error


def prepared(config: DictConfig) -> DictConfig:
    """Return the configuration of a sweep, completed for its launcher.

    Every job composes its own configuration from the overrides. A study that is run with others, or
    as a part of one, may name another launcher than the one that runs it, so the overrides name it.

    Ray's launcher would start a cluster of its own on this machine; it joins the running cluster
    instead, that of RAY_ADDRESS or of this machine, unless `hydra.launcher.ray.init.address` names
    another.
    """
    config = copy.deepcopy(config)
    overrides = config.hydra.overrides.hydra
    overrides.append(f"hydra/launcher={config.hydra.runtime.choices['hydra/launcher']}")
    if not _is_ray(config):
        return config
    with open_dict(config):
        ray = config.hydra.launcher.ray
        asked = {key: value for key, value in ray.init.items() if value is not None}
        ray.init = {**RUNNING_CLUSTER, **asked}
        ray.remote = {**RUN, **ray.remote}
        # relative to where the command runs, not to where each node was started
        folder = str(Path(config.hydra.sweep.dir).absolute()).replace("'", "\\'")
        overrides.append(f"hydra.sweep.dir='{folder}'")
    return config
