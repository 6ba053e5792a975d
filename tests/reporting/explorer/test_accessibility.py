"""axe-core's rules, on the page as a desktop and as a phone shows it, in light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import DEFAULT_OPTIONS, Axe

from tests.reporting.explorer.browser import ask, open_page, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """Open a tab into which axe can be put from outside, which the page's policy would refuse."""
    context = browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(tab: Page, demo_page: Path, scheme: str, width: int) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(demo_page.as_uri())
    for summary in tab.locator("summary").all():
        summary.click()
    settle(tab)
    wrong = violations(tab)
    ask(tab, parameters="many")  # the advice's table gives way to a message
    # what is told beside the pointer, too
    tab.locator("#metric-picture svg g > path").last.hover(force=True)
    tab.locator("#metric-picture svg text", has_text="filled").wait_for()

    # The contrast takes axe the most time by far, and nothing else has changed its colours.
    wrong += violations(tab, rules={"color-contrast": {"enabled": False}})
    for changed in ("section:has(#advice-form)", "#metric-picture"):
        wrong += violations(tab, changed, runOnly=["color-contrast"])

    assert wrong == []


def violations(page: Page, part: str | None = None, **options: Any) -> list[tuple[str, ...]]:
    """List axe's rules that the page breaks: name, impact, and the first such place."""
    found = Axe().run(page, part, {**DEFAULT_OPTIONS, **options}).response["violations"]
    return [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in found]


def test_every_control_is_reached_by_the_keyboard_and_has_a_name(
    browser: Browser, demo_page: Path
) -> None:
    controls = "select:visible, input:visible, button:visible, summary:visible, #map"
    with open_page(browser, demo_page) as page:
        wanted = {element.get_attribute("id") for element in page.locator(controls).all()} - {None}
        names = page.eval_on_selector_all(
            "select, input",
            "all => all.filter(one => one.checkVisibility())"
            ".map(one => one.labels[0].firstElementChild.textContent.trim())",
        )
        for _ in range(120):
            page.keyboard.press("Tab")
            wanted.discard(page.evaluate("document.activeElement.id"))
            if not wanted:
                break

    assert wanted == set()
    assert len(names) > 10
    assert all(names)
