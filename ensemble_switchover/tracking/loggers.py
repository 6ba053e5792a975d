"""Where metrics go besides the record: Lightning's loggers, whose faults never cost a run."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import pytorch_lightning.loggers as lightning_loggers

from ensemble_switchover.config.store_names import LOGS_FOLDER
from ensemble_switchover.errors import ConfigError, first_line
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.tracking.metrics import RESOLVED_KEY, epoch_metrics, summary_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytorch_lightning.loggers import Logger

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import LoggerConfig
    from ensemble_switchover.results.epoch_metrics import EpochRecord
    from ensemble_switchover.results.record import Record

_logger = logging.getLogger(__name__)


class MetricLog:
    """Sends the metrics of a run to a logger, until the logger's first fault.

    The end of a `with` closes the logger: by then the record is on disk, and no fault can cost it.
    """

    def __init__(self, config: LoggerConfig, spec: RunSpec) -> None:
        """Take the logger's configuration; `start` starts it."""
        self._config = config
        self._spec = spec
        self._running: Logger | None = None
        self._broken: Logger | None = None
        self._status = "failed"

    def start(self, config: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Start the logger with the configuration of the run and what follows from it.

        Raises:
            ConfigError: if its package is not installed, or a login that it needs is absent.
        """
        try:
            self._running = self._start({**config, RESOLVED_KEY: dict(facts)})
        except ConfigError:
            raise
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"logger={self._config.kind}: {error}; "
                f"pip install 'ensemble-switchover[tensorboard]', or choose another logger"
            ) from error
        except Exception as error:  # noqa: BLE001 - whatever a logger raises, the run goes on
            self._give_up(error)

    def epoch(self, epoch: EpochRecord, further: Mapping[str, float] | None = None) -> None:
        """Log the metrics of one epoch, and below `callbacks` what callbacks of the user logged."""
        metrics = epoch_metrics(epoch, self._spec.sizes.evaluated_on)
        metrics |= {f"callbacks/{name}": value for name, value in (further or {}).items()}
        self._guarded(lambda logger: logger.log_metrics(metrics, step=epoch.epoch))

    def keep(self, record: Record) -> None:
        """Log the metrics of the finished run, whose record is on disk."""
        self._status = "success"
        summary, step = summary_metrics(record), record.epochs[-1].epoch
        self._guarded(lambda logger: logger.log_metrics(summary, step=step))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._guarded(lambda logger: logger.save())
        if self._broken is None:
            self._guarded(lambda logger: logger.finalize(self._status))
        else:
            with suppress(Exception):  # its fault was reported
                self._broken.finalize(self._status)
        self._running = self._broken = None

    def _guarded(self, use: Callable[[Logger], None]) -> None:
        if self._running is None:
            return
        try:
            use(self._running)
        except Exception as error:  # noqa: BLE001
            self._give_up(error)

    def _start(self, hyperparameters: Mapping[str, Any]) -> Logger | None:
        kind, folder, name = self._config.kind, self._spec.study_folder, self._spec.name
        logger: Logger
        if kind == "wandb":
            from ensemble_switchover.tracking.wandb_logger import WandbRunLogger

            return WandbRunLogger(self._config, self._spec, hyperparameters)
        if kind == "csv":
            logger = lightning_loggers.CSVLogger(folder, name=LOGS_FOLDER, version=name)
        elif kind == "tensorboard":
            logger = lightning_loggers.TensorBoardLogger(
                folder,
                name=LOGS_FOLDER,
                version=name,
                purge_step=1,  # of former processes of the run
            )
        else:
            return None
        logger.log_hyperparams(dict(hyperparameters))
        return logger

    def _give_up(self, error: Exception) -> None:
        self._running, self._broken = None, self._running
        reason = sentence_of(error) if isinstance(error, OSError) else first_line(error)
        _logger.warning(f"logger={self._config.kind}: {reason}; the run goes on without it")
