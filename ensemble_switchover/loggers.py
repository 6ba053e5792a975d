"""Where metrics go besides the record. A logger's fault never costs a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytorch_lightning.loggers as lightning_loggers

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.results.wandb_login import wandb_is_offline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytorch_lightning.loggers.logger import Logger

    from ensemble_switchover.cell import Cell
    from ensemble_switchover.config import LoggerConfig

WANDB_START_SECONDS = 30


def wandb_mode(offline: bool) -> Literal["disabled", "offline", "online"]:
    """Return W&B's own word; WANDB_MODE=disabled is heeded."""
    if os.environ.get("WANDB_MODE") == "disabled":
        return "disabled"
    return "offline" if offline else "online"


class MetricLog:
    """A logger that is told of a run, and left out from its first fault on."""

    def __init__(
        self,
        config: LoggerConfig,
        cell: Cell,
        hyperparameters: Mapping[str, Any],
        tell: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        """Start the logger of `config.kind`.

        `tell` is given where metrics are kept, `warn` why a logger is left out.

        Raises:
            ConfigError: if its package is not installed.
        """
        self._warn = warn
        self._kind = config.kind
        self._logger: Logger | None = None
        folder = cell.study_folder
        try:
            self._logger = self._start(config, cell, folder, tell)
            if self._logger is not None:
                self._logger.log_hyperparams(dict(hyperparameters))
        except ConfigError:
            raise
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"logger={config.kind}: {error}; pip install 'ensemble-switchover[tensorboard]', "
                f"or choose another logger"
            ) from error
        except Exception as error:  # noqa: BLE001 - whatever a logger raises, the run goes on
            self._give_up(error)

    def metrics(self, metrics: dict[str, float], step: int) -> None:
        """Send the metrics of one epoch."""
        if self._logger is None:
            return
        try:
            self._logger.log_metrics(metrics, step=step)
        except Exception as error:  # noqa: BLE001
            self._give_up(error)

    def finish(self, status: str) -> None:
        """Close the logger, so that the next run of this process starts its own."""
        try:
            if self._logger is not None:
                self._logger.save()
                self._logger.finalize(status)
            if self._kind == "wandb":
                import wandb

                wandb.finish(exit_code=0 if status == "success" else 1)
        except Exception as error:  # noqa: BLE001
            self._give_up(error)

    def _start(
        self, config: LoggerConfig, cell: Cell, folder: Path, tell: Callable[[str], None]
    ) -> Logger | None:
        if config.kind == "wandb":
            return self._start_wandb(config, cell, folder, tell)
        if config.kind == "csv":
            return lightning_loggers.CSVLogger(folder, name="logs", version=cell.name)
        if config.kind == "tensorboard":
            return lightning_loggers.TensorBoardLogger(folder, name="logs", version=cell.name)
        return None

    def _start_wandb(
        self, config: LoggerConfig, cell: Cell, folder: Path, tell: Callable[[str], None]
    ) -> Logger:
        import wandb

        offline = wandb_is_offline(config.mode)
        folder.mkdir(parents=True, exist_ok=True)
        run = wandb.init(
            name=cell.name,
            dir=folder,
            project=config.project,
            entity=config.entity,
            mode=wandb_mode(offline),
            group=cell.study,
            tags=[
                cell.design.design_class.value,
                cell.family.name,
                cell.dataset.name,
                f"k={cell.design.k}",
            ],
            settings=wandb.Settings(silent=True, console="off", init_timeout=WANDB_START_SECONDS),
        )
        if offline and not run.disabled:
            kept = Path(run.dir).parent
            reason = "as asked" if config.mode == "offline" else "no login"
            tell(f"W&B: this run is kept offline ({reason}); send it: wandb sync {kept}")
        return lightning_loggers.WandbLogger(experiment=run)

    def _give_up(self, error: Exception) -> None:
        self._logger = None
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        self._warn(f"logger={self._kind}: {line}; the run goes on without it")
