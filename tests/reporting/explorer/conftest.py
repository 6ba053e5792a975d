"""The demo's page, and a browser to look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.explore import write_explorer
from ensemble_switchover.results.shipped import unpack_study
from tests.reporting.explorer.browser import open_browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack_study("demo", tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="session")
def demo_page(demo_folder: Path) -> Path:
    return write_explorer([demo_folder])


@pytest.fixture(scope="package")  # beyond it, Playwright's loop would bar all others
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened
