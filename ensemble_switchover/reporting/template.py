"""HTML templates that escape all text, with style sheets and scripts allowed by their hashes."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render_template(folder: str, name: str, style: str, **values: object) -> str:
    """Render a template with its style sheet.

    Args:
        folder: Folder of both files below `ensemble_switchover`, such as `reporting`.
        name: File name of the template.
        style: File name of the style sheet; the template gets its text and hash.
        **values: Values for the template.
    """
    environment = Environment(
        loader=PackageLoader("ensemble_switchover", folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = files("ensemble_switchover").joinpath(folder, style).read_text("utf-8")
    template = environment.get_template(name)
    return template.render(style=Markup(text), style_hash=policy_hash(text), **values).lstrip()


def policy_hash(text: str) -> str:
    """Return the hash by which a content security policy allows a style sheet or a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
