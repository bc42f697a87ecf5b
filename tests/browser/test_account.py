"""The account page and the page of a password link, in real browsers."""

from __future__ import annotations

import pytest
from browsing import PASSWORD, Org, Windows, enter, in_a_loop_of_its_own
from playwright.sync_api import Page, expect

from hub.config import read
from hub.services import password_resets

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser
NEW = "a staple for every battery"


def rows(page: Page) -> int:
    """The sessions that the page lists, once it does."""
    expect(page.get_by_role("heading", name="Where you are signed in")).to_be_visible()
    return page.locator("tbody tr").count()


def change_password(page: Page, current: str, new: str) -> None:
    page.get_by_label("Current password").fill(current)
    page.get_by_label("New password").fill(new)
    page.get_by_role("button", name="Change password").click()


def test_a_browser_that_was_forgotten_elsewhere_is_signed_out_from_here(windows: Windows, org: Org) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    here, there = windows.sign_in(org), windows.sign_in(org, user_agent=agent)
    here.get_by_role("link", name="Ada").click()
    here.wait_for_url("**/account")
    assert rows(here) == 2
    expect(here.locator("tr:not(.current) .device")).to_have_text("Firefox on Linux")
    expect(here.locator("tr.current")).to_contain_text("This browser")
    here.get_by_role("button", name="End the session of").click()
    expect(here.locator("tbody tr")).to_have_count(1)
    expect(here.get_by_role("button", name="End all others")).to_be_hidden()
    there.wait_for_url("**/sign-in?next=**")
    again = [windows.sign_in(org) for _ in range(2)]
    here.reload()
    assert rows(here) == 3
    here.get_by_role("button", name="End all others").click()
    expect(here.locator("tbody tr")).to_have_count(1)
    for page in again:
        page.wait_for_url("**/sign-in?next=**")


def test_a_changed_password_leaves_this_browser_signed_in_alone(windows: Windows, org: Org) -> None:
    here, there = windows.sign_in(org), windows.sign_in(org)
    here.goto(f"{org.hub.url}/account")
    change_password(here, "wrong", NEW)
    expect(here.locator("#fault")).to_have_text("This is not your password.")
    change_password(here, PASSWORD, "Password2024!")
    expect(here.locator("#fault")).to_contain_text("tried first")
    change_password(here, PASSWORD, NEW)
    expect(here.locator(".notice")).to_contain_text("Your password is changed.")
    expect(here.locator("tbody tr")).to_have_count(1)
    there.wait_for_url("**/sign-in?next=**")
    enter(there, org.founded.email)
    expect(there.locator("#fault")).to_contain_text("wrong")
    enter(there, org.founded.email, NEW)
    there.wait_for_url(org.url)
    here.goto(org.url)
    expect(here.locator(".pill")).to_have_text("Live")


def test_who_is_not_signed_in_comes_back_to_the_account(windows: Windows, org: Org) -> None:
    page = windows.browser().new_page()
    page.goto(f"{org.hub.url}/account")
    enter(page, org.founded.email)
    page.wait_for_url("**/account")
    assert rows(page) == 1
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")


def test_a_password_link_sets_a_password_and_is_not_kept_in_the_address(windows: Windows, org: Org) -> None:
    link = in_a_loop_of_its_own(
        lambda ports: password_resets.offer(ports, org.founded.email), read(org.hub.environment)
    )
    signed_in = windows.sign_in(org)
    page = windows.browser().new_page()
    page.goto(f"{org.hub.url}/reset-password#{link}")
    page.wait_for_url("**/reset-password")
    page.get_by_label("New password").fill("Password2024!")
    page.get_by_role("button", name="Set password").click()
    expect(page.locator("#fault")).to_contain_text("tried first")
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set password").click()
    page.get_by_role("link", name="Sign in").click()
    enter(page, org.founded.email, NEW)
    page.wait_for_url(org.url)
    signed_in.wait_for_url("**/sign-in?next=**")
    page.goto(f"{org.hub.url}/reset-password#{link}")
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set password").click()
    expect(page.locator("#fault")).to_contain_text("This link was used")
