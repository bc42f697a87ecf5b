"""The connection in a browser: lost and resumed with nothing missed, ended with the session, and said so."""

from __future__ import annotations

import re

import pytest
from browsing import Org, Windows, enter
from playwright.sync_api import BrowserContext, Page, Route, WebSocketRoute, expect

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


class Cable:
    """What lies between a browser and the hub's streams; it can be cut and mended. HTTP goes beside it."""

    def __init__(self, context: BrowserContext) -> None:
        self.is_cut = False
        self._open: list[WebSocketRoute] = []
        self._heard: list[str] = []
        context.route_web_socket(re.compile(r"/stream"), self._dialled)

    def _dialled(self, route: WebSocketRoute) -> None:
        if self.is_cut:
            route.close(code=1001)
            return
        self._open.append(route)
        route.connect_to_server()

    def cut(self) -> None:
        """End every stream, and refuse new ones."""
        self.is_cut = True
        for route in self._open:
            route.close(code=1001)
        self._open.clear()

    def mend(self) -> None:
        """Let streams through again."""
        self.is_cut = False


def lines(page: Page) -> list[str]:
    """The ids of the events on the timeline, in the order in which they are shown."""
    ids = page.locator(".line").evaluate_all("lines => lines.map(line => line.id)")
    return [str(id) for id in ids]


def test_a_lost_connection_is_told_and_resumed_with_nothing_missed(windows: Windows, org: Org) -> None:
    org.alert("Queue grows")
    context = windows.browser()
    cable = Cable(context)
    page = context.new_page()
    page.goto(org.url + "/incidents/1")
    enter(page, org.founded.email)
    expect(page.locator(".line")).to_have_count(2)
    cable.cut()
    expect(page.locator(".pill")).to_have_text("Reconnecting")
    banner = page.get_by_role("region", name="Connection")
    expect(banner).to_be_hidden()
    for number in range(3):
        org.perform(1, "note", text=f"while you were away, {number}")
    expect(banner).to_be_visible()
    expect(banner).to_contain_text(re.compile(r"What you see is \d+s old and cannot be changed"))
    expect(banner).to_contain_text(re.compile(r"Next try in \d+ s|Trying now"))
    expect(page.get_by_role("button", name="Acknowledge")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Acknowledge").click(force=True)
    expect(page.get_by_text("Not live: wait for the connection").first).to_be_visible()
    expect(page.locator(".line")).to_have_count(2)

    cable.mend()
    banner.get_by_role("button", name="Try now").click()
    expect(page.locator(".line")).to_have_count(5)
    expect(banner).to_be_hidden()
    expect(page.get_by_text("3 events caught up.").first).to_be_visible()
    live = lines(page)
    page.reload()
    expect(page.locator(".line")).to_have_count(5)
    assert lines(page) == live


def test_a_web_process_that_is_killed_is_followed_again(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org)
    org.alert("before")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.evaluate("window.neverReloaded = true")
    org.hub.kill("web")
    expect(page.locator(".pill")).not_to_have_text("Live")
    org.hub.start("web")
    org.hub.wait_until_ready()
    org.alert("after")
    org.perform(1, "resolve")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr", has_text="before")).to_contain_text("Resolved")
    expect(page.locator(".pill")).to_have_text("Live")
    assert page.evaluate("window.neverReloaded") is True


def test_who_was_first_is_told_when_two_change_the_severity(windows: Windows, org: Org) -> None:
    org.alert("Queue grows")
    context = windows.browser()
    cable = Cable(context)
    page = context.new_page()
    page.goto(org.url + "/incidents/1")
    enter(page, org.founded.email)
    expect(page.get_by_label("Severity")).to_have_value("SEV2")
    cable.cut()
    expect(page.locator(".pill")).to_have_text("Reconnecting")
    org.perform(1, "severity", severity="SEV4")
    page.get_by_label("Severity").select_option("SEV1")
    notice = page.get_by_text("First key severity set at").first
    expect(notice).to_contain_text("before you. Nothing was changed")
    expect(page.get_by_label("Severity")).to_have_value("SEV4")
    cable.mend()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("dl.facts")).to_contain_text("Ada")


def test_a_note_whose_answer_is_lost_comes_back_and_is_written_once(windows: Windows, org: Org) -> None:
    org.alert("Queue grows")
    page = windows.sign_in(org, path="/incidents/1")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/note", lose_the_answer)
    page.get_by_role("textbox").fill("restarting")
    page.get_by_role("textbox").press("Control+Enter")
    expect(page.get_by_text("the change may not have been made").first).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_value("restarting")
    page.unroute("**/note")
    page.get_by_role("textbox").press("Control+Enter")
    expect(page.get_by_role("textbox")).to_be_empty()
    page.get_by_role("textbox").fill("and done")
    page.get_by_role("button", name="Send").click()
    notes = page.locator("[data-kind='incident.noted'] .prose")
    expect(notes).to_have_text(["restarting", "and done"])


def test_signing_out_in_one_tab_ends_the_other_and_leads_back_after_signing_in(
    windows: Windows, org: Org
) -> None:
    org.alert("Queue grows")
    first = windows.sign_in(org)
    second = first.context.new_page()
    second.goto(org.url + "/incidents/1")
    expect(second.locator(".pill")).to_have_text("Live")
    first.get_by_role("button", name="Sign out").click()
    first.wait_for_url("**/sign-in")
    second.wait_for_url("**/sign-in?next=**")
    assert first.context.cookies() == []
    enter(second, org.founded.email)
    second.wait_for_url(org.url + "/incidents/1")
    expect(second.locator(".line")).to_have_count(2)


def test_another_session_of_the_same_person_stays(windows: Windows, org: Org) -> None:
    first, second = windows.sign_in(org), windows.sign_in(org)
    first.get_by_role("button", name="Sign out").click()
    first.wait_for_url("**/sign-in")
    org.alert("Queue grows")
    expect(second.locator("tbody tr")).to_have_count(1)


def test_an_address_that_cannot_keep_the_session_says_why_and_what_to_do(windows: Windows, org: Org) -> None:
    page = windows.browser().new_page()
    page.goto(f"http://hub.test:{org.hub.port}/sign-in")
    warning = page.get_by_role("region", name="This connection is not secure")
    expect(warning).to_contain_text(f"ssh -L {org.hub.port}:127.0.0.1:{org.hub.port} hub.test")
    page.goto(f"{org.hub.url}/sign-in")
    expect(page.get_by_label("Password")).to_be_visible()
    expect(warning).to_be_hidden()
