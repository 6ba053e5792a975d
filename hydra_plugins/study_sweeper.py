"""Hydra's sweeper for studies: `ensemble_switchover.sweep.time_budget` behind a plugin's interface.

Every program of Hydra in this environment imports this file, so it imports nothing more.
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
    """Runs what is missing of a study with the launcher that was chosen."""

    def __init__(self, params: DictConfig) -> None:
        """Take the lists of values of a named sweep, which are read where the runs are composed."""
        self.params = params

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        """Take what Hydra gives every sweeper."""

        def make_launcher(config: DictConfig) -> Launcher:
            return Plugins.instance().instantiate_launcher(hydra_context, task_function, config)

        self._config = config
        self._make_launcher = make_launcher

    def sweep(self, arguments: list[str]) -> Any:
        """Run the sweep that the words of the command ask for."""
        from ensemble_switchover.sweep.time_budget import run_sweep

        run_sweep(self._config, arguments, self._make_launcher)
