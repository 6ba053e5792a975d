"""What holds back the GPUs of this process: their temperature, their power, a lower limit of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ensemble_switchover.machine.nvml import ask_each_gpu, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

HOT = 0x20 | 0x40
"""NVML's reasons for lower clocks: software's and hardware's slowdown by temperature."""
BRAKED = 0x80
"""NVML's reason: the power supply asked for it."""
THERMAL_POLICY = 1
"""NVML's counter of the time for which temperature lowered the clocks."""
TOLERATED_LIMIT = 0.99
"""Share of the default power limit that a limit may be without a note."""


@dataclass(frozen=True, slots=True)
class GpuState:
    """What a driver tells of a GPU; None for what it does not know."""

    reasons: int | None
    """Bits for the reasons why its clocks are lower now."""
    hot_seconds: float | None
    """Seconds so far for which its temperature lowered the clocks."""
    power_limit_watts: float | None
    default_limit_watts: float | None


def gpu_states() -> list[GpuState]:
    """Ask for the state of every GPU that CUDA shows to this process."""
    return ask_each_gpu(_state)


def held_back_sentences(before: Sequence[GpuState], after: Sequence[GpuState]) -> list[str]:
    """Say what held back the GPUs between two states.

    >>> cool = GpuState(0, 1.5, 400.0, 400.0)
    >>> held_back_sentences([cool], [cool])
    []
    >>> held_back_sentences([cool], [GpuState(0, 4.0, 250.0, 400.0)])
    ['the GPU was slowed down by its temperature for 2.5 s', 'the GPU may take 250 W, of 400 W by \
default']
    """
    sentences = []
    for number, now in enumerate(after):
        name = "the GPU" if len(after) == 1 else f"GPU {number}"
        reasons = now.reasons or 0
        hot = 0.0
        if number < len(before):
            hot = (now.hot_seconds or 0.0) - (before[number].hot_seconds or 0.0)
        if hot > 0:
            sentences.append(f"{name} was slowed down by its temperature for {hot:,.1f} s")
        elif reasons & HOT:
            sentences.append(f"{name} was slowed down by its temperature at the end")
        if reasons & BRAKED:
            sentences.append(f"{name} was slowed down by its power supply at the end")
        limit, default = now.power_limit_watts, now.default_limit_watts
        if limit is not None and default is not None and limit < TOLERATED_LIMIT * default:
            sentences.append(f"{name} may take {limit:.0f} W, of {default:.0f} W by default")
    return sentences


def _state(nvml: Any, gpu: Any) -> GpuState:
    # of a MIG instance, its GPU is asked
    whole = value_of(nvml, "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", gpu) or gpu
    reasons = None
    for query in ("Event", "Throttle"):  # the newer name and the older one; a driver knows either
        if reasons is None:
            reasons = value_of(nvml, f"nvmlDeviceGetCurrentClocks{query}Reasons", whole)
    counted = value_of(nvml, "nvmlDeviceGetViolationStatus", whole, THERMAL_POLICY)
    limit = value_of(nvml, "nvmlDeviceGetEnforcedPowerLimit", whole)
    default = value_of(nvml, "nvmlDeviceGetPowerManagementDefaultLimit", whole)
    return GpuState(
        reasons,
        None if counted is None else counted.violationTime / 1e9,
        None if limit is None else limit / 1000,
        None if default is None else default / 1000,
    )
