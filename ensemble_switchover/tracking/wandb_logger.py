"""Lightning's interface to a run of W&B; its own `WandbLogger` neither ends runs nor falls back."""

from __future__ import annotations

from argparse import Namespace
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wandb
from pytorch_lightning.loggers import Logger

from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.results.layout import CONFIG_FILE, RECORD_FILE
from ensemble_switchover.results.record import SCHEMA_VERSION
from ensemble_switchover.tracking.wandb_environment import wandb_folder
from ensemble_switchover.tracking.wandb_epochs import (
    close_wandb_epochs,
    epochs_at_wandb,
    kept_of_killed_process,
    read_wandb_epochs,
    write_wandb_epochs,
)
from ensemble_switchover.tracking.wandb_run import RUN_JOB, WANDB_FINISH_SECONDS, start_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import LoggerConfig

RECORD_FILES = (RECORD_FILE, CONFIG_FILE, "epochs.*")


class WandbRunLogger(Logger):
    """Logs a run to W&B, in the group of its study, with its record as an artifact."""

    def __init__(
        self, config: LoggerConfig, spec: RunSpec, hyperparameters: Mapping[str, Any]
    ) -> None:
        """Start a run of W&B, online or offline."""
        super().__init__()
        self._spec = spec
        folder = wandb_folder(spec.study_folder)
        handed_over = kept_of_killed_process(read_wandb_epochs(spec.folder))
        write_wandb_epochs(spec.folder, handed_over)
        self._run = start_run(
            config,
            folder,
            run_id=handed_over.id,
            name=spec.name,
            study=spec.study,
            job_type=RUN_JOB,
            tags=[
                spec.design.design_class.value,
                spec.family.name,
                spec.dataset.name,
                f"k={spec.design.k}",
                spec.study,
            ],
            hyperparameters=hyperparameters,
        )
        self._run.define_metric("*", step_metric="epoch")
        self._epochs = epochs_at_wandb(handed_over, self._run)

    @property
    def name(self) -> str:
        """The name of the run."""
        return self._spec.name

    @property
    def version(self) -> str:
        """W&B's identifier of the run."""
        return self._run.id

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Add to the configuration of the run."""
        values = vars(params) if isinstance(params, Namespace) else params
        self._run.config.update(values)  # type: ignore[no-untyped-call]

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:  # noqa: ARG002
        """Send the metrics of an epoch, `epoch` among them; without it, those of the whole run."""
        if "epoch" in metrics:
            self._log_once(int(metrics["epoch"]), metrics)
        else:
            self._run.summary.update(dict(metrics))

    def _log_once(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Send the metrics of an epoch that W&B does not have from a former process."""
        known = self._epochs
        if epoch <= max(known.online, known.offline):
            return
        self._run.log(dict(metrics))
        if self._run.offline:
            self._epochs = replace(known, offline=epoch)
        else:
            self._epochs = replace(known, online=epoch)
        write_wandb_epochs(self._spec.folder, self._epochs)

    def finalize(self, status: str) -> None:
        """End the run; one that succeeded has its record on disk, which is sent with it.

        Raises:
            TimeoutError: if W&B does not receive all of it in time.
        """
        try:
            if status == "success":
                self._log_record()
        finally:
            self._finish(0 if status == "success" else 1)
        close_wandb_epochs(self._spec.folder, self._epochs)

    def _log_record(self) -> None:
        spec = self._spec
        artifact = wandb.Artifact(
            f"record-{spec.fingerprint}",
            type="record",
            metadata={"name": spec.name, "study": spec.study, "schema_version": SCHEMA_VERSION},
        )
        for path in sorted(path for pattern in RECORD_FILES for path in spec.folder.glob(pattern)):
            artifact.add_file(str(path), policy="immutable")  # read from there, not copied
        self._run.log_artifact(artifact)

    def _finish(self, exit_code: int) -> None:
        try:
            self._run.finish(exit_code=exit_code)
        except TimeoutError as error:
            raise TimeoutError(
                f"W&B did not take all of it in {WANDB_FINISH_SECONDS} s; it is on disk: "
                f"wandb sync {shell_path(Path(self._run.dir).parent)}"
            ) from error
        except Exception:
            with suppress(Exception):
                wandb.teardown()  # its process is gone; the next run starts another
            raise
