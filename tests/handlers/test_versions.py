"""Conditional requests as RFC 9110 has them: If-Match, If-None-Match, and what is told of a stale change."""

from __future__ import annotations

from typing import Any

import pytest
from orgs import Org
from web import Site, outcome, read

from hub.domain.version import Expected

pytestmark = pytest.mark.gen_test(timeout=30)
ORG = "/api/v1/orgs/acme"
NONE_OF_OURS = (
    '"2"', 'W/"1"', 'w/"1"', "1", '"1', "'1'", '"01"', '"+1"', '"\xb9"', '"one"', '""', "x", '"*"', '*, "1"x',
    '"9999999999"', '"2", "3"',
    'W/"1", "2"', ",", '"1" "2"',
)  # fmt: skip


async def made(site: Site, path: str, body: dict[str, Any]) -> str:
    """The address of what a POST makes."""
    answer = await site("POST", ORG + path, body)
    assert answer.code == 201, answer.body
    return f"{ORG}{path}/{read(answer).get('id')}"


@pytest.mark.parametrize(
    "tags", ["*", ' "1" ', '"7", "1"', '"1","7"', 'W/"7" ,\t"1"', ', "1",', '"a,b", "1"']
)
async def test_a_change_is_made_where_any_strong_tag_is_the_present_one(
    site: Site, acme: Org, tags: str
) -> None:
    key = site.with_key(acme.api_key)
    team = await made(key, "/teams", {"name": "Night"})
    answer = await key("PATCH", team, {"name": "Day"}, {"If-Match": tags})
    assert (answer.code, answer.headers["ETag"]) == (200, '"2"')
    again = await key("PATCH", team, {"name": "Dusk"}, {"If-Match": tags})
    assert again.code == (200 if tags == "*" else 412)


async def test_no_other_tag_matches_and_the_answer_has_the_thing_as_it_is(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    team = await made(key, "/teams", {"name": "Night"})
    present = read(await key("GET", team))
    for tags in NONE_OF_OURS:
        answer = await key("PATCH", team, {"name": "Day"}, {"If-Match": tags})
        assert (*outcome(answer), read(answer)["current"]) == (412, "stale", present), tags
    assert outcome(await key("PATCH", team, {"name": "Day"})) == (428, "version_missing")


async def things(key: Site) -> dict[str, str]:
    """The address of one of everything that has a version, and what is told of it."""
    [service] = read(await key("GET", ORG + "/services"))["data"]
    [integration] = read(await key("GET", ORG + "/integrations"))["data"]
    [member] = read(await key("GET", ORG + "/members"))["data"]
    team = await made(key, "/teams", {"name": "Night"})
    seat = {"subject": team.rpartition("/")[2], "role": "observer"}
    return {
        "organization": ORG,
        "service": f"{ORG}/services/{service['id']}",
        "integration": f"{ORG}/integrations/{integration['id']}",
        "member": f"{ORG}/members/{member['id']}",
        "team": team,
        "key": await made(key, "/keys", {"name": "Bot", "role": "observer"}),
        "binding": await made(key, "/bindings", seat),
        "invitation": await made(key, "/invitations", {"email": "eve@acme.example", "role": "observer"}),
    }


async def test_whatever_has_a_version_is_told_as_it_is_to_who_has_another(site: Site, acme: Org) -> None:
    browser = await site.signed_in("owner@acme.example")
    for kind, path in (await things(browser)).items():
        method = "DELETE" if kind in {"key", "binding", "invitation"} else "PATCH"
        body = None if method == "DELETE" else {}
        if kind in {"organization", "team"}:
            body = {"name": "Other"}
        present = read(await browser("GET", path))
        for tags in ('W/"1"', "x", '"99"'):
            answer = await browser(method, path, body, {"If-Match": tags})
            assert (*outcome(answer), read(answer)["current"]) == (412, "stale", present), (kind, tags)
        assert (await browser(method, path, body, {"If-Match": "*"})).code in {200, 204}, kind


async def test_who_has_it_already_is_told_so_by_any_of_their_tags(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    [service] = read(await key("GET", ORG + "/services"))["data"]
    path = await made(key, "/incidents", {"title": "Down", "service": service["id"]})
    for tags, code in [
        ('"1"', 304), ('W/"1"', 304), ('"7", "1"', 304), ('"7",W/"1"', 304), ("*", 304),
        ('"7"', 200), ('W/"7", "8"', 200), ("1", 200), ('"*"', 200), ("", 200),
    ]:  # fmt: skip
        answer = await key("GET", path, headers={"If-None-Match": tags})
        assert (answer.code, answer.headers["ETag"], bool(answer.body)) == (code, '"1"', code == 200), tags


async def test_a_304_is_described_exactly_where_it_is_answered(site: Site, acme: Org) -> None:
    described = read(await site("GET", "/api/v1/openapi.json"))["paths"]
    offering = {
        path.removeprefix("/api/v1/orgs/{org}")
        for path, methods in described.items()
        if "304" in methods.get("get", {"responses": {}})["responses"]
    }
    asked = {
        path.removeprefix("/api/v1/orgs/{org}")
        for path, methods in described.items()
        for method in methods.values()
        if any(each["name"] == "If-None-Match" for each in method["parameters"])
    }
    assert asked == offering == {"/incidents/{incident}", "/invitations/{invitation}", "/events"}
    browser = await site.signed_in("owner@acme.example")
    for kind, path in (await things(browser)).items():
        answer = await browser("GET", path, headers={"If-None-Match": "*"})
        assert answer.code == (304 if kind == "invitation" else 200), kind
    assert (await browser("GET", ORG + "/events", headers={"If-None-Match": "*"})).code == 304


def test_any_version_is_not_the_same_as_none() -> None:
    assert Expected(None).meets(7)
    assert not Expected(frozenset()).meets(7)
