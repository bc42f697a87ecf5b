"""The pages for people: members, invitations, teams and organizations, in real browsers."""

from __future__ import annotations

import re

import pytest
from browsing import PASSWORD, Org, Windows, ask, row
from playwright.sync_api import expect

from hub.contract.words import Role

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser
REQUEST = re.compile(r"\(request [\w-]{8,}\)")


def test_a_member_is_changed_given_a_role_and_removed(windows: Windows, org: Org) -> None:
    org.join("Bob", Role.RESPONDER)
    page = windows.sign_in(org, path="/settings/members")
    org.alert("Disk full")
    page.get_by_role("button", name="Manage Bob").click()
    sheet = page.get_by_role("dialog", name="Bob")
    sheet.get_by_label("Time zone").fill("Mars/Olympus")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_label("Time zone")).to_have_attribute("aria-invalid", "true")
    expect(sheet.get_by_label("Time zone")).to_be_focused()
    expect(sheet.locator(".field .fault:visible")).to_contain_text("time zone")
    sheet.get_by_label("Time zone").fill("Europe/Rome")
    sheet.get_by_label("Name").fill("Robert")
    sheet.get_by_label("Membership ends").fill("2099-05-06T07:08")
    sheet.get_by_role("button", name="Save").click()
    sheet = page.get_by_role("dialog", name="Robert")
    expect(row(page, "Robert")).to_contain_text("Europe/Rome · ends Wed, May 6, 2099")

    sheet.get_by_label("Role", exact=True).select_option("admin")
    sheet.get_by_role("button", name="Give role").click()
    expect(row(page, "Robert").locator(".chips li")).to_have_text(["responder", "admin"])
    sheet.get_by_label("Role", exact=True).select_option("observer")
    sheet.get_by_label("For", exact=True).select_option("incident")
    sheet.get_by_label("Incident").fill("99")
    sheet.get_by_role("button", name="Give role").click()
    expect(sheet.get_by_label("Incident")).to_be_focused()
    expect(sheet.locator(".field .fault:visible")).to_have_text("There is no incident with this number.")
    sheet.get_by_label("Incident").fill("1")
    sheet.get_by_role("button", name="Give role").click()
    sheet.get_by_label("For", exact=True).select_option("service")
    sheet.get_by_label("Which").select_option("First service")
    sheet.get_by_role("button", name="Give role").click()
    own = [
        "responder",
        "admin",
        re.compile("observer for incident .*1"),
        "observer for service First service",
    ]
    expect(row(page, "Robert").locator(".chips li")).to_have_text(own)
    sheet.get_by_role("button", name="Take back: observer for service").click()
    page.get_by_role("dialog", name="Take back").last.get_by_role("button", name="Take back").click()
    sheet.get_by_role("button", name="Take back: observer for incident").click()
    page.get_by_role("dialog", name="Take back").last.get_by_role("button", name="Take back").click()
    sheet.get_by_role("button", name="Take back: admin").click()
    question = page.get_by_role("dialog", name="Take back “admin” from Robert?")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    question.get_by_role("button", name="Take back").click()
    expect(row(page, "Robert").locator(".chips li")).to_have_text(["responder"])
    expect(sheet).to_be_visible()
    sheet.get_by_role("button", name="Close").click()

    theirs = windows.sign_in(org, org.founded.email.replace("ada", "bob"), "/incidents/1")
    theirs.get_by_role("button", name="Acknowledge").click()
    expect(theirs.locator("dl.facts")).to_contain_text("Robert")
    page.get_by_role("button", name="Remove Robert").click()
    question = page.get_by_role("dialog", name="Remove Robert?")
    expect(question).to_contain_text("responder")
    expect(question.get_by_role("link", name="#1 Disk full")).to_be_visible()
    question.get_by_role("button", name="Remove").click()
    expect(page.locator("main .items > li")).to_have_count(1)
    expect(page.locator(":focus")).not_to_have_count(0)
    expect(theirs.locator(".pill")).to_have_text("Ended")


