"""The page as a file: self-contained, within its policy, deaf to markup in names."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import unescape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.class_terms import CLASS_TERMS
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.reporting.explorer.document import LIBRARIES, SCRIPTS, render_explorer
from tests.factories import make_record, make_study, planted_error

if TYPE_CHECKING:
    from pathlib import Path

EVIL = "</script><script>alert('x')</script><img src=x onerror=alert(1)> ${7*7}"


def page_of(**fields: Any) -> str:
    records = [make_record(seed=seed, **fields) for seed in (0, 1)]
    return render_explorer(build_content(records, lambda runs: EVIL))


def scripts_of(html: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", html, re.DOTALL)


def test_the_policy_allows_the_pages_own_scripts_and_style_and_nothing_else() -> None:
    html = page_of()

    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    scripts = " ".join(map(hashed, scripts_of(html)))
    assert len(scripts_of(html)) == len(LIBRARIES) + 1
    assert unescape(policy) == (
        f"default-src 'none'; script-src {scripts}; style-src {hashed(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def test_the_short_names_of_classes_are_spelled_out() -> None:
    html = page_of()
    for name, meaning in CLASS_TERMS.items():
        assert f"<strong>{name}</strong> is {meaning}" in html


def test_every_chart_has_a_legend_of_its_classes_with_their_lines() -> None:
    html = page_of()
    script = files("ensemble_switchover.reporting.explorer").joinpath("script", "charts.js")
    drawn = dict(re.findall(r'(deq|weq): "([\d,]+)"', script.read_text("utf-8")))
    for picture in ("curves", "metric-picture", "pareto"):
        before, _, _ = html.partition(f'<div id="{picture}"')
        legend = before[before.rindex('<p class="legend"') :]
        assert len(legend) < 1500  # it stands right before its chart
        assert re.findall(r"var\(--(\w+)\)\" stroke-width", legend) == ["single", "deq", "weq"]
        assert re.findall(r'dasharray="([\d,]+)"', legend) == [drawn["deq"], drawn["weq"]]


def test_nothing_is_loaded_from_anywhere() -> None:
    html = page_of()

    outside_scripts = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert not re.findall(r"(?:src|href|action)=\"(?!#)", outside_scripts)
    assert not re.findall(r"@import|url\((?!#)", outside_scripts)


def test_a_name_ends_no_script_and_begins_none() -> None:
    plain = page_of()
    evil = page_of(dataset={"name": EVIL}, name=EVIL, study=EVIL)

    assert len(scripts_of(evil)) == len(scripts_of(plain))
    assert evil.count("<script") == plain.count("<script")
    assert "<img" not in evil
    (content,) = re.findall(r'id="content">(.*?)</script>', evil, re.DOTALL)
    assert json.loads(content)["comparisons"][0]["data"] == EVIL


def test_the_same_records_give_the_same_file() -> None:
    records = make_study(planted_error)

    first, second = (render_explorer(build_content(records, lambda runs: "")) for _ in range(2))

    assert first == second


def test_the_libraries_are_what_their_checksums_say() -> None:
    folder = files("ensemble_switchover.reporting.explorer") / "vendor"
    lines = folder.joinpath("SHA256SUMS").read_text("utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split() for line in lines)}

    assert sums.keys() == set(LIBRARIES)
    licences = folder.joinpath("LICENSES.md").read_text("utf-8")
    for name in LIBRARIES:
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == sums[name]
        assert name in licences


def test_every_script_of_the_folder_is_in_the_page() -> None:
    folder = files("ensemble_switchover.reporting.explorer") / "script"

    assert {e.name for e in folder.iterdir() if e.name.endswith(".js")} == set(SCRIPTS)


def test_the_demos_page_is_small(demo_page: Path) -> None:
    assert demo_page.stat().st_size < 1_000_000
