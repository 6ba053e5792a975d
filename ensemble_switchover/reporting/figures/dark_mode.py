"""Figures on a page that follow its light or dark scheme; figures in files stay light."""

from __future__ import annotations

import re

from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    EDGE_INK,
    FAINT_INK,
    GRID_INK,
    HATCH_INK,
    HOLE_INK,
    INK,
    PALE_COLOURS,
    UNDECIDED_COLOUR,
)

DARK_COLOURS: dict[str, str] = {
    "#ffffff": "#14181d",
    INK: "#e6e9ed",
    FAINT_INK: "#a2abb6",
    HOLE_INK: "#59636e",
    GRID_INK: "#2b333b",
    EDGE_INK: "#6d7782",
    UNDECIDED_COLOUR: "#39414a",
    HATCH_INK: "#14181d",
    COLOURS["single"]: "#e9c46a",
    COLOURS["deq"]: "#4a86e8",
    COLOURS["weq"]: "#66d9b8",
    PALE_COLOURS["single"]: "#665620",
    PALE_COLOURS["deq"]: "#24395c",
    PALE_COLOURS["weq"]: "#2c6b5c",
}
"""Colour of a figure -> what it is where the ground is dark; the classes have the explorer's."""

_STYLE = re.compile(r'style="([^"]*)"')
_FILL = re.compile(r'fill="(#[0-9a-f]{6})"')
_COLOUR = re.compile("|".join(DARK_COLOURS))


def follow_scheme(svg: bytes) -> bytes:
    """Let the colours of a figure follow the scheme, light or dark, of the page that shows it.

    Args:
        svg: A figure of `encode_figure`.

    Returns:
        The figure with a style sheet of its own, in which every colour is a property.
    """
    text = _STYLE.sub(
        lambda style: _COLOUR.sub(lambda found: f"var({_property(found[0])})", style[0]),
        _FILL.sub(r'style="fill: \1"', svg.decode()),
    )
    light = "".join(f"{_property(colour)}:{colour};" for colour in DARK_COLOURS)
    dark = "".join(f"{_property(colour)}:{other};" for colour, other in DARK_COLOURS.items())
    sheet = (
        f"<style>:root{{color-scheme:light dark;{light}}}"
        f"@media(prefers-color-scheme:dark){{:root{{{dark}}}}}</style>"
    )
    return text.replace("<defs>", f"{sheet}<defs>", 1).encode()


def _property(colour: str) -> str:
    return f"--c{colour[1:]}"