def test_an_owner_makes_a_password_link_and_the_member_uses_it(windows: Windows, org: Org) -> None:
    org.join("Bob", Role.ADMIN)
    page = windows.sign_in(org, path="/settings/members")
    page.get_by_role("button", name="Manage Bob").click()
    sheet = page.get_by_role("dialog", name="Bob")
    sheet.get_by_role("button", name="Make a password link").click()
    link = sheet.get_by_label("Password link for Bob").get_by_role("textbox")
    expect(link).to_be_focused()
    address = link.input_value()
    theirs = windows.sign_in(org, org.founded.email.replace("ada", "bob"), "/settings/members")
    theirs.get_by_role("button", name=re.compile("^Manage Ada")).click()
    expect(theirs.get_by_role("dialog").get_by_role("button", name="Save")).to_be_visible()
    expect(theirs.get_by_role("button", name="Make a password link")).to_have_count(0)
    theirs.goto(address)
    theirs.get_by_label("New password", exact=True).fill("a staple for every battery")
    theirs.get_by_role("button", name="Set").click()
    theirs.goto(address.partition("/reset-password")[0] + "/sign-in")
    theirs.get_by_label("Email").fill(org.founded.email.replace("ada", "bob"))
    theirs.get_by_label("Password", exact=True).fill(PASSWORD)
    theirs.get_by_role("button", name="Sign in").click()
    expect(theirs.locator("#fault")).not_to_be_empty()
    theirs.get_by_text("Forgot your password?").click()
    expect(theirs.get_by_text("incidenthub person reset")).to_be_visible()


def test_what_somebody_changed_meanwhile_is_told_and_not_overwritten_unseen(
    windows: Windows, org: Org
) -> None:
    org.join("Bob", Role.RESPONDER)
    page = windows.sign_in(org, path="/settings/members")
    page.get_by_role("button", name="Manage Bob").click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("Name").fill("Bobby")
    found = ask(page, "GET", f"/api/v1/orgs/{org.slug}/members")["data"]
    [bob] = [one for one in found if one["name"] == "Bob"]
    path = f"/api/v1/orgs/{org.slug}/members/{bob['id']}"
    ask(page, "PATCH", path, {"display_name": "Roberta"}, bob["version"])
    expect(row(page, "Roberta")).to_be_visible()  # the stream says so
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.locator(".rest").first).to_contain_text("Somebody changed it since you looked")
    expect(sheet.locator(".rest").first).to_contain_text("Roberta, UTC")
    assert ask(page, "GET", path)["name"] == "Roberta"
    sheet.get_by_role("button", name="Save").click()
    expect(row(page, "Bobby")).to_be_visible()


def test_a_link_is_shown_once_lets_somebody_in_and_can_be_withdrawn(windows: Windows, org: Org) -> None:
    page = windows.sign_in(
        org, path="/settings/invitations", permissions=["clipboard-read", "clipboard-write"]
    )
    expect(page.get_by_text("Nobody is invited.")).to_be_visible()
    page.get_by_label("Email").fill("not@an@address")
    page.locator("form").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Email").fill("eve@example.com")
    page.get_by_label("Role").select_option("observer")
    page.get_by_role("button", name="Make the link").click()
    box = page.get_by_role("textbox", name="Link for eve@example.com")
    expect(box).to_be_focused()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".notice")).to_contain_text("Copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == box.input_value()
    assert "/invitations#" in link
    expect(row(page, "eve@example.com")).to_contain_text("observer")
    page.reload()
    expect(row(page, "eve@example.com")).to_be_visible()
    expect(box).to_have_count(0)

    theirs = windows.browser().new_page()
    theirs.goto(f"{org.hub.url}/invitations#{link.partition('#')[2]}")
    theirs.get_by_label("Your name").fill("Eve")
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Join").click()
    theirs.wait_for_url(org.url)
    expect(page.get_by_text("Nobody is invited.")).to_be_visible()  # the stream says so

    body = {"email": "peer@example.com", "role": "observer"}
    ask(page, "POST", f"/api/v1/orgs/{org.slug}/invitations", body)
    expect(row(page, "peer@example.com")).to_be_visible()
    page.get_by_role("button", name="Withdraw the invitation of peer@example.com").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row(page, "peer@example.com")).to_have_count(0)
    page.get_by_label("Email").fill("mallory@example.com")
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_role("textbox", name="Link for").input_value()
    page.get_by_role("button", name="Withdraw the invitation of mallory@example.com").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("Nobody is invited.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Link for")).to_have_count(0)
    theirs.goto(f"{org.hub.url}/invitations#{link.partition('#')[2]}")
    theirs.reload()
    expect(theirs.get_by_label("Your name")).to_have_count(0)


