"""Organizations on the pages: switching, making one by keyboard alone, hostile names, the wall between."""

from __future__ import annotations

import pytest
from browsing import PASSWORD, Hub, Org, Windows, ask, enter, in_a_loop_of_its_own, row
from playwright.sync_api import expect

from hub.config import read
from hub.contract.words import Role
from hub.services import founding, joining

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


def test_organizations_are_made_and_changed_by_keyboard_alone(windows: Windows, org: Org) -> None:
    page = windows.browser().new_page()
    press, write = page.keyboard.press, page.keyboard.type
    page.goto(org.url)
    enter(page, org.founded.email)
    expect(page.locator(".pill")).to_have_text("Live")
    press("g")
    press("o")
    sheet = page.get_by_role("dialog", name="Organizations")
    expect(sheet.get_by_role("link", name=org.slug)).to_be_focused()
    for _ in range(3):
        press("Tab")
    write("Çrème & Söhne")
    expect(sheet.get_by_label("Short name")).to_have_value("creme-sohne")
    press("Tab")
    write(f"{org.slug}-b")
    press("Enter")
    page.wait_for_url(f"{org.url}-b")
    expect(page.locator(".organization .name")).to_have_text("Çrème & Söhne")

    press("Control+k")
    write("settings: organization")
    press("Enter")
    page.wait_for_url(f"{org.url}-b/settings")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_visible()
    expect(name).to_have_value("Çrème & Söhne")
    name.focus()
    press("Control+a")
    write("Second")
    press("Enter")
    expect(page.locator(".organization .name")).to_have_text("Second")
    press("Escape")
    page.locator("main").focus()
    press("g")
    press("o")
    press("Shift+Tab")
    press("Enter")
    expect(sheet).to_be_hidden()
    press("Control+k")
    write(f"go to {org.slug}")
    press("Enter")
    page.wait_for_url(org.url)


def test_hostile_names_are_text_and_another_organization_is_not_seen(windows: Windows, org: Org) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"
    other = Org.found(org.hub)
    page = windows.sign_in(org, path="/settings/teams")
    page.get_by_label("New team").fill(hostile)
    page.get_by_role("button", name="Make a team").click()
    expect(page.get_by_role("button", name=f"Manage {hostile}")).to_be_visible()
    base = f"/api/v1/orgs/{org.slug}"
    [ada] = ask(page, "GET", f"{base}/members")["data"]
    ask(page, "PATCH", f"{base}/members/{ada['id']}", {"display_name": hostile}, ada["version"])
    ask(page, "PATCH", base, {"name": hostile}, ask(page, "GET", base)["version"])
    page.goto(f"{org.url}/settings/members")
    expect(row(page, hostile)).to_be_visible()
    expect(page.locator(".organization .name")).to_have_text(hostile)
    page.locator("#bar .organization").click()
    expect(page.get_by_role("dialog")).to_contain_text(hostile)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Manage {hostile}").click()
    expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_have_text(hostile)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("dialog", name=f"Leave {hostile}?")).to_be_visible()
    assert page.locator(":is(main, #bar, dialog) :is(script, iframe, img:not(.brand img))").count() == 0

    for part in ("/members", "/invitations"):
        page.goto(f"{other.url}/settings{part}")
        expect(page.locator("main")).to_contain_text(f"There is no organization “{other.slug}”")
        expect(page.locator("main .items > li")).to_have_count(0)


def test_who_is_in_no_organization_makes_one_and_sees_it_in_the_account(windows: Windows, hub: Hub) -> None:
    address = "alone@example.com"
    in_a_loop_of_its_own(
        lambda ports: joining.register(ports, address, "Robinson", PASSWORD, founding.CONTEXT),
        read(hub.environment),
    )
    page = windows.browser().new_page()
    page.goto(f"{hub.url}/sign-in")
    enter(page, address)
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_hidden()
    page.get_by_label("Name", exact=True).fill("Island")
    page.get_by_label("Short name").fill("not a slug")
    page.get_by_role("button", name="Create it").click()
    expect(page.get_by_label("Short name")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Short name").fill("island")
    page.get_by_role("button", name="Create it").click()
    page.wait_for_url(f"{hub.url}/orgs/island")
    page.get_by_role("link", name="Robinson").click()
    expect(page.get_by_role("link", name="Island")).to_contain_text("owner")
    page.get_by_role("button", name="Make another").click()
    page.get_by_label("Name", exact=True).fill("Raft")
    page.get_by_role("button", name="Create it").click()
    page.wait_for_url(f"{hub.url}/orgs/raft")
    page.locator("#bar .organization").click()
    page.get_by_role("dialog").get_by_role("link", name="Island").click()
    page.wait_for_url(f"{hub.url}/orgs/island")


def test_one_leaves_by_oneself_but_the_last_owner_stays(windows: Windows, org: Org) -> None:
    bob = windows.sign_in(org, org.join("Bob", Role.RESPONDER), "/settings")
    page = windows.sign_in(org, path="/settings/members")
    page.get_by_role("button", name="Leave").click()
    question = page.get_by_role("dialog")
    question.get_by_role("button", name="Leave").click()
    expect(question.locator(".fault")).to_contain_text("The last owner stays")
    question.get_by_role("button", name="Cancel").click()

    expect(bob.get_by_text("You are responder here.")).to_be_visible()
    bob.get_by_role("button", name="Leave this organization").click()
    bob.get_by_role("dialog").get_by_role("button", name="Leave").click()
    expect(bob.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(row(page, "Bob")).to_have_count(0)
