"""The parameter budget of a run, read from its configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ensemble_switchover.config.schema import NetworkBudgetConfig, ParametersBudgetConfig
from ensemble_switchover.design import Budget, budget_of_network, budget_of_parameters
from ensemble_switchover.design.budget import parse_parameters
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from ensemble_switchover.config.schema import BudgetConfig
    from ensemble_switchover.design import Family, ImageTask


def make_budget(config: BudgetConfig, family: Family, task: ImageTask) -> Budget:
    """Return the budget of a family's single network.

    Raises:
        ConfigError: if a knob of the single network, or the number of parameters, is wrong.
    """
    if isinstance(config, ParametersBudgetConfig):
        _refuse_sought_knob(config)
    depth, width = _network(config, family)
    try:
        if isinstance(config, ParametersBudgetConfig):
            return budget_of_parameters(
                family,
                parse_parameters(config.parameters),
                along=config.along,
                depth=depth,
                width=width,
                task=task,
            )
        return budget_of_network(family, depth, width, task)
    except ConfigError as error:
        text = str(error)
        named = text.startswith(("budget.", "arch="))
        raise ConfigError(text if named else f"budget.{text}") from error


def _network(config: BudgetConfig, family: Family) -> tuple[int, int]:
    """Return the depth and the width that state a budget, or hold one of its knobs."""
    text = config.network if isinstance(config, NetworkBudgetConfig) else None
    if text is None:
        depth = family.default_depth if config.depth is None else config.depth
        width = family.default_width if config.width is None else config.width
        return depth, width
    network = re.fullmatch(r"\s*(\d{1,9})\s*x\s*(\d{1,9})\s*", text, re.ASCII)
    if network is None:
        raise ConfigError(f"budget.network={text}: expected depth x width in one word, as 40x12")
    for key, value in (("depth", config.depth), ("width", config.width)):
        if value is not None:
            raise ConfigError(
                f"budget.{key}={value}: budget.network={text} says it; expected one of the two"
            )
    return int(network[1]), int(network[2])


def _refuse_sought_knob(config: ParametersBudgetConfig) -> None:
    sought = config.width if config.along == "width" else config.depth
    if sought is not None:
        held = "depth" if config.along == "width" else "width"
        raise ConfigError(
            f"budget.{config.along}={sought}: budget.along={config.along} finds the "
            f"{config.along}; expected budget.{held}="
        )
