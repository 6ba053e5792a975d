"""The page of a study: one self-contained HTML file without scripts."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.reporting.template import render_template

if TYPE_CHECKING:
    from ensemble_switchover.analysis.purchase_wording import ShownPurchase
    from ensemble_switchover.machine.terminal import ShownTable
    from ensemble_switchover.reporting.images_of_runs import ImagesOfRuns
    from ensemble_switchover.reporting.what_to_build import WhatToBuild


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure and its description."""

    svg: bytes
    caption: str
    files: str | None
    """Path of its files relative to the page, without the suffix; None if it is only on the page.
    """

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Pairs of kind and path of its files, relative to the page."""
        if self.files is None:
            return ()
        return tuple((kind, f"{self.files}.{kind.lower()}") for kind in ("SVG", "PNG", "CSV"))

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
class EarlyExit:
    """The part of a section on ensembles that stop asking members once they are sure."""

    sentences: tuple[str, ...]
    """Where it pays, and where it does not."""
    pictures: tuple[Picture, ...]
    table: ShownTable


@dataclass(frozen=True, slots=True)
class BeyondError:
    """The part of a section on the quality of probabilities."""

    sentences: tuple[str, ...]
    """Whether more members would help, as far as their answers tell."""
    table: ShownTable


@dataclass(frozen=True, slots=True)
class Section:
    """The part of the page on one comparison."""

    anchor: str
    """Letters, digits and hyphens; unique on the page."""
    title: str
    headline: str
    sentences: tuple[str, ...]
    pictures: tuple[Picture, ...]
    """The first figures: what the answer looks like."""
    designs: ShownTable
    costs: tuple[Picture, ...]
    """Figures of times and memory."""
    costs_in_words: tuple[str, ...]
    """What a figure of costs would show no more of than a sentence."""
    times: ShownTable
    more: tuple[Picture, ...]
    """All other figures."""
    sensitivity: ShownTable | None
    """The switchover under other rules; None if there are no ensembles."""
    runs: ShownTable
    notes: tuple[str, ...]
    holes: tuple[Problem, ...]
    conditions: tuple[tuple[str, str], ...]
    """Pairs of name and value."""
    early_exit: EarlyExit | None = None
    """None where no cascade is known."""
    beyond_error: BeyondError | None = None
    """None where neither records nor predictions tell it."""


@dataclass(frozen=True, slots=True)
class NextRuns:
    """Which further runs would settle most of where ensembles switch over."""

    num_open_budgets: int
    """Number of budgets that keep a switchover open, counted for each class and k."""
    sentences: tuple[str, ...]
    """What is settled, and what no runs are likely to settle."""
    purchases: tuple[ShownPurchase, ...]
    """The runs that would settle most for their seconds first."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """How much of a study there is on a page that a sweep rewrites as its runs finish."""

    sentence: str
    command: str | None
    """The command that writes the whole report; None while the page is rewritten."""
    reload_seconds: int | None
    """How often a browser loads the page again; None once it is not rewritten any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """The content of the page."""

    headline: str
    kicker: str
    """The line above the headline."""
    terms: tuple[str, ...]
    """What the ensemble classes on the page are, one line each."""
    answers: tuple[WhatToBuild, ...]
    """What to build, for each data set."""
    switchovers: ShownTable
    collapsed: ShownTable
    """How many runs of each design class collapsed."""
    claims: ShownTable | None
    """The paper's statements that the records can speak of; None if they are not checked yet."""
    claims_not_asked: ShownTable | None
    """The paper's statements that they cannot speak of; None if they are not checked yet."""
    early_exits: ShownTable | None
    """Early exit in all comparisons; None where no cascade is known."""
    next_runs: NextRuns | None
    """None where no ensemble is compared, or pools of members or pairs of seeds decide."""
    trends: tuple[Picture, ...]
    """Figures across several comparisons."""
    sections: tuple[Section, ...]
    data: tuple[ImagesOfRuns, ...]
    failed: tuple[Problem, ...]
    unreadable: tuple[Problem, ...]
    without_metric: str | None = None
    """Which runs lack the metric that designs are compared by, in a sentence."""
    so_far: SoFar | None = None
    """None in a report."""


def render_page(page: Page) -> str:
    """Render the page as HTML.

    All text is escaped, so a name from a record is never markup. The content security policy allows
    only embedded images and the page's own style sheet.
    """
    return render_template("reporting", "page.html.j2", "page.css", page=page)
