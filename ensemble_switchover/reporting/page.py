"""The page of a study: one HTML file that holds everything it shows and runs no script."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from ensemble_switchover.machine.terminal import ShownTable


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure and what it shows in words, for those who do not see it."""

    svg: bytes
    caption: str
    files: str
    """Where its files lie beside the page, without the ending."""

    @property
    def data_uri(self) -> str:
        """The figure as an address that holds it."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode("ascii")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is missing, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Section:
    """One comparison."""

    anchor: str
    """Letters, digits and hyphens; unique on the page."""
    title: str
    headline: str
    sentences: tuple[str, ...]
    pictures: tuple[Picture, ...]
    designs: ShownTable
    times: ShownTable
    sensitivity: ShownTable | None
    """The switchover under other rules; None where there is nothing to compare."""
    runs: ShownTable
    notes: tuple[str, ...]
    holes: tuple[Problem, ...]
    conditions: tuple[tuple[str, str], ...]
    """Name and value."""


@dataclass(frozen=True, slots=True)
class Page:
    """All that the page shows."""

    headline: str
    kicker: str
    """The line above the headline."""
    switchovers: ShownTable
    claims: ShownTable
    trends: tuple[Picture, ...]
    """Figures of several comparisons."""
    sections: tuple[Section, ...]
    failed: tuple[Problem, ...]
    unreadable: tuple[Problem, ...]


def render_page(page: Page) -> str:
    """Render the page.

    Every text is escaped, so a name from a record is never markup. The content security policy
    allows images that the page itself holds and this one style sheet, and nothing else.
    """
    environment = Environment(
        loader=PackageLoader("ensemble_switchover", "reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = files("ensemble_switchover.reporting").joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    return (
        environment.get_template("page.html.j2")
        .render(page=page, style=Markup(style), style_hash=f"sha256-{digest}")
        .lstrip()
    )
