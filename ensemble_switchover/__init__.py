"""One convolutional network, or an ensemble of k smaller ones, for the same parameters?

`compose` and `compose_all` make checked runs of overrides, `designs_for` solves budgets, `train`
trains a run and writes its record, `load_record` reads it, and `load_ensemble` predicts with it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ensemble_switchover.machine.inherited_variables import mend_variables

if TYPE_CHECKING:
    from ensemble_switchover.api.composition import Run, compose, compose_all
    from ensemble_switchover.api.designs import SolvedDesign, designs_for
    from ensemble_switchover.api.records import load_record
    from ensemble_switchover.api.training import train
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.serving import load_ensemble

__all__ = [
    "Record",
    "Run",
    "SolvedDesign",
    "compose",
    "compose_all",
    "designs_for",
    "load_ensemble",
    "load_record",
    "train",
]
__version__ = "0.1.0"

_MODULES = {
    "Record": "results.record",
    "Run": "api.composition",
    "SolvedDesign": "api.designs",
    "compose": "api.composition",
    "compose_all": "api.composition",
    "designs_for": "api.designs",
    "load_ensemble": "serving",
    "load_record": "api.records",
    "train": "api.training",
}
"""The module of each name of `__all__`, imported when the name is first used: some need torch."""

mend_variables()


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
