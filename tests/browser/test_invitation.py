"""The page of an invitation's link, in real browsers: somebody new, somebody known, somebody else."""

from __future__ import annotations

import pytest
from browsing import PASSWORD, Hub, Org, Windows, enter
from playwright.sync_api import Page, expect

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


def invited(org: Org, email: str, role: str = "responder") -> str:
    """The link of a new invitation, at the address that the hub has in this test."""
    path = f"/api/v1/orgs/{org.slug}/invitations"
    link: str = org.post(path, org.founded.api_key, {"email": email, "role": role})["link"]
    return f"{org.hub.url}/invitations#{link.partition('#')[2]}"


@pytest.fixture
def other(hub: Hub) -> Org:
    """Another organization, whose owner is somebody known."""
    return Org.found(hub)


def opened(page: Page, link: str) -> None:
    """The page of the link, which is gone from the address."""
    page.goto(link)
    expect(page.get_by_role("heading", name="Join")).to_be_visible()
    assert page.url.endswith("/invitations")


def test_somebody_new_joins_and_is_at_the_board(windows: Windows, org: Org) -> None:
    page = windows.browser().new_page()
    link = invited(org, f"new@{org.slug}.example")
    opened(page, link)
    expect(page.locator("main")).to_contain_text("is invited as responder")
    page.get_by_label("Your name").fill("Nora New")
    page.get_by_label("Choose a password").fill("Password2024!")
    page.get_by_role("button", name="Create account and join").click()
    expect(page.locator("#fault")).to_contain_text("tried first")
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Create account and join").click()
    page.wait_for_url(org.url)
    page.goto(link)
    expect(page.locator(".fault")).to_contain_text("This invitation was used")


def test_somebody_known_signs_in_and_joins(windows: Windows, org: Org, other: Org) -> None:
    page = windows.browser().new_page()
    opened(page, invited(org, other.founded.email))
    page.get_by_role("button", name="I have an account").click()
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in and join").click()
    expect(page.locator("#fault")).to_contain_text("wrong")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in and join").click()
    page.wait_for_url(org.url)


def test_who_is_signed_in_joins_with_one_click_and_as_nobody_else(
    windows: Windows, org: Org, other: Org
) -> None:
    page = windows.browser().new_page()
    page.goto(f"{org.hub.url}/sign-in")
    enter(page, other.founded.email)
    page.wait_for_url(other.url)
    opened(page, invited(org, other.founded.email))
    page.get_by_role("button", name="Join").click()
    page.wait_for_url(org.url)
    opened(page, invited(org, "somebody@else.example"))
    expect(page.locator("form")).to_contain_text("another address")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in and join")).to_be_visible()
