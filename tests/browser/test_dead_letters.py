"""Where an alert went, on a page: found by its ids; a dead letter is mended, replayed or discarded."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from browsing import Org, Windows, axe_faults, section
from playwright.sync_api import expect

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


def send(org: Org, body: bytes, request_id: str) -> None:
    """Send what cannot be read; the answer is a 400, and it is kept."""
    request = urllib.request.Request(  # noqa: S310 (loopback)
        f"{org.hub.url}/api/v1/ingest/events",
        body,
        {
            "Authorization": f"Bearer {org.founded.integration_key}",
            "Content-Type": "application/json",
            "X-Request-ID": request_id,
        },
    )
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request, timeout=20)  # noqa: S310 (loopback)


def test_a_dead_letter_is_found_mended_and_leads_to_its_incident(windows: Windows, org: Org) -> None:
    send(org, b'{"title": "Checkout is down", "severity": "critical"', "deploy-7")
    send(org, b"a probe", "probe-1")
    page = windows.sign_in(org, path="/settings/receipts")
    dead = section(page, "Dead letters")
    expect(dead.locator(".items > li")).to_have_count(2)
    expect(dead.get_by_role("button", name="Replay all of")).to_be_visible()
    assert axe_faults(page) == []
    if folder := os.environ.get("LOOKS"):
        page.screenshot(path=Path(folder) / "receipts.png", full_page=True)

    page.get_by_label("Receipt, request or correlation id").fill("nobody-sent-this")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("Nothing came under this id.")).to_be_visible()
    page.get_by_label("Receipt, request or correlation id").fill("deploy-7")
    page.get_by_role("button", name="Find").click()
    page.get_by_label("Found").get_by_role("link").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")
    page.get_by_role("button", name="Mend and replay").click()
    body = page.get_by_label("Body, generic")
    expect(body).to_have_value('{"title": "Checkout is down", "severity": "critical"')
    body.press("End")
    body.press("Control+End")
    body.type("}")
    page.get_by_role("dialog").get_by_role("button", name="Replay").click()
    expect(section(page, "What became of it")).to_contain_text("Opened an incident")
    events = section(page, "Timeline events")
    expect(events.locator("li")).to_have_count(2)
    expect(events).to_contain_text("incident.opened")
    assert axe_faults(page) == []
    if folder:
        page.screenshot(path=Path(folder) / "receipt.png", full_page=True)
    page.get_by_role("link", name="Open the incident").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Checkout is down")

    page.goto(f"{org.url}/settings/receipts")
    dead.get_by_role("link").click()
    page.get_by_role("button", name="Discard").click()
    page.get_by_label("Reason").fill("our own probe")
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_text("our own probe")).to_be_visible()
    expect(page.get_by_role("button", name="Discard")).to_be_hidden()
    page.goto(f"{org.url}/settings/receipts")
    expect(dead.get_by_text("None.")).to_be_visible()
