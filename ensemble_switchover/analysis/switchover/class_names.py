"""The names of the design classes, spelled out where a reader meets them first."""

from __future__ import annotations

SPELLED_CLASSES: dict[str, str] = {
    "single": "single network",
    "deq": "deq (depth-equivalent)",
    "weq": "weq (width-equivalent)",
}
"""Design class -> its name in a legend."""


def spell_ensembles(design_class: str) -> str:
    """Name the ensembles of a class in words.

    >>> spell_ensembles("deq")
    'depth-equivalent ensembles'
    """
    if design_class == "single":
        return "single networks"
    return f"{'depth' if design_class == 'deq' else 'width'}-equivalent ensembles"


def explain_class(design_class: str, k: int | str) -> str:
    """Say what a class is beside the single network of the same budget.

    Args:
        design_class: `single`, `deq` or `weq`.
        k: Number of members, or several such as `2 or 4`.

    >>> explain_class("weq", 4)
    'weq: width-equivalent ensembles, 4 networks as wide as the single one, each shallower'
    """
    alike, less = ("deep", "narrower") if design_class == "deq" else ("wide", "shallower")
    if design_class == "single":
        return "single: one network, whose number of parameters is the budget"
    return (
        f"{design_class}: {spell_ensembles(design_class)}, {k} networks as {alike} as the single "
        f"one, each {less}"
    )
