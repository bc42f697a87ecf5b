"""Presence in browsers: people see who else is in the war room, and who types."""

from __future__ import annotations

import re

import pytest
from browsing import Org, Windows, axe_faults, enter
from playwright.sync_api import expect
from test_connection import Cable

from hub.contract.words import Role

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


def test_two_people_in_the_war_room_see_each_other_come_type_and_go(windows: Windows, org: Org) -> None:
    bob, olive = org.join("Bob", Role.RESPONDER), org.join("Olive", Role.OBSERVER)
    org.alert("Queue grows")
    ada_page = windows.sign_in(org, path="/incidents/1")
    expect(ada_page.locator(".line")).to_have_count(2)
    expect(ada_page.locator(".present")).to_be_hidden()
    bob_page = windows.sign_in(org, bob, path="/incidents/1")
    expect(ada_page.locator(".present")).to_have_text("Also here: Bob")
    expect(bob_page.locator(".present")).to_have_text("Also here: Ada")
    expect(ada_page.locator("#spoken")).to_have_text("Bob is here too.")
    olive_page = windows.sign_in(org, olive, path="/incidents/1")
    expect(olive_page.locator(".present")).to_have_text("Also here: Ada, Bob")
    bob_page.get_by_role("textbox").fill("restarting the")
    expect(ada_page.locator(".present")).to_have_text("Also here: Bob (typing…), Olive")
    bob_page.get_by_role("textbox").press("Control+Enter")
    expect(ada_page.locator(".present")).to_have_text("Also here: Bob, Olive")
    assert axe_faults(ada_page) == []
    olive_page.close()
    expect(ada_page.locator(".present")).to_have_text("Also here: Bob")
    bob_page.goto(org.url)
    expect(ada_page.locator(".present")).to_be_hidden()


def test_presence_comes_back_with_the_connection(windows: Windows, org: Org) -> None:
    bob = org.join("Bob", Role.RESPONDER)
    org.alert("Queue grows")
    context = windows.browser()
    cable = Cable(context)
    page = context.new_page()
    page.goto(org.url + "/incidents/1")
    enter(page, org.founded.email)
    bob_page = windows.sign_in(org, bob, path="/incidents/1")
    expect(page.locator(".present")).to_have_text("Also here: Bob")
    cable.cut()
    expect(page.locator(".present")).to_be_hidden()
    banner = page.get_by_role("region", name="Connection")
    expect(banner).to_contain_text(re.compile(r"Not live\..+What you see is \d+s old"))
    cable.mend()
    banner.get_by_role("button", name="Try now").click()
    expect(page.locator(".present")).to_have_text("Also here: Bob")
    expect(bob_page.locator(".present")).to_have_text("Also here: Ada")
    expect(banner).to_be_hidden()
