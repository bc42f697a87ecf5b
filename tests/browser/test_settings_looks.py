"""The settings pages as they look: axe in both themes, every width, with dialogs open and shut."""

from __future__ import annotations

from typing import Literal

import pytest
from browsing import Org, Windows, axe_faults
from playwright.sync_api import Page, expect

from hub.contract.words import Role

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Buttons that stand on the line of a field, but not at its height.
ASKEW = """forms => forms.flatMap(form => [...form.querySelectorAll(":scope > button")].filter(button => {
  const at = button.getBoundingClientRect();
  return [...form.querySelectorAll("label, input, select")].some(part => {
    const other = part.getBoundingClientRect();
    return other.top < at.bottom && at.top < other.bottom && Math.abs(other.top - at.top) > 1;
  });
}).map(button => button.textContent))"""
PARTS = ("", "/members", "/invitations", "/teams")
BUTTONS = {"/members": ("Manage Bob", "Remove Bob"), "/teams": ("Manage On call",)}
NAME = "Wolfeschlegelsteinhausenbergerdorff " * 3 + "x" * 80


def opened(page: Page, org: Org, part: str) -> None:
    page.goto(f"{org.url}/settings{part}")
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".pill")).to_have_text("Live")


def test_axe_finds_nothing_in_either_theme(windows: Windows, org: Org) -> None:
    org.join("Bob", Role.RESPONDER)
    page = windows.sign_in(org)
    found: list[str] = []
    for part in PARTS:
        opened(page, org, part)
        if part == "/invitations":
            page.get_by_label("Email").fill("eve@example.com")
            page.get_by_role("button", name="Make the link").click()
            expect(page.locator(".secret")).to_be_visible()
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            found += axe_faults(page)
            for button in {"/members": ["Manage Bob", "Remove Bob"], "/teams": ["Manage On call"]}.get(
                part, []
            ):
                page.get_by_role("button", name=button).click()
                expect(page.get_by_role("dialog")).to_be_visible()
                found += axe_faults(page)
                page.keyboard.press("Escape")
    page.locator("#bar .organization").click()
    found += axe_faults(page)
    assert found == []


def test_nothing_is_wider_than_the_screen_and_no_target_is_too_small(windows: Windows, org: Org) -> None:
    org.join(NAME, Role.RESPONDER)
    page = windows.sign_in(org)
    for part in PARTS:
        opened(page, org, part)
        for width in (360, 768, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (part, width)
            small = page.locator(":is(button, select, input, nav a):visible").evaluate_all(
                "nodes => nodes.map(node => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])"
                ".filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"
            )
            assert small == []
            assert page.locator("form.inline:visible").evaluate_all(ASKEW) == [], (part, width)
            expect(page.locator(".parts [aria-current=page]")).to_be_in_viewport()
        if part == "/members":
            page.set_viewport_size({"width": 360, "height": 640})
            page.get_by_role("button", name="Manage Wolfe").click()
            dialog = page.get_by_role("dialog")
            box = dialog.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 360
            assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth")
            page.get_by_role("button", name="Give role").scroll_into_view_if_needed()
            expect(page.get_by_role("button", name="Give role")).to_be_in_viewport()
            page.keyboard.press("Escape")


def test_a_long_list_is_read_in_pages(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org, path="/settings/teams")
    page.evaluate(
        """async (path) => {
          const { csrf } = await (await fetch("/api/v1/me")).json();
          for (let at = 0; at < 105; at++) {
            const body = JSON.stringify({ name: `Team ${at}` });
            const headers = { "content-type": "application/json", "x-csrf-token": csrf };
            const answer = await fetch(path, { method: "POST", headers, body });
            if (answer.status !== 201) throw new Error(await answer.text());
          }
        }""",
        f"/api/v1/orgs/{org.slug}/teams",
    )
    page.reload()
    items = page.locator("main .items > li")
    expect(items).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(items).to_have_count(106)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    expect(items.last).to_contain_text("Team 104")
