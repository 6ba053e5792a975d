"""axe-core's rules, on the page as a desktop and as a phone shows it, in light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.reporting.explorer.browser import ask, settle

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(browser: Browser, demo_page: Path, scheme: str, width: int) -> None:
    # axe is put in from outside, which the page's policy would refuse
    context = browser.new_context(
        bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    page.goto(demo_page.as_uri())
    for summary in page.locator("summary").all():
        summary.click()
    settle(page)
    wrong = Axe().run(page).response["violations"]
    ask(page, parameters="many")  # the advice's table gives way to a message
    # what is told beside the pointer, too
    page.locator("#metric-picture svg g > path").last.hover(force=True)
    page.locator("#metric-picture svg text", has_text="filled").wait_for()

    wrong += Axe().run(page).response["violations"]

    assert [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in wrong] == []
    context.close()


def test_every_control_is_reached_by_the_keyboard_and_has_a_name(
    browser: Browser, demo_page: Path
) -> None:
    page = browser.new_page()
    page.goto(demo_page.as_uri())
    settle(page)
    controls = "select:visible, input:visible, button:visible, summary:visible, #map"
    wanted = {element.get_attribute("id") for element in page.locator(controls).all()} - {None}

    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))

    assert wanted <= reached
    for element in page.locator("select:visible, input:visible").all():
        assert element.evaluate("element => element.labels[0].textContent.trim()")
    page.close()
