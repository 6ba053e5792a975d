"""The explorer as one self-contained HTML file: content, style, scripts and libraries."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ensemble_switchover.analysis.class_terms import CLASS_TERMS
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.reporting.template import policy_hash, render_template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.results.study_folders import MissingRun

LIBRARIES = ("d3.min.js", "plot.umd.min.js")
"""Observable Plot and D3, on which it depends; vendor/README.md states their origin."""
SCRIPTS = (
    *("intervals.js", "quality.js", "rule.js", "format.js", "page.js", "state.js", "choices.js"),
    "charts.js",
    *("design.js", "cells.js", "metrics.js", "headline.js", "advice.js", "question.js", "main.js"),
)
"""The explorer's own scripts in order; they are joined into one script."""

_FOOTER = (
    "Made from records by ensemble_switchover, after Wasay & Idreos (ICLR 2021). This file is "
    "self-contained and makes no network requests. Figures are drawn with Observable Plot 0.6.17 "
    "and D3 7.9.0 (ISC licence)."
)


def render_explorer(
    content: Mapping[str, Any],
    failed: Sequence[MissingRun] = (),
    unreadable: Sequence[MissingRun] = (),
) -> str:
    """Render the page as HTML.

    The content security policy allows only the scripts and the style of this page, by their hashes:
    no network, no other script, no evaluation of text. Data from records is embedded as JSON, which
    browsers do not execute, and the scripts insert it as text only.

    Args:
        content: The content from `build_content`.
        failed: Runs that left no record, to be listed.
        unreadable: Records that could not be read, to be listed.

    Raises:
        ValueError: if a number in the content is not finite.
    """
    folder = files("ensemble_switchover.reporting.explorer")
    own = "\n".join(folder.joinpath("script", name).read_text("utf-8") for name in SCRIPTS)
    libraries = [folder.joinpath("vendor", name).read_text("utf-8") for name in LIBRARIES]
    scripts = [*libraries, f'"use strict";\n(() => {{\n{own}\n}})();']
    studies = ", ".join(content["studies"])
    kicker = f"Study {studies}: {count(content['numRuns'], 'run')}"
    if failed or unreadable:
        kicker += f", {len(failed)} failed, {len(unreadable)} unreadable"
    return render_template(
        "reporting/explorer",
        "explorer.html.j2",
        "explorer.css",
        title=f"Explorer: {studies}",
        kicker=kicker,
        rule=content["qualities"][0]["ruleText"],
        remarks=[text for text in (content["withoutMetric"], content["notOffered"]) if text],
        class_terms=CLASS_TERMS,
        failed=failed,
        unreadable=unreadable,
        footer=_FOOTER,
        scripts=[Markup(script) for script in scripts],
        script_hashes=[f"'{policy_hash(script)}'" for script in scripts],
        content=Markup(_as_json(content)),
    )


def _as_json(content: Mapping[str, Any]) -> str:
    """Write JSON for a script element, without a character that could end the element."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
