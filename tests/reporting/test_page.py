"""The page: self-contained, valid in structure, and deaf to markup in names."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from ensemble_switchover.analysis.purchase_wording import ShownPurchase
from ensemble_switchover.machine.terminal import ShownTable
from ensemble_switchover.reporting.images_of_runs import ImagesOfRuns
from ensemble_switchover.reporting.page import (
    NextRuns,
    Page,
    Picture,
    Problem,
    Section,
    render_page,
)
from ensemble_switchover.reporting.what_to_build import WhatToBuild

EVIL = "<script>alert('x')</script> \" onload=\"x"
VOID = {"meta", "img", "link", "br"}


class Outline(HTMLParser):
    """Collects tags and text, and whether every tag is closed in order."""

    def __init__(self) -> None:
        """Start with an empty outline."""
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check that the innermost open tag is closed."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def make_page(name: str = "name", num_sections: int = 1) -> Page:
    """Make a page that shows `name` wherever a name can stand."""
    table = ShownTable(f"caption {name}", (name, "Error, %"), ((name, "1.0"),), 1)
    picture = Picture(b"<svg/>", name, name)
    sections = tuple(
        Section(
            anchor=f"comparison-{number}",
            title=name,
            headline=name,
            sentences=(name, "second"),
            pictures=(picture,),
            designs=table,
            costs=(picture,),
            costs_in_words=(name,),
            times=table,
            more=(picture,),
            sensitivity=table,
            runs=table,
            notes=(name,),
            holes=(Problem(name, name),),
            conditions=((name, name),),
        )
        for number in range(num_sections)
    )
    problems = (Problem(name, name),)
    purchase = ShownPurchase(name, 1.0, name, 1, 0.5, 0.5, name)
    return Page(
        headline=name,
        kicker=name,
        terms=(name,),
        answers=(WhatToBuild(name, name, name, name, name, name, (name,)),),
        switchovers=table,
        collapsed=table,
        claims=table,
        claims_not_asked=table,
        early_exits=table,
        next_runs=NextRuns(1, (name,), (purchase,)),
        trends=(picture,),
        sections=sections,
        data=(ImagesOfRuns(name, (name,)),),
        failed=problems,
        unreadable=problems,
    )


def outline(page: Page) -> Outline:
    """Parse the rendered page."""
    parser = Outline()
    parser.feed(render_page(page))
    parser.close()
    return parser


def test_every_tag_is_closed_and_every_anchor_exists_once() -> None:
    parsed = outline(make_page(num_sections=3))

    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [str(attributes["href"]) for tag, attributes in parsed.tags if tag == "a"]
    anchors = [link for link in links if link.startswith("#")]
    assert len(anchors) == 3
    assert all(link[1:] in ids for link in anchors)
    assert [tag for tag, _ in parsed.tags].count("h1") == 1


def test_names_are_never_markup() -> None:
    parsed = outline(make_page(EVIL, 2))

    tags = {tag for tag, _ in parsed.tags}
    assert "script" not in tags
    attributes = {name for _, attributes in parsed.tags for name in attributes}
    assert not any(name.startswith("on") for name in attributes)
    assert EVIL in parsed.text
    assert any(a.get("alt") == EVIL for tag, a in parsed.tags if tag == "img")


def test_the_page_loads_nothing() -> None:
    text = render_page(make_page())

    parsed = outline(make_page())
    for tag, attributes in parsed.tags:
        assert tag not in {"script", "link", "iframe", "object"}
        assert "style" not in attributes
        for name in ("src", "srcset", *(() if tag == "a" else ("href",))):
            assert str(attributes.get(name) or "data:").startswith("data:")
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_allows_this_style_sheet_alone() -> None:
    text = render_page(make_page())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)

    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(
        str(attributes["content"])
        for tag, attributes in outline(make_page()).tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.split("; ")[:3] == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{digest}'",
    ]
    assert "prefers-color-scheme: dark" in style[1]


def test_tables_have_captions_and_headers_with_a_scope() -> None:
    parsed = outline(make_page())

    tags = [tag for tag, _ in parsed.tags]
    assert tags.count("caption") == tags.count("table") == 8
    assert all(a.get("scope") in {"row", "col"} for tag, a in parsed.tags if tag == "th")


def test_nothing_missing_is_said() -> None:
    nothing = ShownTable("", ("header",), (), 1)
    assert "Not asked" not in render_page(replace(make_page(), claims_not_asked=nothing))
    page = Page(
        *("headline", "kicker", (), (), nothing, nothing, nothing, nothing, None, None),
        *((), (), (), (), ()),
    )

    assert "No run failed, and every record could be read." in render_page(page)
    assert "Where ensembles switch over" not in render_page(page)


def test_a_table_of_collapsed_runs_is_shown_where_runs_were_screened() -> None:
    page = make_page()
    assert "Collapsed runs" in render_page(page)
    nothing = replace(page.collapsed, rows=())
    assert "Collapsed runs" not in render_page(replace(page, collapsed=nothing))


def titles(page: Page) -> list[str]:
    """Return the headings and the titles of what is folded, in the order of the page."""
    found = re.findall(r"<(h[123]|summary)[^>]*>(.*?)</\1>", render_page(page), re.DOTALL)
    return [text for _, text in found]


def test_the_answer_comes_first_then_the_picture_the_designs_and_the_costs() -> None:
    order = titles(make_page())
    wanted = [
        *("name", "The answer", "On what this is based", "name", "Designs"),
        *("Budgets without a design: 1", "Costs", "Time to accuracy", "More of the errors"),
        "What to run next: where more runs would decide",
        *("Where ensembles switch over", "The switchover under other rules", "Collapsed runs"),
        *("Conditions", "Runs by name", "Data check", "What is missing"),
        *("Failed runs: 1", "Unreadable records: 1", "How to read this"),
        "Statements of the paper, checked on these records",
        "Not asked: 1 checks of which these records cannot speak",
    ]
    assert order == wanted
    text = render_page(make_page())
    assert text.index("<figure>") < text.index(">Designs<")


def test_several_comparisons_have_their_switchovers_before_them_and_conditions_after() -> None:
    order = titles(make_page(num_sections=2))
    assert order.index("Where ensembles switch over") < order.index("Designs")
    text = render_page(make_page(num_sections=2))
    assert text.index("What to build") < text.index("<nav") < text.index("Where ensembles")
    assert order.index("What to run next: where more runs would decide") < order.index(
        "Conditions: name"
    )


def test_the_papers_statements_are_folded() -> None:
    text = render_page(make_page())
    begin = text.index("Statements of the paper, checked on these records")
    assert text[:begin].endswith("<details><summary>")


def test_every_figure_links_to_its_files() -> None:
    page = make_page("figure_3")
    links = [a["href"] for tag, a in outline(page).tags if tag == "a"]
    num_figures = render_page(page).count("<figure>")
    assert num_figures == 4
    for ending in ("svg", "png", "csv"):
        assert links.count(f"figure_3.{ending}") == num_figures
    so_far = replace(page.trends[0], files=None)
    assert so_far.links == ()
