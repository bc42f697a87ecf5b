"""The pages of the catalogue: from a new service to its first incident, test alerts, holds, and API keys."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from browsing import Org, Windows, row, section
from playwright.sync_api import BrowserContext, Page, expect

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


def run(org: Org, command: str, folder: Path) -> Any:
    """Run a command in a shell, as it is shown; curl finds the hub by the name that it has in these tests."""
    (folder / ".curlrc").write_text(f'resolve = "hub.test:{org.hub.port}:127.0.0.1"\nmax-time = 20\n')
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        env={"PATH": os.environ["PATH"], "CURL_HOME": str(folder)},
        capture_output=True,
        timeout=30,
        check=True,
    )
    return json.loads(done.stdout)


def make_integration(page: Page, name: str, service: str = "") -> None:
    """On the page of the integrations: make one, and see its key."""
    new = section(page, "New integration")
    new.get_by_label("Name").fill(name)
    if service:
        new.get_by_label("Service").select_option(label=service)
    new.get_by_role("button", name="Make the integration").click()
    expect(page.get_by_label(f"Key of {name}").get_by_role("textbox")).to_be_focused()


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def may_copy(context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])


def test_a_new_service_gets_an_integration_whose_snippet_opens_an_incident_as_it_is_shown(
    windows: Windows, org: Org, tmp_path: Path
) -> None:
    page = windows.sign_in(org, path="/settings/services")
    may_copy(page.context)
    new = section(page, "New service")
    new.get_by_label("Name").fill("Checkout")
    new.get_by_label("Tier").select_option("1")
    new.get_by_label("Owner").select_option(label="On call")
    new.get_by_role("button", name="Make the service").click()
    expect(row(page, "Checkout")).to_contain_text("Owned by On call")
    expect(row(page, "Checkout")).to_contain_text("OK")
    new.get_by_label("Name").fill("Checkout")
    new.get_by_role("button", name="Make the service").click()
    expect(new.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    expect(new.locator(".field .fault:visible")).not_to_be_empty()
    page.get_by_role("link", name="Checkout").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Checkout")
    page.get_by_role("link", name="New integration").click()

    expect(section(page, "New integration").get_by_label("Service")).to_have_value(re.compile("^svc_"))
    make_integration(page, "Prometheus")
    key = page.get_by_label("Key of Prometheus").get_by_role("textbox").input_value()
    page.get_by_label("Key of Prometheus").get_by_role("button", name="Copy").click()
    assert clipboard(page) == key
    panel = page.get_by_role("tabpanel")
    address = panel.get_by_role("group", name="Address for curl").inner_text()
    assert address == f"http://hub.test:{org.hub.port}/api/v1/ingest/events"
    panel.get_by_role("button", name="Copy").first.click()
    assert clipboard(page) == address
    panel.get_by_role("button", name="Copy").last.click()
    snippet = clipboard(page)
    assert key in snippet
    assert run(org, snippet, tmp_path)["status"] == "accepted"
    page.get_by_role("tab", name="curl").press("ArrowRight")
    expect(page.get_by_role("tab", name="Alertmanager")).to_be_focused()
    expect(page.get_by_role("group", name="Snippet for Alertmanager")).to_contain_text(f"credentials: {key}")

    page.get_by_role("button", name="I have it: hide it").click()
    expect(page.locator("main")).not_to_contain_text(key)
    page.goto(org.url)
    expect(page.locator("tbody tr")).to_contain_text("A test")
    expect(page.locator("tbody tr")).to_contain_text("Checkout")
    page.goto(org.url + "/settings/integrations")
    page.get_by_role("link", name="Prometheus").click()
    expect(page.get_by_role("group", name="Snippet for curl")).to_contain_text("Bearer KEY")
    page.get_by_role("link", name="Checkout").click()
    expect(section(page, "Open incidents")).to_contain_text("#1 A test")
    expect(section(page, "Integrations")).to_contain_text("Prometheus")


def test_a_test_alert_is_followed_to_its_incident_and_a_refused_one_says_why(
    windows: Windows, org: Org
) -> None:
    page = windows.sign_in(org)
    page.get_by_role("link", name="Send a test alert from here").click()
    send = page.get_by_role("button", name="Send a test alert through First integration")
    send.click()
    expect(page.get_by_text("Opened an incident: nothing is open for this group.")).to_be_visible()
    page.get_by_role("link", name="its receipt").click()
    expect(page.locator("dl")).to_contain_text("Processed")
    expect(row(page, "1. Opened an incident")).to_contain_text("nothing is open for this group")
    page.get_by_role("link", name="Open the incident").click()
    expect(page.locator("h1")).to_have_text("Test alert from Ada")
    page.go_back()
    page.get_by_role("link", name="First integration").click()

    came = page.get_by_role("list", name="What came in")
    expect(came.locator("li")).to_have_count(1)
    org.alert("Disk full")
    expect(came.locator("li")).to_have_count(2)
    expect(came.locator("li").first).to_contain_text("Opened an incident")
    expect(came.locator("li").first).to_contain_text("Processed")
    came.get_by_role("link").last.click()
    expect(row(page, "1. Opened an incident")).to_contain_text("key test:rcp_")
    page.go_back()

    page.get_by_role("button", name="Disable the integration").click()
    question = page.get_by_role("dialog", name="Disable First integration?")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    question.get_by_role("button", name="Disable").click()
    expect(page.locator(".summary")).to_contain_text("Disabled")
    send.click()
    said = page.get_by_text("This integration is disabled: enable it before you test it.")
    expect(said).to_contain_text(re.compile(r"\(request [\w-]{8,}\)"))
    page.get_by_role("button", name="Enable").click()
    expect(page.locator(".summary")).to_contain_text("Enabled")
    page.get_by_role("button", name="Rotate the key").click()
    dialog = page.get_by_role("dialog", name="Rotate the key of First integration?")
    dialog.get_by_role("button", name="Rotate").click()
    key = page.get_by_label("New key of First integration").get_by_role("textbox").input_value()
    expect(page.get_by_role("list", name="Keys that work").locator("li")).to_have_count(2)
    org.post("/api/v1/ingest/events", key, {"title": "With the new key"})
    org.alert("With the key before")
    page.get_by_label("Name").fill("Grafana")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grafana")


def test_on_hold_what_comes_waits_until_it_is_let_go(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org, path=f"/settings/integrations/{org.founded.integration_id}")
    part = section(page, "If the key leaked")
    part.get_by_role("button", name="Put on hold").click()
    dialog = page.get_by_role("dialog", name="Hear known addresses only?")
    dialog.get_by_label("Addresses and networks").fill("203.0.113.0/24\nnowhere")
    dialog.get_by_role("button", name="Put on hold").click()
    expect(dialog.get_by_label("Addresses and networks")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Addresses and networks").fill("203.0.113.0/24\n198.51.100.7")
    dialog.get_by_role("button", name="Put on hold").click()
    expect(part).to_contain_text("heard: 203.0.113.0/24, 198.51.100.7")
    expect(page.locator(".summary")).to_contain_text("On hold")
    page.get_by_role("button", name="Send a test alert").click()
    expect(page.locator(".said")).to_contain_text("while the integration is on hold")
    part.get_by_role("button", name="Who has used it").click()
    uses = page.get_by_role("list", name="Uses by address")
    expect(uses.locator("li")).to_contain_text("127.0.0.1")
    expect(uses.locator("li")).to_contain_text("1 wait")
    part.get_by_role("button", name="Release").click()
    dialog = page.get_by_role("dialog", name="Hear every address again?")
    dialog.get_by_label("What waited").select_option("process")
    dialog.get_by_role("button", name="Release").click()
    expect(page.locator(".summary")).to_contain_text("Enabled")
    page.get_by_role("link", name="its receipt").click()
    expect(row(page, "1. Opened an incident")).to_be_visible()


def test_what_a_leaked_key_has_done_is_counted_and_taken_back(windows: Windows, org: Org) -> None:
    org.alert("Disk full")
    org.alert("Send money", action="note", dedup_key="Disk full")
    war_room = windows.sign_in(org, path="/incidents/1")
    note = war_room.locator("article.note")
    expect(note).to_contain_text("Send money")
    page = windows.sign_in(org, path=f"/settings/integrations/{org.founded.integration_id}")
    part = section(page, "If the key leaked")
    part.get_by_role("button", name="Take back what it did").click()
    dialog = page.get_by_role("dialog", name="Take back what it did?")
    dialog.get_by_label("Since").fill("2026-01-01T00:00")
    dialog.get_by_label("Only from these addresses").fill("nowhere")
    dialog.get_by_role("button", name="Count it first").click()
    expect(dialog.get_by_label("Only from these addresses")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Only from these addresses").fill("127.0.0.0/8")
    dialog.get_by_role("button", name="Count it first").click()
    dialog = page.get_by_role("dialog", name="Take back 2 requests?")
    expect(dialog).to_contain_text("alerts fired: 1, incidents opened: 1, notes: 1")
    dialog.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("What it did is taken back.")).to_be_visible()
    expect(note).to_contain_text("(corrected)")
    expect(note.locator(".prose")).to_have_css("text-decoration-line", "line-through")
    expect(war_room.locator("article").last).to_contain_text("should not have been opened, and is closed")
    war_room.reload()
    expect(note).to_contain_text("(corrected)")


def test_a_key_works_in_the_command_that_is_shown_until_it_is_deleted(
    windows: Windows, org: Org, tmp_path: Path
) -> None:
    org.alert("Disk full")
    page = windows.sign_in(org, path="/settings/keys")
    expect(row(page, "First key")).to_contain_text("admin")
    new = section(page, "New key")
    expect(new.get_by_label("Role")).to_have_value("responder")
    new.get_by_label("Name").fill("Deploy bot")
    new.get_by_label("Role").select_option("observer")
    new.get_by_label("Works").select_option(label="30 days")
    new.get_by_text("Narrow it").click()
    expect(new.get_by_role("checkbox", name="incident:note")).to_be_hidden()
    new.get_by_role("checkbox", name="incident:read").check()
    new.get_by_role("checkbox", name="First service").check()
    new.get_by_role("button", name="Make the key").click()
    secret = page.get_by_label("Secret of Deploy bot").get_by_role("textbox")
    expect(secret).to_be_focused()
    expect(row(page, "Deploy bot").locator(".chips li")).to_have_text(
        ["observer", "incident:read", "in First service"]
    )
    expect(row(page, "Deploy bot")).to_contain_text("ends in 29d")
    command = page.get_by_role("group", name="Command that uses Deploy bot").inner_text()
    assert secret.input_value() in command
    assert [each["title"] for each in run(org, command, tmp_path)["data"]] == ["Disk full"]

    page.get_by_role("button", name="Rotate the key Deploy bot").click()
    dialog = page.get_by_role("dialog", name="Rotate the key of Deploy bot?")
    dialog.get_by_label("The present key works on for").select_option("0")
    dialog.get_by_role("button", name="Rotate").click()
    expect(page.get_by_role("group", name="Command that uses Deploy bot")).not_to_have_text(command)
    assert run(org, command, tmp_path)["status"] == 401
    command = page.get_by_role("group", name="Command that uses Deploy bot").inner_text()
    assert len(run(org, command, tmp_path)["data"]) == 1
    page.get_by_role("button", name="Delete the key Deploy bot").click()
    page.get_by_role("dialog", name="Delete the key Deploy bot?").get_by_role("button", name="Delete").click()
    expect(row(page, "Deploy bot")).to_have_count(0)
    expect(page.locator(".secret")).to_have_count(0)
    assert run(org, command, tmp_path)["status"] == 401


def test_an_integration_is_made_and_tested_by_keyboard_alone(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org)
    press, write = page.keyboard.press, page.keyboard.type
    press("g")
    press("s")
    page.wait_for_url("**/settings/services")
    expect(page.locator("main .items > li")).to_have_count(1)
    press("Control+k")
    write("integrations")
    press("Enter")
    page.wait_for_url("**/settings/integrations")
    expect(page.locator("main .items > li")).to_have_count(1)
    name = section(page, "New integration").get_by_label("Name")
    while name.evaluate("node => node !== document.activeElement"):
        press("Tab")
    write("By hand")
    press("Enter")
    expect(page.get_by_label("Key of By hand").get_by_role("textbox")).to_be_focused()
    send = page.get_by_role("button", name="Send a test alert through By hand")
    while send.evaluate("node => node !== document.activeElement"):
        press("Tab")
    press("Enter")
    expect(page.get_by_text("Opened an incident")).to_be_visible()
    press("Tab")
    press("Enter")
    page.wait_for_url("**/incidents/**")
    expect(page.locator("h1")).to_have_text("Test alert from Ada")
