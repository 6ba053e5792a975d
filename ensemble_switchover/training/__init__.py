"""Training of the k members: the LightningModule, its data, the executions, the checkpoints."""

from ensemble_switchover.training.module import EnsembleModule

__all__ = ["EnsembleModule"]
