"""Using trained ensembles: load their weights, predict with them, export them to other formats."""

from ensemble_switchover.serving.served_cascade import ServedCascade
from ensemble_switchover.serving.served_ensemble import ServedEnsemble, load_ensemble

__all__ = ["ServedCascade", "ServedEnsemble", "load_ensemble"]
