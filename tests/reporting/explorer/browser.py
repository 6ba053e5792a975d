"""A real browser for tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
"""Chromium's own errands in the network are none of the page's."""


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open the browser; skip the test where there is none, unless REQUIRE_BROWSER is set."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        assert not os.environ.get("REQUIRE_BROWSER"), "no Chromium, and REQUIRE_BROWSER is set"
        pytest.skip("no Chromium on this machine; Debian: apt-get install chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has none
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *sandbox])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, path: Path, hash_: str = "", **options: Any) -> Iterator[Page]:
    """Open a file; in the end nothing may have gone wrong, or been asked of a network."""
    options = {"viewport": {"width": 1280, "height": 900}, **options}
    context = browser.new_context(**options)
    try:
        page = context.new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: told.append(f"error: {error}"))
        page.on("request", lambda request: told.append(f"request: {request.url}"))
        page.goto(path.as_uri() + hash_)
        settle(page)
        yield page
        requests = [f"request: {path.as_uri()}"] * told.count(f"request: {path.as_uri()}")
        assert told == requests
        assert len(requests) == 1
    finally:
        context.close()


def settle(page: Page) -> None:
    """Wait until every part of the page is drawn."""
    page.locator("body:not([aria-busy])").wait_for(state="attached")


def choose(page: Page, name: str, value: str) -> None:
    """Choose an option of a control."""
    page.select_option(f"#{name}", value)
    settle(page)


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
