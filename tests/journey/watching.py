"""A browser that watches the board from the beginning, and is never reloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright, expect
from stage import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 20_000


class Watcher:
    """One page. `rows` and `text` are what it shows in the end."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.faults: list[str] = []
        self.rows: list[str] = []
        self.text = ""
        self.was_reloaded = True
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    async def sign_in(self, url: str, email: str) -> None:
        """Go to the board through the sign-in page, and wait until it is live."""
        page = self._page
        await page.goto(url)
        await page.get_by_label("Email").fill(email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(url)
        await expect(page.locator(".pill")).to_have_text("Live", timeout=PATIENCE)
        await page.evaluate("window.neverReloaded = true")

    async def wait_for_rows(self, count: int) -> None:
        """Wait until so many incidents are on the board, live, and take down what it says."""
        page = self._page
        await expect(page.locator("tbody tr")).to_have_count(count, timeout=PATIENCE)
        await expect(page.locator(".pill")).to_have_text("Live", timeout=PATIENCE)
        self.was_reloaded = not await page.evaluate("window.neverReloaded === true")
        self.rows = await page.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => ['number', 'title', 'status', 'alerts']"
            ".map(name => row.querySelector(`.col-${name}`).innerText.trim()).join(' | '))"
        )
        self.text = await page.locator("body").inner_text()


@asynccontextmanager
async def watching() -> AsyncIterator[Watcher | None]:
    """A watcher; None where there is no Chromium and none is required."""
    if CHROMIUM is None and not os.environ.get("CI"):
        yield None
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Watcher(await browser.new_page())
        await browser.close()
