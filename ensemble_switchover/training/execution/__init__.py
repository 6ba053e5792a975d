"""How k members are executed. An execution never changes what a member learns."""

from ensemble_switchover.training.execution.base import Execution
from ensemble_switchover.training.execution.fused import FusedExecution
from ensemble_switchover.training.execution.sequential import Sequential

__all__ = ["EXECUTIONS", "Execution"]

EXECUTIONS: dict[str, type[Execution]] = {"sequential": Sequential, "fused": FusedExecution}
"""How the members of one process are executed, by name."""
