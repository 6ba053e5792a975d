"""A real browser for tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
"""Chromium's own errands in the network are none of the page's."""


VIEW = {"width": 1280, "height": 900}


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open the browser with one tab; skip where there is none, unless REQUIRE_BROWSER is set."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        assert not os.environ.get("REQUIRE_BROWSER"), "no Chromium, and REQUIRE_BROWSER is set"
        pytest.skip("no Chromium on this machine; Debian: apt-get install chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has none
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *sandbox])
        try:
            browser.new_context(viewport=VIEW).new_page()
            yield browser
        finally:
            browser.close()


@contextmanager
def use_tab(browser: Browser) -> Iterator[Page]:
    """Give the browser's one tab, blank and of the usual size, and blank it afterwards.

    A tab of its own for each test would cost a second of processor time.
    """
    (tab,) = browser.contexts[0].pages
    try:
        yield tab
    finally:
        tab.goto("about:blank")
        tab.set_viewport_size(VIEW)
        tab.emulate_media(color_scheme="light")


@contextmanager
def heard(page: Page) -> Iterator[list[str]]:
    """Note what a page says, in which errors it ends, and what it asks of a network."""
    told: list[str] = []
    listeners = {
        "console": lambda message: told.append(f"{message.type}: {message.text}"),
        "pageerror": lambda error: told.append(f"error: {error}"),
        "request": lambda request: told.append(f"request: {request.url}"),
    }
    for event in listeners:
        page.on(event, listeners[event])
    try:
        yield told
    finally:
        for event in listeners:
            page.remove_listener(event, listeners[event])


@contextmanager
def open_page(
    browser: Browser, path: Path, hash_: str = "", *, width: int = 1280, scheme: str = "light"
) -> Iterator[Page]:
    """Open a file; in the end nothing may have gone wrong, or been asked of a network."""
    with use_tab(browser) as page, heard(page) as told:
        page.set_viewport_size({"width": width, "height": VIEW["height"]})
        page.emulate_media(color_scheme=scheme)
        page.goto(path.as_uri() + hash_)
        settle(page)
        yield page
        assert told == [f"request: {path.as_uri()}"]


def settle(page: Page) -> None:
    """Wait until every part of the page is drawn."""
    page.locator("body:not([aria-busy])").wait_for(state="attached")


def choose(page: Page, name: str, value: str) -> None:
    """Choose an option of a control."""
    page.select_option(f"#{name}", value)
    settle(page)


def choose_each(page: Page, *names: str) -> None:
    """Choose every option of controls, one after another, each once the page is drawn."""
    page.evaluate(
        """async (names) => {
          for (const select of names.map((name) => document.getElementById(name))) {
            for (const value of [...select.options].map((option) => option.value)) {
              select.value = value;
              if (select.value !== value) throw new Error(`${select.id} has no ${value}`);
              select.dispatchEvent(new Event("change", { bubbles: true }));
              while (document.body.hasAttribute("aria-busy")) {
                await new Promise((done) => setTimeout(done));
              }
            }
          }
        }""",
        names,
    )


def ask(page: Page, **overrides: str) -> None:
    """Type what the user has."""
    for name, text in overrides.items():
        page.fill(f"#{name}", text)
    settle(page)


def table_of(page: Page, place: str) -> list[dict[str, str]]:
    """Read a table: one mapping of header to text a row."""
    rows: list[list[str]] = page.eval_on_selector_all(
        f"#{place} tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
