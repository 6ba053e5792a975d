"""One convolutional network, or an ensemble of k smaller ones, for the same parameters?"""

from typing import Any

from ensemble_switchover.machine.inherited_variables import mend_variables

__version__ = "0.1.0"

mend_variables()


def __getattr__(name: str) -> Any:
    """Import `load_ensemble` where it is asked for: it needs torch."""
    if name != "load_ensemble":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ensemble_switchover.serving import load_ensemble

    return load_ensemble
