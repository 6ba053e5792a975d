"""Where metrics go besides the record. A logger's fault never costs a run."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, Self

import pytorch_lightning.loggers as lightning_loggers

from ensemble_switchover.errors import ConfigError, first_line
from ensemble_switchover.tracking.metrics import RESOLVED_KEY, epoch_metrics, summary_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytorch_lightning.loggers.logger import Logger

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import LoggerConfig
    from ensemble_switchover.results.record import EpochRecord, Record

_logger = logging.getLogger(__name__)


class Log(Protocol):
    """What every kind of logger does."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Take the metrics of one epoch."""

    def keep(self, record: Record, folder: Path, summary: Mapping[str, float]) -> None:
        """Take the figures of a whole run, whose record is in `folder`."""

    def finish(self, *, success: bool) -> None:
        """Close."""


class MetricLog:
    """A logger that is told of a run, and left out from its first fault on.

    It is closed at the end of a `with`: after the record is on disk, which no logger can then cost.
    """

    def __init__(self, config: LoggerConfig, spec: RunSpec) -> None:
        """Prepare the logger of `config.kind`; `start` starts it."""
        self._config = config
        self._spec = spec
        self._log: Log | None = None
        self._broken: Log | None = None
        self._kept = False

    def start(self, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Start the logger, and tell it the configuration and what follows from it.

        Raises:
            ConfigError: if its package is not installed, or a login that it needs is absent.
        """
        try:
            self._log = self._start({**config, RESOLVED_KEY: dict(facts)})
        except ConfigError:
            raise
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"logger={self._config.kind}: {error}; "
                f"pip install 'ensemble-switchover[tensorboard]', or choose another logger"
            ) from error
        except Exception as error:  # noqa: BLE001 - whatever a logger raises, the run goes on
            self._give_up(error)

    def epoch(self, epoch: EpochRecord) -> None:
        """Send the metrics of one epoch."""
        metrics = epoch_metrics(epoch, self._spec.sizes.evaluated_on)
        self._tell_log(lambda log: log.log(metrics, epoch.epoch))

    def keep(self, record: Record) -> None:
        """Send the figures of the finished run, and its record, which is on disk."""
        self._kept = True
        summary = summary_metrics(record)
        self._tell_log(lambda log: log.keep(record, self._spec.folder, summary))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._tell_log(lambda log: log.finish(success=self._kept))
        if self._broken is not None:
            with suppress(Exception):  # its fault was told
                self._broken.finish(success=self._kept)
        self._log = self._broken = None

    def _tell_log(self, tell: Callable[[Log], None]) -> None:
        if self._log is None:
            return
        try:
            tell(self._log)
        except Exception as error:  # noqa: BLE001
            self._give_up(error)

    def _start(self, hyperparameters: Mapping[str, Any]) -> Log | None:
        kind, folder, name = self._config.kind, self._spec.study_folder, self._spec.name
        if kind == "wandb":
            from ensemble_switchover.tracking.wandb_run import WandbLog

            return WandbLog.start(self._config, self._spec, hyperparameters)
        if kind == "csv":
            logger: Logger = lightning_loggers.CSVLogger(folder, name="logs", version=name)
        elif kind == "tensorboard":
            logger = lightning_loggers.TensorBoardLogger(folder, name="logs", version=name)
        else:
            return None
        logger.log_hyperparams(dict(hyperparameters))
        return LocalLog(logger)

    def _give_up(self, error: Exception) -> None:
        self._log, self._broken = None, self._log
        _logger.warning(
            f"logger={self._config.kind}: {first_line(error)}; the run goes on without it"
        )


class LocalLog:
    """One of Lightning's loggers, which write into the study's folder."""

    def __init__(self, logger: Logger) -> None:
        """Take a logger that was told the configuration."""
        self._logger = logger

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Take the metrics of one epoch."""
        self._logger.log_metrics(dict(metrics), step=step)

    def keep(self, record: Record, folder: Path, summary: Mapping[str, float]) -> None:  # noqa: ARG002
        """Take the figures of a whole run, at its last epoch."""
        self._logger.log_metrics(dict(summary), step=record.recipe.epochs)

    def finish(self, *, success: bool) -> None:
        """Write what is left."""
        self._logger.save()
        self._logger.finalize("success" if success else "failed")
