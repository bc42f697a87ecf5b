"""The page of the heartbeats: one is made, pinged, late, changed, disabled and deleted. What an undo leaves
is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from browsing import Org, Windows, ask, in_a_loop_of_its_own, row, section
from msgspec.structs import replace
from playwright.sync_api import expect

from hub.config import read
from hub.contract.ids import parse
from hub.contract.words import Role
from hub.services.expecting import TIMER
from hub.services.ports import Ports
from hub.storage import heartbeats, timers

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


def made(org: Org, name: str = "nightly", **fields: object) -> str:
    """A heartbeat that somebody has made elsewhere; its id."""
    asked = {
        "name": name,
        "integration": org.founded.integration_id,
        "interval_seconds": 10,
        "grace_seconds": 0,
    }
    return str(org.post(f"/api/v1/orgs/{org.slug}/heartbeats", org.founded.api_key, asked | fields)["id"])


def ping(org: Org, name: str = "nightly") -> None:
    """The end of the job."""
    org.post(f"/api/v1/ingest/heartbeats/{name}", org.founded.integration_key, {})


def silent(org: Org, heartbeat: str) -> None:
    """Let its last ping be an hour ago."""

    async def work(ports: Ports) -> None:
        id = parse("heartbeat", heartbeat)
        assert id
        async with ports.store.begin(org.tenant) as tx:
            found = await heartbeats.lock(tx, id)
            assert found
            before = ports.clock() - timedelta(hours=1)
            await heartbeats.mark(tx, replace(found.heartbeat, last_ping_at=before))
            await timers.set_due(tx, TIMER, id, before)

    in_a_loop_of_its_own(work, read(org.hub.environment))


def test_a_heartbeat_is_made_pinged_changed_disabled_and_deleted(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org, path=f"/settings/integrations/{org.founded.integration_id}")
    page.locator(".summary").get_by_role("link", name="Heartbeats").click()
    expect(page.get_by_text("There is no heartbeat: no silence tells anybody.")).to_be_visible()
    new = section(page, "New heartbeat")
    new.get_by_label("Name", exact=True).fill("a job")
    new.get_by_label("Expected every").fill("1d")
    new.get_by_label("Grace").fill("1h 30m")
    new.get_by_role("button", name="Make the heartbeat").click()
    expect(new.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    new.get_by_label("Name", exact=True).fill("nightly")
    new.get_by_role("button", name="Make the heartbeat").click()
    command = section(page, "Ping nightly").get_by_role("group", name="Command that pings nightly")
    expect(command).to_contain_text("/api/v1/ingest/heartbeats/nightly' -H 'Authorization: Bearer KEY'")
    page.get_by_role("button", name="I have it: hide it").click()
    beat = row(page, "nightly")
    expect(beat).to_contain_text("every 1d, with 1h 30m of grace")
    expect(beat).to_contain_text("nothing is expected before the first ping")
    expect(beat).to_contain_text("Waiting")
    ping(org)
    expect(beat).to_contain_text("In time", timeout=30_000)
    expect(beat).to_contain_text("last ping")
    beat.get_by_text("How to ping it").click()
    expect(beat.get_by_role("group", name="Command that pings nightly")).to_be_visible()

    page.get_by_role("button", name="Change the heartbeat nightly").click()
    dialog = page.get_by_role("dialog", name="Change the heartbeat nightly")
    expect(dialog.get_by_label("Grace")).to_have_value("1h 30m")
    dialog.get_by_label("Expected every").fill("5s")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("Expected every")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Expected every").fill("12h")
    dialog.get_by_label("Fed by alerts named").fill("Watchdog")
    dialog.get_by_role("button", name="Save").click()
    expect(beat).to_contain_text("every 12h, with 1h 30m of grace")
    expect(beat).to_contain_text("fed by Watchdog")

    page.get_by_role("button", name="Disable the heartbeat nightly").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(beat).to_contain_text("Disabled")
    page.get_by_role("button", name="Enable the heartbeat nightly").click()
    expect(beat).to_contain_text("In time")
    page.get_by_role("button", name="Delete the heartbeat nightly").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(beat).to_have_count(0)
    expect(page.get_by_text("There is no heartbeat: no silence tells anybody.")).to_be_visible()


def test_what_happens_elsewhere_is_seen_and_a_late_one_is_told(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org, path="/settings/heartbeats")
    heartbeat = made(org)
    beat = row(page, "nightly")
    expect(beat).to_contain_text("Waiting")
    ping(org)
    expect(beat).to_contain_text("In time", timeout=30_000)
    silent(org, heartbeat)
    expect(beat).to_contain_text("Late", timeout=30_000)
    expect(beat).to_contain_text("late since")
    ask(page, "PATCH", f"/api/v1/orgs/{org.slug}/heartbeats/{heartbeat}", {"interval_seconds": 60}, version=1)
    expect(beat).to_contain_text("every 1m")


def test_a_change_that_somebody_else_was_first_with_is_told(windows: Windows, org: Org) -> None:
    heartbeat = made(org)
    page = windows.sign_in(org, path="/settings/heartbeats")
    page.get_by_role("button", name="Change the heartbeat nightly").click()
    dialog = page.get_by_role("dialog", name="Change the heartbeat nightly")
    ask(page, "PATCH", f"/api/v1/orgs/{org.slug}/heartbeats/{heartbeat}", {"interval_seconds": 60}, version=1)
    dialog.get_by_label("Grace").fill("5m")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("every 1m, with 0s of grace")
    dialog.get_by_role("button", name="Save").click()
    expect(row(page, "nightly")).to_contain_text("every 10s, with 5m of grace")


def test_who_may_only_look_sees_no_button(windows: Windows, org: Org) -> None:
    made(org)
    page = windows.sign_in(org, org.join("Bob", Role.OBSERVER), "/settings/heartbeats")
    expect(row(page, "nightly")).to_contain_text("Waiting")
    expect(page.get_by_text("Only owners and admins make heartbeats.")).to_be_visible()
    expect(page.locator("main .items button:visible").filter(has_text="Change")).to_have_count(0)


def test_a_heartbeat_is_made_and_deleted_by_keyboard_alone(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org)
    press, write = page.keyboard.press, page.keyboard.type
    press("g")
    press("h")
    page.wait_for_url("**/settings/heartbeats")
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    name = section(page, "New heartbeat").get_by_label("Name", exact=True)
    while name.evaluate("node => node !== document.activeElement"):
        press("Tab")
    write("nightly")
    press("Tab")
    press("Tab")
    write("1d")
    press("Enter")
    delete = page.get_by_role("button", name="Delete the heartbeat nightly")
    expect(delete).to_be_visible()
    while delete.evaluate("node => node !== document.activeElement"):
        press("Tab")
    press("Enter")
    press("Tab")
    press("Enter")
    expect(row(page, "nightly")).to_have_count(0)


def test_what_an_undo_leaves_is_named(windows: Windows, org: Org) -> None:
    asked = {"name": "nightly", "interval": 1, "intervalUnit": "days", "enabled": True}
    org.post("/v2/heartbeats", org.founded.integration_key, asked)
    org.alert("Disk full")
    page = windows.sign_in(org, path="/settings/heartbeats")
    page.get_by_role("button", name="Change the heartbeat nightly").click()
    dialog = page.get_by_role("dialog", name="Change the heartbeat nightly")
    dialog.get_by_label("Grace").fill("5m")
    dialog.get_by_role("button", name="Save").click()
    expect(row(page, "nightly")).to_contain_text("with 5m of grace")
    page.goto(f"{org.url}/settings/integrations/{org.founded.integration_id}")
    page.get_by_role("button", name="Take back what it did").click()
    dialog = page.get_by_role("dialog", name="Take back what it did?")
    dialog.get_by_label("Since").fill("2026-01-01T00:00")
    dialog.get_by_role("button", name="Count it first").click()
    dialog = page.get_by_role("dialog", name="Take back 2 requests?")
    expect(dialog).to_contain_text("heartbeats made: 1")
    expect(dialog.get_by_role("list", name="What is left")).to_contain_text("it was changed since")
    dialog.get_by_role("button", name="Take it back").click()
    rest = page.get_by_role("dialog", name="What was left")
    expect(rest.get_by_role("listitem")).to_contain_text("nightly (heartbeat created)")
    expect(rest.get_by_role("listitem")).to_contain_text("it was changed since")
