"""The page of the API: searched, read, copied, and tried with the session."""

from __future__ import annotations

from typing import Literal

import pytest
from browsing import Hub, Org, Windows, axe_faults, enter
from playwright.sync_api import Page, expect

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def opened(page: Page, operation: str) -> None:
    """Open one operation."""
    page.locator(f"#{operation} > summary").click()
    expect(page.locator(f"#{operation} .detail")).to_be_visible()


def test_a_visitor_finds_an_operation_and_its_command(windows: Windows, hub: Hub) -> None:
    page = windows.browser().new_page()
    page.goto(hub.url + "/docs")
    page.get_by_role("searchbox").fill("incidents acknowledge post")
    expect(page.locator(".operation:visible")).to_have_count(2)
    expect(page.get_by_text("2 of ")).to_be_visible()
    page.get_by_role("searchbox").fill("note")
    note = "post_orgs_org_incidents_incident_note"
    opened(page, note)
    detail = page.locator(f"#{note} .detail")
    expect(detail).to_contain_text("Needs a browser's session or an API key that may incident:note.")
    detail.get_by_label("incident", exact=True).fill("7")
    command = detail.get_by_role("group", name="Command")
    expect(command).to_contain_text(f"curl -X POST '{hub.url}/api/v1/orgs/{{org}}/incidents/7/note'")
    detail.get_by_role("button", name="Send").click()
    expect(detail.locator(".outcome strong")).to_have_text("401 Unauthorized")


def test_somebody_tries_what_they_read(windows: Windows, org: Org) -> None:
    org.alert("Disk full")
    page = windows.browser().new_page()
    page.goto(org.hub.url + "/docs#get_orgs_org_incidents")
    page.get_by_role("link", name="Sign in").click()
    enter(page, org.founded.email)
    page.wait_for_url("**/docs#get_orgs_org_incidents")
    listing = page.locator("#get_orgs_org_incidents")
    expect(listing.get_by_label("org", exact=True)).to_have_value(org.slug)
    listing.get_by_role("button", name="Send").click()
    expect(listing.get_by_role("group", name="Answer")).to_contain_text('"title": "Disk full"')
    note = page.locator("#post_orgs_org_incidents_incident_note")
    note.locator("summary").click()
    note.get_by_label("incident", exact=True).fill("1")
    note.get_by_label("Body, as JSON").fill('{"text": "<b>from the docs</b>"}')
    note.get_by_role("button", name="Send").click()
    expect(note.locator(".outcome strong")).to_have_text("200 OK")
    expect(note.get_by_role("group", name="Answer")).to_contain_text("<b>from the docs</b>")
    note.get_by_label("Body, as JSON").fill('{"words": 1}')
    note.get_by_role("button", name="Send").click()
    expect(note.locator(".outcome strong")).to_have_text("400 Bad Request")
    expect(note.get_by_role("group", name="Answer")).to_contain_text('"pointer": "/words"')


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_page(windows: Windows, hub: Hub, width: int) -> None:
    page = windows.browser(viewport={"width": width, "height": 800}).new_page()
    page.goto(hub.url + "/docs")
    expect(page.get_by_role("searchbox")).to_be_visible()
    for operation in ("get_orgs_org_incidents", "post_session", "post_v2_enqueue"):
        opened(page, operation)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 1280])
def test_what_problems_and_roles_mean_is_read_on_any_screen(windows: Windows, hub: Hub, width: int) -> None:
    page = windows.browser(viewport={"width": width, "height": 800}).new_page()
    found: list[str] = []
    for path in ("/docs/problems#stale", "/docs/roles"):
        page.goto(hub.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            found += axe_faults(page)
    assert found == []
    page.get_by_role("link", name="Problems").click()
    expect(page.get_by_role("heading", name="Problems")).to_be_visible()


def test_a_browser_that_comes_by_another_name_reads_what_to_do(windows: Windows, hub: Hub) -> None:
    page = windows.browser().new_page()
    answer = page.goto(f"http://hub.localhost:{hub.port}/sign-in")  # which Chromium takes for this machine
    assert answer
    assert answer.status == 421
    expect(page.get_by_text("HUB_PUBLIC_URL", exact=False).first).to_be_visible()
    expect(page.get_by_text(f"ssh -L {hub.port}:127.0.0.1:{hub.port} MACHINE")).to_be_visible()
