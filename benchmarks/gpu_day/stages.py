"""The stages of a day, in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.gpu_day import (
    conv_paths,
    cost_records,
    facts,
    fractal_study,
    gpu_tests,
    step_times,
)

if TYPE_CHECKING:
    from benchmarks.gpu_day.item import Settings, Stage


def list_stages(settings: Settings) -> list[Stage]:
    """List the stages with the items that `only` leaves."""
    stages = [
        facts.STAGE,
        gpu_tests.make_stage(settings),
        step_times.make_stage(settings),
        conv_paths.make_stage(settings),
        cost_records.make_stage(settings),
        fractal_study.make_stage(settings),
    ]
    return [
        replace(stage, items=tuple(item for item in stage.items if settings.only in item.name))
        for stage in stages
    ]
