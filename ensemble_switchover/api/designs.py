"""The designs of parameter budgets, solved without torch."""

from __future__ import annotations

from dataclasses import dataclass

from ensemble_switchover.api.composition import mistakes_explained
from ensemble_switchover.api.hydra_state import own_hydra_state
from ensemble_switchover.api.overrides import as_overrides
from ensemble_switchover.planning.design_rows import list_designs


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedDesign:
    """A design of a budget: one network, or an ensemble of k, with what it spends."""

    family: str
    """Family of networks, such as `resnet`."""
    changed_options: str
    """Options of the family that differ from its defaults, such as `kernel=5`."""
    dataset: str
    budget_depth: int
    """Depth of the single network that states the budget."""
    budget_width: int
    """Width factor, or growth rate, of that network."""
    budget_parameters: int
    """Its trainable parameters: the budget."""
    design_class: str
    """`single`, `deq` (members as deep as that network) or `weq` (as wide)."""
    k: int
    """Number of members; 1 for a single network."""
    depth: int | None
    """Depth of one member; None, as everything below, where the design does not exist."""
    width: int | None
    """Width factor, or growth rate, of one member."""
    member_parameters: int | None
    """Trainable parameters of one member."""
    parameters: int | None
    """Trainable parameters of all members together."""
    budget_fill: float | None
    """Share of the budget that is spent."""
    flops_per_image: int | None
    """Forward pass of all members on one image, 2 per multiply-add."""
    layers: int | None
    """Convolutions, with those of shortcuts, and classifier of one member."""
    problem: str | None
    """Why the design does not exist; None where it does."""


def designs_for(*overrides: str, **keywords: object) -> list[SolvedDesign]:
    """Solve the designs of the budgets that overrides ask for: single, deq and weq, or as given.

    Args:
        overrides: As for `compose_all`, such as `arch=resnet`, `k=2,4` and `budget.width=8,16`.
        keywords: The same as keywords.

    Returns:
        The designs by budget, then by k and class.

    Raises:
        ConfigError: naming every problem once.
    """
    with mistakes_explained(), own_hydra_state():
        rows = list_designs(as_overrides(overrides, keywords))
    return [SolvedDesign(**row) for row in rows]
