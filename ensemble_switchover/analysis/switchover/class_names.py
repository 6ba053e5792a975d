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
