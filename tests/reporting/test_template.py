"""Templates: text is escaped, and the style sheet is allowed by its hash."""

from __future__ import annotations

import base64
import hashlib

from ensemble_switchover.reporting.template import policy_hash, render_template


def test_the_hash_is_that_of_a_content_security_policy() -> None:
    digest = base64.b64encode(hashlib.sha256(b"body {}").digest()).decode()

    assert policy_hash("body {}") == f"sha256-{digest}"


def test_text_is_escaped_and_the_style_is_not() -> None:
    values = {
        "title": "<b>",
        "kicker": "",
        "failed": (),
        "unreadable": (),
        "footer": "",
        "rule": "",
        "remarks": (),
    }
    page = render_template(
        "reporting/explorer",
        "explorer.html.j2",
        "explorer.css",
        scripts=(),
        script_hashes=(),
        content="",
        class_terms={},
        **values,
    )

    assert "<title>&lt;b&gt;</title>" in page
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert f"style-src '{policy_hash(style)}'" in page
