"""The page of a study: one self-contained HTML file without scripts."""

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
    """A figure and its description."""

    svg: bytes
    caption: str
    files: str
    """Path of its files relative to the page, without the suffix."""

    @property
    def data_uri(self) -> str:
        """The figure as a data URI."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode("ascii")


@dataclass(frozen=True, slots=True)
class Problem:
    """A missing item and the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Section:
    """The part of the page on one comparison."""

    anchor: str
    """Letters, digits and hyphens; unique on the page."""
    title: str
    headline: str
    sentences: tuple[str, ...]
    pictures: tuple[Picture, ...]
    designs: ShownTable
    times: ShownTable
    sensitivity: ShownTable | None
    """The switchover under other rules; None if there are no ensembles."""
    runs: ShownTable
    notes: tuple[str, ...]
    holes: tuple[Problem, ...]
    conditions: tuple[tuple[str, str], ...]
    """Pairs of name and value."""


@dataclass(frozen=True, slots=True)
class Page:
    """The content of the page."""

    headline: str
    kicker: str
    """The line above the headline."""
    switchovers: ShownTable
    claims: ShownTable
    trends: tuple[Picture, ...]
    """Figures across several comparisons."""
    sections: tuple[Section, ...]
    failed: tuple[Problem, ...]
    unreadable: tuple[Problem, ...]


def render_page(page: Page) -> str:
    """Render the page as HTML.

    All text is escaped, so a name from a record is never markup. The content security policy allows
    only embedded images and the page's own style sheet.
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
