"""The page of a report in a browser: on a phone, and where the ground is dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from ensemble_switchover.report import report
from ensemble_switchover.reporting.page import render_page
from ensemble_switchover.results.shipped import unpack_study
from tests.reporting.explorer.browser import open_browser, open_page
from tests.reporting.test_page import make_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("page")]

GROUND = """() => {
  const images = [...document.querySelectorAll("figure img")];
  return images.map((image) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 4;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, image.naturalWidth, image.naturalHeight);
    return [...context.getImageData(2, 2, 1, 1).data];
  });
}"""
"""Reads the colour of a corner of every figure."""

ERROR_COLUMNS = """() => [...document.querySelectorAll("th")]
  .filter((cell) => cell.textContent === "Test error, %")
  .map((cell) => cell.getBoundingClientRect().right)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the demo's report."""
    study = unpack_study("demo", tmp_path_factory.mktemp("page"))
    return report(study, study / "report")


def unfold(page: Page) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => (d.open = true))")


def test_a_phone_shows_the_errors_of_every_table_and_nothing_is_cut_off(
    browser: Browser, path: Path
) -> None:
    with open_page(browser, path, width=390) as page:
        unfold(page)
        ends = page.evaluate(ERROR_COLUMNS)
        assert len(ends) == 2
        assert max(ends) <= 390
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_long_names_do_not_widen_the_page(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(render_page(make_page("resnet_folder_" * 20)))
    with open_page(browser, path, width=390) as page:
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_figures_have_the_ground_of_the_page(
    browser: Browser, path: Path, scheme: str, is_dark: bool
) -> None:
    with open_page(browser, path, scheme=scheme) as page:
        grounds = page.evaluate(GROUND)
    assert len(grounds) > 10
    for red, green, blue, alpha in grounds:
        assert alpha == 255
        assert (max(red, green, blue) < 50) is is_dark


def test_every_link_of_a_figure_leads_to_a_file(browser: Browser, path: Path) -> None:
    with open_page(browser, path) as page:
        links = page.eval_on_selector_all(
            "figcaption a", "links => links.map((link) => link.getAttribute('href'))"
        )
        num_figures = page.locator("figure").count()
    assert len(links) == 3 * num_figures
    assert all((path.parent / link).is_file() for link in links)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(browser: Browser, path: Path, scheme: str, width: int) -> None:
    context = browser.new_context(bypass_csp=True)  # axe is put into the page from outside
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())
    unfold(page)
    found = Axe().run(page).response["violations"]
    context.close()
    assert [(rule["id"], rule["nodes"][0]["html"][:80]) for rule in found] == []
