"""The pages of the catalogue as they look: axe in both themes, every width, with forms and dialogs open."""

from __future__ import annotations

from typing import Literal

import pytest
from browsing import Org, Windows, axe_faults
from playwright.sync_api import Page, expect

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser
NAME = "Wolfeschlegelsteinhausenbergerdorff " * 3 + "x" * 80
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (360, 768, 1440)


@pytest.fixture
def catalogue(org: Org) -> Org:
    """Things with names that fill any place, and one of each that is in use."""
    for name in (NAME, "Checkout"):
        made = org.post(f"/api/v1/orgs/{org.slug}/services", org.founded.api_key, {"name": name})
    body = {"name": NAME, "service": made["id"]}
    org.post(f"/api/v1/orgs/{org.slug}/integrations", org.founded.api_key, body)
    bot = {"name": "x" * 63, "filter": "severity:<=2 " + "kind:incident.noted " * 40}
    org.post(f"/api/v1/orgs/{org.slug}/consumers", org.founded.api_key, bot)
    beat = {"name": "x" * 100, "integration": org.founded.integration_id, "interval_seconds": 2_600_000}
    org.post(f"/api/v1/orgs/{org.slug}/heartbeats", org.founded.api_key, beat | {"fed_by": NAME})
    org.alert(NAME)
    return org


def looks(page: Page) -> list[str]:
    """What is wrong with a page as it stands."""
    found = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += axe_faults(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{page.url} is wider than {width}")
        small = page.locator(":is(button, select, input, textarea, summary, nav a):visible").evaluate_all(
            "nodes => nodes.map(node => [node.outerHTML.slice(0, 80), node.closest('label') ?? node])"
            ".map(([text, node]) => [text, node.getBoundingClientRect()])"
            ".filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"
        )
        found += [f"{page.url} has a small target: {text}" for text in small]
    return found


def opened(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")


def test_the_lists_and_what_is_shown_once_are_in_order(windows: Windows, catalogue: Org) -> None:
    page = windows.sign_in(catalogue, path="/settings/services")
    expect(page.locator("main .items > li")).to_have_count(3)
    found = looks(page)
    opened(page, f"{catalogue.url}/settings/integrations")
    page.get_by_label("Name", exact=True).fill("Prometheus")
    page.get_by_role("button", name="Make the integration").click()
    expect(page.locator(".secret")).to_be_visible()
    page.get_by_role("button", name="Send a test alert").click()
    expect(page.get_by_text("Opened an incident")).to_be_visible()
    found += looks(page)
    page.get_by_role("link", name="its receipt").click()
    expect(page.locator("main .decisions > li")).to_have_count(1)
    found += looks(page)
    opened(page, f"{catalogue.url}/settings/keys")
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_text("Narrow it").click()
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator(".secret")).to_be_visible()
    found += looks(page)
    opened(page, f"{catalogue.url}/settings/heartbeats")
    page.get_by_text("How to ping it").click()
    expect(page.get_by_role("group", name="Command that pings")).to_be_visible()
    found += looks(page)
    page.get_by_role("button", name="Change the heartbeat").click()
    found += looks(page)
    opened(page, f"{catalogue.url}/settings/consumers")
    expect(page.locator("main .items > li")).to_have_count(1)
    found += looks(page)
    assert found == []


def test_one_service_and_one_integration_with_their_dialogs_are_in_order(
    windows: Windows, catalogue: Org
) -> None:
    page = windows.sign_in(catalogue, path="/settings/services")
    page.get_by_role("link", name="First service").click()
    expect(page.locator("main .items > li")).to_have_count(2)
    found = looks(page)
    opened(page, f"{catalogue.url}/settings/integrations/{catalogue.founded.integration_id}")
    page.get_by_role("button", name="Who has used it").click()
    expect(page.get_by_role("list", name="Uses by address")).to_be_visible()
    found += looks(page)
    for button in ("Rotate the key", "Put on hold"):
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        found += looks(page)
        page.keyboard.press("Escape")
    assert found == []
