"""The jobs of a sweep: one run each, or all seeds of a design together (no torch)."""

from __future__ import annotations

import copy
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import typed
from ensemble_switchover.config.trainer_flags import TrainerConfig
from ensemble_switchover.errors import DesignError
from ensemble_switchover.planning.seed_groups import MOST_SEEDS, equal_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omegaconf import DictConfig

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config

NONE = "none"
TURNS = 2
"""Jobs that each of those at a time should have at least, so that all end at about one time."""


@dataclass(frozen=True, slots=True)
class SeedJob:
    """What one job of a launcher runs."""

    specs: list[RunSpec]
    """One run, or runs that differ in the seed alone."""
    overrides: list[str]
    """Those of the first run, with what the sweep asks of the job."""

    @property
    def name(self) -> str:
        """The name of the first run."""
        return self.specs[0].name


def group_seeds(
    specs: Sequence[RunSpec],
    overrides: Mapping[str, list[str]],
    together: str,
    num_jobs: int | None,
) -> list[SeedJob]:
    """Put the runs of each design into one job, in the order of their first runs.

    Where there would be fewer jobs than `TURNS` for each of those at a time, the seeds are divided.
    Runs that are trained by themselves (`trains_apart`) come last.

    Args:
        specs: The runs that are launched.
        overrides: The overrides of each run, by its name.
        together: `sweep.together`.
        num_jobs: Jobs at a time on this machine; None for those of a cluster.
    """
    if together == NONE:
        return [SeedJob([spec], overrides[spec.name]) for spec in specs]
    apart = [spec for spec in specs if trains_apart(spec)]
    specs = [spec for spec in specs if not trains_apart(spec)]
    by_design: defaultdict[str, list[RunSpec]] = defaultdict(list)
    designs: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for spec in specs:
        by_design[spec.replicate_fingerprint].append(spec)
        designs[_budget_of(spec)][spec.design_label] = None
    wanted = TURNS * num_jobs if num_jobs is not None and num_jobs > 1 else 1
    parts = -(-wanted // max(1, len(by_design)))
    jobs = []
    for runs in by_design.values():
        size = min(MOST_SEEDS, -(-len(runs) // parts))
        for group in equal_groups(runs, size):
            beside = list(designs[_budget_of(group[0])])
            jobs.append(_job(list(group), overrides[group[0].name], together, beside))
    return [*jobs, *(_job_apart(spec, overrides[spec.name]) for spec in apart)]


def job_of_one(spec: RunSpec, job: SeedJob) -> SeedJob:
    """Return the job of one of the runs of a job."""
    if len(job.specs) == 1:
        return job
    own = [entry for entry in job.overrides if not entry.startswith(("seed=", "sweep.seeds="))]
    return SeedJob([spec], [*own, f"seed={spec.seed}", _seeds([spec])])


def configs_of_seeds(node: DictConfig) -> list[Config]:
    """Return the configuration of each seed of a job, in which a value may refer to the seed.

    Args:
        node: The composed configuration of the job's run, or of the first of several.
    """
    if not node.sweep.seeds:
        return [typed(node)]
    own = copy.deepcopy(node)
    configs = []
    for seed in node.sweep.seeds:
        own.seed = seed
        configs.append(typed(own))
    return configs


def runs_beside(config: Config, seeds: Sequence[int], designs: Sequence[str]) -> list[RunSpec]:
    """Resolve the runs of other designs of a budget, which a job times in turn with its own.

    Args:
        config: The configuration of a run of the job.
        seeds: The seeds of the job.
        designs: Labels of designs, such as `deq k=4`.
    """
    found = []
    for label in designs:
        design_class, _, k = label.partition(" k=")
        chosen = replace(config.design_class, name=design_class, k=int(k))
        for seed in seeds:
            try:
                found.append(resolve(replace(config, design_class=chosen, k=int(k), seed=seed)))
            except DesignError:
                break
    return found


def trains_apart(spec: RunSpec) -> bool:
    """Return whether a run is trained by itself whatever `sweep.together` says.

    A callback sees the members of one run, and flags of Lightning's Trainer change its seconds.
    """
    return bool(spec.callbacks) or spec.trainer != TrainerConfig()


def _budget_of(spec: RunSpec) -> tuple[str, str]:
    return f"{spec.budget.depth}x{spec.budget.width}", spec.comparison_fingerprint


def _job(specs: list[RunSpec], overrides: list[str], together: str, beside: list[str]) -> SeedJob:
    labels = ",".join(f"'{label}'" for label in beside)
    asked = [f"sweep.together={together}", _seeds(specs), f"sweep.beside=[{labels}]"]
    own = [entry for entry in overrides if not entry.startswith("sweep.")]
    return SeedJob(specs, [*own, *asked])


def _job_apart(spec: RunSpec, overrides: list[str]) -> SeedJob:
    own = [entry for entry in overrides if not entry.startswith("sweep.")]
    return SeedJob([spec], [*own, f"sweep.together={NONE}"])


def _seeds(specs: Sequence[RunSpec]) -> str:
    return f"sweep.seeds=[{','.join(str(spec.seed) for spec in specs)}]"
