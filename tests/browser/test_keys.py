"""By keyboard only: from the sign-in to a resolved incident, and nothing that takes the focus away."""

from __future__ import annotations

import pytest
from browsing import PASSWORD, Org, Windows
from playwright.sync_api import Page, expect

pytest_plugins = ("surroundings",)
pytestmark = pytest.mark.browser


def focused(page: Page) -> str:
    """What has the focus: its tag and its name or text."""
    script = (
        "() => { const node = document.activeElement;"
        " return `${node.tagName} ${node.getAttribute('aria-label') ?? node.textContent.trim()}`; }"
    )
    return str(page.evaluate(script))


def test_an_incident_is_found_worked_on_and_resolved_without_a_mouse(windows: Windows, org: Org) -> None:
    for name in ("first", "second", "third"):
        org.alert(name)
    page = windows.browser().new_page()
    press, write = page.keyboard.press, page.keyboard.type
    page.goto(org.url)
    expect(page.get_by_label("Email")).to_be_focused()
    write(org.founded.email)
    press("Tab")
    write(PASSWORD)
    press("Enter")
    expect(page.locator("tbody tr")).to_have_count(3)

    press("j")
    assert focused(page) == "A third"
    press("j")
    press("j")
    press("j")
    assert focused(page) == "A first"
    press("k")
    assert focused(page) == "A second"
    press("a")
    expect(page.locator("tbody tr", has_text="second")).to_contain_text("Acknowledged")
    assert focused(page) == "A second"
    press("x")
    expect(page.get_by_role("checkbox", name="Select incident 2")).to_be_checked()
    press("x")
    press("/")
    write("third")
    expect(page.locator("tbody tr")).to_have_count(1)
    press("Escape")
    expect(page.locator("tbody tr")).to_have_count(3)
    press("j")
    press("o")

    expect(page.locator(".line")).not_to_have_count(0)
    page.wait_for_url(f"{org.url}/incidents/**")
    press("r")
    write("/sev 5")
    press("Control+Enter")
    expect(page.get_by_label("Severity")).to_have_value("SEV5")
    write("that was it")
    press("Control+Enter")
    expect(page.locator("[data-kind='incident.noted']")).to_contain_text("that was it")
    press("Escape")
    press("m")
    expect(page.locator("dl.facts")).to_contain_text("Mitigated")
    press("e")
    expect(page.locator("dl.facts")).to_contain_text("Resolved")
    press("g")
    press("i")
    page.wait_for_url(org.url)
    expect(page.locator("tbody tr")).to_have_count(2)


def test_the_focus_stays_when_rows_come_and_go(windows: Windows, org: Org) -> None:
    org.alert("apple")
    org.alert("pear")
    page = windows.sign_in(org)
    expect(page.locator("tbody tr")).to_have_count(2)
    page.keyboard.press("j")
    assert focused(page) == "A pear"
    org.alert("plum")
    expect(page.locator("tbody tr")).to_have_count(3)
    assert focused(page) == "A pear"
    page.get_by_role("searchbox").evaluate(
        "input => { input.value = 'apple'; input.dispatchEvent(new Event('input')); }"
    )
    expect(page.locator("tbody tr")).to_have_count(1)
    assert focused(page) == "A apple"


def test_a_button_that_is_used_up_hands_its_focus_on(windows: Windows, org: Org) -> None:
    org.alert("first")
    page = windows.sign_in(org, path="/incidents/1")
    page.get_by_role("button", name="Acknowledge").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Resolve")).to_be_focused()
    page.keyboard.press("u")
    page.wait_for_url(org.url)
    page.get_by_role("button", name="Resolve incident 1").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="first")).to_be_focused()


def test_the_palette_goes_and_does(windows: Windows, org: Org) -> None:
    org.alert("first")
    org.alert("second")
    page = windows.sign_in(org)
    expect(page.locator("tbody tr")).to_have_count(2)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("first")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(org.url + "/incidents/1")
    expect(page.locator(".line")).to_have_count(2)
    page.keyboard.press("Control+k")
    page.keyboard.type("resolve")
    page.keyboard.press("Enter")
    expect(page.locator("dl.facts")).to_contain_text("Resolved")


def test_single_keys_can_be_switched_off(windows: Windows, org: Org) -> None:
    org.alert("first")
    page = windows.sign_in(org)
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Keyboard")
    expect(help_dialog).to_contain_text("Acknowledge")
    help_dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("j")
    assert focused(page).startswith("BODY")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
