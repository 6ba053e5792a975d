"""The environment of a run: device, versions, load."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ensemble_switchover.machine.hardware import main_memory_bytes, processor_name, system_name

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core", "wandb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The machine and the software that a run uses."""

    device: str
    device_name: str
    num_threads: int
    host_load: float | None
    """One-minute load average; None where the system has none."""
    platform: str
    versions: dict[str, str]
    commit: str | None
    """Commit of the program's repository; None if it does not run from one."""


def describe_environment(device: torch.device) -> Environment:
    """Describe the machine and the software as they are now."""
    return Environment(
        device=device.type,
        device_name=device_name(device),
        num_threads=torch.get_num_threads(),
        host_load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        platform=system_name(),
        versions=dict(_versions(device.type)),
        commit=_commit(),
    )


def device_name(device: torch.device) -> str:
    """Return the name of the accelerator or of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor_name()


def device_memory_bytes(device: torch.device) -> int | None:
    """Return the size of the accelerator's or the machine's memory in bytes, if it is known."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return main_memory_bytes()


@cache
def _versions(device_type: str) -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("ensemble-switchover", *PACKAGES):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "unknown"
    if device_type == "cuda":
        versions["cuda"] = torch.version.cuda or "unknown"
        versions["cudnn"] = str(torch.backends.cudnn.version())  # type: ignore[no-untyped-call]
    return versions


@cache
def _commit() -> str | None:
    """Return the commit when the process first asks: its code is of then, and starting git is slow.

    Starting another program takes the longer, the more memory a process has.
    """
    repository = Path(__file__).resolve().parents[2]
    if not (repository / ".git").exists():
        return None
    try:
        answer = subprocess.run(
            ["git", "-C", str(repository), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
