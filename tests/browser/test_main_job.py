"""The main job in a browser: an alert comes in and is worked on, live, by people who see each other."""

from __future__ import annotations

import re

import pytest
from browsing import Org, Windows, enter
from playwright.sync_api import Page, expect

from hub.contract.words import Role

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


def rows(page: Page) -> list[str]:
    """The board as text, without what the clock moves."""
    texts = page.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].filter(cell => !cell.matches('.col-age'))"
        ".map(cell => cell.innerText.trim()).join(' | '))"
    )
    return [str(text) for text in texts]


def test_a_wrong_password_is_told_calmly_and_the_right_one_leads_to_the_page_that_was_asked_for(
    windows: Windows, org: Org
) -> None:
    page = windows.browser().new_page()
    page.goto(org.url + "?show=all")
    enter(page, org.founded.email, "not this one")
    expect(page.locator("#fault")).not_to_be_empty()
    expect(page.get_by_label("Password")).to_be_focused()
    enter(page, org.founded.email)
    page.wait_for_url(org.url + "?show=all")
    expect(page.get_by_text("No incidents yet.")).to_be_visible()
    expect(page.locator("pre")).to_contain_text(f"curl {org.hub.url}/api/v1/ingest/events")
    expect(page.get_by_text("Nobody is paged.")).to_be_visible()


def test_an_alert_arrives_without_a_reload_and_is_worked_on_to_its_end(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org)
    page.evaluate("window.neverReloaded = true")
    org.alert("Disk full on db-1", source="db-1", labels={"region": "eu"})
    row = page.locator("tbody tr")
    expect(row).to_contain_text("Disk full on db-1")
    expect(row).to_contain_text("First service")
    expect(row.locator(".col-alerts")).to_have_text("1/1")
    expect(page).to_have_title(re.compile(r"^\(1\) Incidents"))
    assert page.evaluate("window.neverReloaded") is True

    row.get_by_role("link").click()
    expect(page.locator(".line")).to_have_count(2)
    verbs = page.get_by_role("group", name="What can be done")
    verbs.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.locator("dl.facts")).to_contain_text("Ada")
    expect(verbs.get_by_role("button", name="Acknowledge", exact=True)).to_be_hidden()
    page.get_by_role("textbox").fill("Cleaning <b>old</b> logs, see https://example.com/run")
    page.get_by_role("button", name="Send").click()
    note = page.locator("[data-kind='incident.noted']")
    expect(note).to_contain_text("Cleaning <b>old</b> logs")
    expect(note.get_by_role("link", name="https://example.com/run")).to_be_visible()
    expect(page.get_by_role("textbox")).to_be_empty()
    page.get_by_role("textbox").fill("/sev 1")
    page.get_by_role("textbox").press("Control+Enter")
    expect(page.get_by_label("Severity")).to_have_value("SEV1")
    verbs.get_by_role("button", name="Resolve 1 alert firing").click()
    expect(page.locator("dl.facts")).to_contain_text("Resolved")
    expect(page.locator("dl.facts")).to_contain_text("Lasted")
    clock = page.locator(".clock").inner_text()
    verbs.get_by_role("button", name="Reopen").click()
    expect(page.locator("dl.facts")).to_contain_text("Triggered")
    expect(page.locator(".clock")).not_to_have_text(clock)
    kinds = page.locator(".line").evaluate_all("lines => lines.map(line => line.dataset.kind)")
    assert kinds == [
        "incident.opened", "alert.fired", "incident.acknowledged", "incident.noted", "incident.severity_set",
        "incident.resolved", "alert.cleared", "incident.reopened",
    ]  # fmt: skip


def test_two_people_see_each_other_work(windows: Windows, org: Org) -> None:
    bob = org.join("Bob", Role.RESPONDER)
    org.alert("Queue grows")
    ada_page = windows.sign_in(org, path="/incidents/1")
    bob_page = windows.sign_in(org, bob)
    expect(bob_page.locator("tbody tr")).to_have_count(1)
    ada_page.get_by_role("button", name="Acknowledge").click()
    expect(bob_page.locator("tbody tr")).to_contain_text("Acknowledged")
    expect(bob_page.locator("tbody tr")).to_contain_text("Ada")
    bob_page.get_by_role("button", name="Resolve incident 1").click()
    expect(ada_page.locator("dl.facts")).to_contain_text("Resolved")
    expect(ada_page.locator("[data-kind='incident.resolved']")).to_contain_text("Bob resolved")
    expect(ada_page.locator("#spoken")).to_contain_text("Bob resolved")


def test_who_may_only_look_is_offered_nothing_to_do(windows: Windows, org: Org) -> None:
    olive = org.join("Olive", Role.OBSERVER)
    org.alert("Queue grows")
    page = windows.sign_in(org, olive)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr button:visible")).to_have_count(0)
    page.locator("tbody tr a").click()
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator("main").get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("combobox")).to_have_count(0)
    expect(page.get_by_role("textbox")).to_have_count(0)


def test_nobody_sees_another_organization(windows: Windows, org: Org) -> None:
    globex = Org.found(org.hub)
    globex.alert("A secret of Globex")
    org.alert("Of Acme")
    page = windows.sign_in(org)
    expect(page.locator("tbody tr")).to_have_count(1)
    globex.perform(1, "acknowledge")
    org.alert("Of Acme too")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("main")).not_to_contain_text("Globex")
    page.goto(globex.url)
    expect(page.get_by_text(f"There is no organization “{globex.slug}” that you may see.")).to_be_visible()
    expect(page.locator(".pill")).to_have_text("Ended")
    page.get_by_role("link", name=org.slug.title()).click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_the_board_after_many_events_is_the_board_of_a_fresh_page(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org, path="?show=all")
    for name in ("one", "two", "three"):
        org.alert(name)
        org.alert(f"{name} again", dedup_key=name)  # the same alert: no event
    expect(page.locator("tbody tr")).to_have_count(3)
    org.perform(1, "acknowledge")
    org.perform(2, "severity", severity="SEV1")
    org.perform(2, "mitigate")
    org.perform(3, "resolve")
    org.perform(1, "note", text="looking")
    org.perform(3, "reopen")
    org.perform(1, "close")
    expect(page.locator("tbody tr", has_text="#1")).to_contain_text("Closed")
    live = rows(page)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(3)
    assert rows(page) == live
    assert [line.split(" | ")[1:3] for line in live] == [
        ["SEV2", "Triggered"], ["SEV1", "Mitigated"], ["SEV2", "Closed"],
    ]  # fmt: skip


def test_the_filter_is_in_the_address_and_several_incidents_are_resolved_at_once(
    windows: Windows, org: Org
) -> None:
    page = windows.sign_in(org)
    for name in ("disk a", "disk b", "queue c"):
        org.alert(name)
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("searchbox").fill("disk severity:<=2")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert "q=disk" in page.url
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(2)
    for box in page.get_by_role("checkbox").all():
        box.check()
    bar = page.get_by_role("region", name="Selected incidents")
    bar.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("2 resolved.").first).to_be_attached()
    expect(bar).to_be_hidden()
    page.get_by_role("searchbox").fill("")
    expect(page.locator("tbody tr:not(.over)")).to_have_count(1)
