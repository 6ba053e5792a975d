"""Using trained ensembles: load their weights, predict with them, export them to other formats."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ensemble_switchover.serving.served_cascade import ServedCascade
    from ensemble_switchover.serving.served_ensemble import ServedEnsemble, load_ensemble

__all__ = ["ServedCascade", "ServedEnsemble", "load_ensemble"]

_PLACES = {
    "ServedCascade": "served_cascade",
    "ServedEnsemble": "served_ensemble",
    "load_ensemble": "served_ensemble",
}
"""The module of each name, imported when the name is first used: they need torch, and the runner
of an exported cascade does not."""


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = found
    return found
