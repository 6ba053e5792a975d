"""The Hydra plugin that sweeps over studies; `sweep.within_hours` of the package does the work.

Every Hydra program in this environment imports this file, so it imports as little as possible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper

if TYPE_CHECKING:
    from hydra.plugins.launcher import Launcher
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig


class StudySweeper(Sweeper):
    """Runs the missing runs of a study with the chosen launcher."""

    def __init__(self, params: DictConfig) -> None:
        """Store the lists of values of a named sweep; they are read when the runs are composed."""
        self.params = params

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        """Store the config and how to make the launcher, as Hydra passes them to every sweeper."""

        def make_launcher(config: DictConfig) -> Launcher:
            return Plugins.instance().instantiate_launcher(hydra_context, task_function, config)

        self._config = config
        self._make_launcher = make_launcher

    def sweep(self, arguments: list[str]) -> Any:
        """Run the sweep that the overrides of the command line describe."""
        from ensemble_switchover.sweep.within_hours import run_sweep

        run_sweep(self._config, arguments, self._make_launcher)