def test_a_team_is_made_filled_renamed_and_deleted_when_it_owns_nothing(windows: Windows, org: Org) -> None:
    page = windows.sign_in(org, path="/settings/teams")
    page.get_by_label("New team").fill("Core")
    page.get_by_role("button", name="Make a team").click()
    expect(row(page, "Core")).to_contain_text("no members")
    page.get_by_label("New team").fill("Core")
    page.get_by_role("button", name="Make a team").click()
    expect(page.locator("form .fault:visible")).to_contain_text("name")
    page.get_by_role("button", name="Manage Core").click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("Let somebody in").select_option("Ada")
    sheet.get_by_role("button", name="Let in").click()
    expect(row(page, "Core")).to_contain_text("1 member")
    sheet.get_by_role("button", name="Give role").click()
    expect(row(page, "Core").locator(".chips")).to_contain_text("responder")
    sheet.get_by_label("Name", exact=True).fill("Kernel")
    sheet.get_by_role("button", name="Rename").click()
    expect(row(page, "Kernel")).to_be_visible()
    sheet.get_by_role("button", name="Take Ada out").click()
    expect(row(page, "Kernel")).to_contain_text("no members")
    sheet.get_by_role("button", name="Close").click()

    path = f"/api/v1/orgs/{org.slug}/services"
    [service] = ask(page, "GET", path)["data"]
    team = next(
        one for one in ask(page, "GET", f"/api/v1/orgs/{org.slug}/teams")["data"] if one["name"] == "Kernel"
    )
    mine = ask(page, "PATCH", f"{path}/{service['id']}", {"team": team["id"]}, service["version"])
    expect(row(page, "Kernel")).to_contain_text(f"owns {service['name']}")
    page.get_by_role("button", name="Delete Kernel").click()
    told = page.get_by_role("dialog", name="Kernel owns services")
    expect(told).to_contain_text(f"{service['name']}: give each to another team first")
    told.get_by_role("button", name="Close").click()
    ask(page, "PATCH", f"{path}/{service['id']}", {"team": None}, mine["version"])
    expect(row(page, "Kernel")).not_to_contain_text("owns")
    page.get_by_role("button", name="Delete Kernel").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(page, "Kernel")).to_have_count(0)


def test_who_may_not_is_told_why_and_a_refusal_names_its_request(windows: Windows, org: Org) -> None:
    org.join("Grace", Role.ADMIN)
    watching = windows.sign_in(org, org.join("Olga", Role.OBSERVER), "/settings/members")
    expect(row(watching, "Grace")).to_contain_text("admin")
    expect(watching.get_by_text("Only owners and admins change members")).to_be_visible()
    expect(watching.locator("main .do button:visible")).to_have_text(["Leave"])
    expect(watching.get_by_role("link", name="Invitations")).to_have_count(0)
    watching.goto(f"{org.url}/settings/invitations")
    expect(watching.locator(".locked:visible")).to_contain_text("member:manage")
    expect(watching.get_by_label("Email")).to_be_hidden()
    watching.goto(f"{org.url}/settings/teams")
    expect(watching.get_by_text("Only owners and admins change teams")).to_be_visible()
    expect(watching.get_by_label("New team")).to_be_hidden()

    page = windows.sign_in(org, org.founded.email.replace("ada", "grace"), "/settings/members")
    page.get_by_role("button", name="Remove Ada").click()
    question = page.get_by_role("dialog")
    question.get_by_role("button", name="Remove").click()
    expect(question.locator(".fault")).to_have_text(REQUEST)
    question.get_by_role("button", name="Cancel").click()
    expect(row(page, "Ada")).to_be_visible()
    page.get_by_role("button", name="Manage Olga").click()
    assert "owner" not in page.get_by_label("Role", exact=True).locator("option").all_inner_texts()
