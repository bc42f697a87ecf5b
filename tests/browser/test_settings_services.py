"""The pages of services: what they need, what is archived, and what those see who may less."""

from __future__ import annotations

import pytest
from browsing import Org, Windows, ask, row, section
from playwright.sync_api import expect

from hub.contract.words import Role

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=alert(1)>"


def test_what_a_service_needs_makes_no_circle_and_what_changed_meanwhile_is_told(
    windows: Windows, org: Org
) -> None:
    path = f"/api/v1/orgs/{org.slug}/services"
    shop, pay = (org.post(path, org.founded.api_key, {"name": name})["id"] for name in ("Shop", "Pay"))
    page = windows.sign_in(org, path=f"/settings/services/{shop}")
    needs = section(page, "Needs")
    needs.get_by_role("checkbox", name="Pay").check()
    needs.get_by_role("button", name="Save what it needs").click()
    expect(page.get_by_text("Saved what it needs.").first).to_be_visible()
    page.goto(f"{org.url}/settings/services/{pay}")
    needs.get_by_role("checkbox", name="Shop").check()
    needs.get_by_role("button", name="Save what it needs").click()
    expect(needs.locator(".rest")).to_contain_text("That would be a circle: Pay needs Shop needs Pay.")

    edit = section(page, "Settings")
    edit.get_by_label("Runbook").fill("javascript:alert(1)")
    edit.get_by_role("button", name="Save").click()
    expect(edit.get_by_label("Runbook")).to_be_focused()
    expect(edit.get_by_label("Runbook")).to_have_attribute("aria-invalid", "true")
    edit.get_by_label("Runbook").fill("https://runbook.example/pay")
    edit.get_by_label("Links").fill("Graphs https://graphs.example/pay\nBad javascript:alert(1)")
    edit.get_by_role("button", name="Save").click()
    expect(edit.get_by_label("Links")).to_be_focused()
    expect(edit.get_by_label("Links")).to_have_attribute("aria-invalid", "true")
    links = "Graphs of <b>Pay</b> https://graphs.example/pay?q=a%20b\nhttps://logs.example/"
    edit.get_by_label("Links").fill(links)
    edit.get_by_label("When all alerts").select_option("never")
    edit.get_by_label("Reopen within").fill("1.5")
    # what the page has seen is made old: as if its stream were late
    page.route("**/services/svc_*", lambda route: route.continue_(headers=older(route.request.headers)))
    edit.get_by_role("button", name="Save").click()
    expect(edit.locator(".rest")).to_contain_text(
        "Somebody changed it since you looked. It is now: Pay, tier 3"
    )
    page.unroute("**/services/svc_*")
    edit.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Runbook")).to_have_attribute("href", "https://runbook.example/pay")
    graphs = page.locator(".summary").get_by_role("link", name="Graphs of <b>Pay</b>")
    expect(graphs).to_have_attribute("href", "https://graphs.example/pay?q=a%20b")
    expect(graphs).to_have_attribute("rel", "noopener noreferrer")
    page.reload()
    expect(edit.get_by_label("Links")).to_have_value(
        "Graphs of <b>Pay</b> https://graphs.example/pay?q=a%20b\nhttps://logs.example/ https://logs.example/"
    )
    expect(edit.get_by_label("Reopen within")).to_have_value("1.5")
    expect(edit.get_by_label("When all alerts")).to_have_value("never")

    page.get_by_role("button", name="Archive the service").click()
    page.get_by_role("dialog", name="Archive Pay?").get_by_role("button", name="Archive").click()
    expect(page.locator(".summary")).to_contain_text("Archived")
    page.get_by_role("link", name="All services").click()
    expect(row(page, "Pay")).to_be_hidden()
    page.get_by_text("Archived services").click()
    page.get_by_role("link", name="Pay").click()
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator(".summary")).to_contain_text("OK")


def older(headers: dict[str, str]) -> dict[str, str]:
    """The same request about version 0."""
    return headers | ({"if-match": '"0"'} if "if-match" in headers else {})


def test_names_are_text_and_who_may_only_look_is_offered_no_change(windows: Windows, org: Org) -> None:
    key = org.founded.api_key
    service = org.post(f"/api/v1/orgs/{org.slug}/services", key, {"name": HOSTILE})["id"]
    body = {"name": HOSTILE, "service": service}
    integration = org.post(f"/api/v1/orgs/{org.slug}/integrations", key, body)["id"]
    page = windows.sign_in(org, org.join("Olive", Role.OBSERVER), "/settings/services")
    expect(row(page, HOSTILE)).to_be_visible()
    expect(page.get_by_role("link", name="API keys")).to_have_count(0)
    for path in (f"/settings/services/{service}", f"/settings/integrations/{integration}"):
        page.goto(org.url + path)
        expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
        expect(page.get_by_text("Only owners and admins").first).to_be_visible()
        assert page.locator("main").get_by_role("button").all_inner_texts() in ([], ["Copy", "Copy"])
        assert page.locator("main :is(script, iframe, img)").count() == 0
    for path in ("services", "integrations"):
        page.goto(f"{org.url}/settings/{path}")
        expect(page.get_by_text("Only owners and admins make")).to_be_visible()
    page.goto(org.url + "/settings/keys")
    expect(page.get_by_text("Your role does not include key:manage")).to_be_visible()
    page.goto(org.url + "/settings/services/svc_nothing")
    expect(page.locator(".failure")).to_contain_text("There is no such service.")


def test_who_has_a_role_for_one_service_sees_that_service(windows: Windows, org: Org) -> None:
    other = org.post(f"/api/v1/orgs/{org.slug}/services", org.founded.api_key, {"name": "Out of sight"})
    email = org.join("Olive", Role.OBSERVER)
    admin = windows.sign_in(org, path="/settings/members")
    path = f"/api/v1/orgs/{org.slug}"
    [olive] = [one for one in ask(admin, "GET", f"{path}/members")["data"] if one["name"] == "Olive"]
    [first] = [one for one in ask(admin, "GET", f"{path}/services")["data"] if one["name"] == "First service"]
    scope = {"kind": "service", "id": first["id"]}
    ask(admin, "POST", f"{path}/bindings", {"subject": olive["id"], "role": "responder", "scope": scope})
    admin.get_by_role("button", name="Manage Olive").click()
    admin.get_by_role("button", name="Take back: observer").first.click()
    admin.get_by_role("dialog", name="Take back").get_by_role("button", name="Take back").click()
    expect(row(admin, "Olive").locator(".chips li")).to_have_count(1)
    page = windows.sign_in(org, email, "/settings/services")
    expect(page.locator("main .items > li")).to_have_count(1)
    page.get_by_role("link", name="First service").click()
    expect(section(page, "Integrations")).to_contain_text("First integration")
    page.get_by_role("link", name="First integration").click()
    expect(page.get_by_role("group", name="Snippet for curl")).to_be_visible()
    page.goto(f"{org.url}/settings/services/{other['id']}")
    expect(page.locator(".failure")).to_contain_text("There is no such service.")
