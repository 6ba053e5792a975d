"""Jobs of small networks: one a processor, as memory allows; one a GPU."""

from __future__ import annotations

import pytest

from ensemble_switchover.sweep.choice import jobs_here as module
from ensemble_switchover.sweep.choice.jobs_here import jobs_here

GIB = 2**30


@pytest.mark.parametrize(
    ("processors", "memory", "expected"),
    [
        (1, 8 * GIB, (1, 1)),
        (2, 24 * GIB, (2, 1)),
        (6, 4 * GIB, (2, 3)),
        (64, 256 * GIB, (8, 8)),
        (4, None, (4, 1)),
        (4, GIB, (1, 4)),
    ],
)
def test_a_cpu_is_divided(
    monkeypatch: pytest.MonkeyPatch,
    processors: int,
    memory: int | None,
    expected: tuple[int, int],
) -> None:
    monkeypatch.setattr(module, "devices", lambda: ("cpu",))
    monkeypatch.setattr(module, "num_processors", lambda: processors)
    monkeypatch.setattr(module, "main_memory_bytes", lambda: memory)
    assert jobs_here() == expected


@pytest.mark.parametrize(("gpus", "jobs"), [(("0", "1"), 2), ((), 1)])
def test_each_gpu_has_a_job(
    monkeypatch: pytest.MonkeyPatch, gpus: tuple[str, ...], jobs: int
) -> None:
    monkeypatch.setattr(module, "devices", lambda: ("cuda", "cpu"))
    monkeypatch.setattr(module, "assignable_gpus", lambda: gpus)
    assert jobs_here() == (jobs, None)
