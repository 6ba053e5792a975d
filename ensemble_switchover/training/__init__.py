"""Training of the k members: the LightningModule, the executions, the loggers."""

from ensemble_switchover.training.module import EnsembleModule

__all__ = ["EnsembleModule"]
