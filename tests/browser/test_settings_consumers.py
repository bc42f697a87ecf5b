"""The page of the durable consumers: who is how far behind, and the end of one."""

from __future__ import annotations

import pytest
from browsing import Org, Windows, row
from playwright.sync_api import expect

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


def test_a_consumer_shows_what_waits_for_it_until_it_is_deleted(windows: Windows, org: Org) -> None:
    path, key = f"/api/v1/orgs/{org.slug}/consumers", org.founded.api_key
    org.post(path, key, {"name": "pager", "filter": "severity:<=2 kind:incident.*"})
    page = windows.sign_in(org, path="/settings/consumers")
    pager = row(page, "pager")
    expect(pager).to_contain_text("has everything")
    expect(pager).to_contain_text("of First key · acknowledged never")
    expect(pager).to_contain_text("Away")
    expect(pager.locator(".chips li")).to_have_text(["severity:<=2", "kind:incident.*"])
    org.alert("Disk full")
    expect(pager).to_contain_text("1 event waits, the first from", timeout=15_000)
    page.get_by_role("button", name="Delete the consumer pager").click()
    dialog = page.get_by_role("dialog", name="Delete the consumer pager?")
    dialog.get_by_role("button", name="Delete").click()
    expect(pager).to_have_count(0)
    expect(page.get_by_text("There is no consumer.")).to_be_visible()
