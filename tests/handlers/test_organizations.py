"""Organizations by REST: made by a person, once for each key, and renamed by version."""

from __future__ import annotations

import pytest
from crew import kinds, person
from orgs import Org
from roles import key_of
from web import Site, outcome, read

from hub.contract.words import Role
from hub.services import organizations
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
ACME = "/api/v1/orgs/acme"
ASKED = {"slug": "initech", "name": "Initech"}


async def test_a_person_makes_an_organization_and_owns_it(site: Site, acme: Org, globex: Org) -> None:
    ann = await site.signed_in("owner@acme.example")
    made = await ann("POST", "/api/v1/orgs", ASKED)
    assert (made.code, made.headers["Location"]) == (201, "/api/v1/orgs/initech")
    assert read(made)["name"] == "Initech"
    assert "owner" in {role for org in read(await ann("GET", "/api/v1/me"))["organizations"]
                       if org["slug"] == "initech" for role in org["roles"]}  # fmt: skip
    assert read(await ann("GET", made.headers["Location"])) == read(made)
    told = ["organization.created", "member.added", "role.granted", "session.used", "session.used"]
    assert await kinds(ann, 9, "initech") == told
    bob = await site.signed_in("owner@globex.example")
    assert outcome(await bob("GET", "/api/v1/orgs/initech")) == (404, "not_found")


async def test_a_repeat_with_the_same_key_makes_no_second_one(site: Site, acme: Org) -> None:
    ann, once = await site.signed_in("owner@acme.example"), {"Idempotency-Key": "one"}
    first = await ann("POST", "/api/v1/orgs", ASKED, once)
    again = await ann("POST", "/api/v1/orgs", ASKED, once)
    assert (first.code, first.headers.get("Idempotent-Replayed")) == (201, None)
    assert (again.code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert read(again) == read(first)
    other = await ann("POST", "/api/v1/orgs", ASKED | {"slug": "another"}, once)
    assert outcome(other) == (422, "idempotency_key_reused")
    assert (await kinds(ann, 9, "initech")).count("organization.created") == 1


async def test_a_slug_is_taken_once_whoever_asks(site: Site, acme: Org, globex: Org) -> None:
    ann = await site.signed_in("owner@acme.example")
    for slug in ("globex", "acme"):
        answer = await ann("POST", "/api/v1/orgs", {"slug": slug, "name": "Mine"})
        assert outcome(answer) == (409, "not_allowed_now"), slug
    assert len(read(await ann("GET", "/api/v1/me"))["organizations"]) == 1


@pytest.mark.parametrize(
    "slug", ["", "a", "-a", "a-", "a--b", "Acme", "acme\n", "ac me", "a" * 65, "a/b", "ä-b", "."]
)
async def test_what_is_no_slug_is_refused(site: Site, acme: Org, slug: str) -> None:
    ann = await site.signed_in("owner@acme.example")
    answer = await ann("POST", "/api/v1/orgs", {"slug": slug, "name": " ", "more": 1})
    assert outcome(answer) == (400, "invalid")
    assert {fault["pointer"] for fault in read(answer)["errors"]} == {"/slug", "/name", "/more"}


async def test_nobody_makes_organizations_without_end(
    site: Site, ports: Ports, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(organizations, "MEMBERSHIPS_MAX", 2)
    ann = await site.signed_in("owner@acme.example")
    assert (await ann("POST", "/api/v1/orgs", ASKED)).code == 201
    answer = await ann("POST", "/api/v1/orgs", {"slug": "third", "name": "Third"})
    assert outcome(answer) == (409, "not_allowed_now")


async def test_only_people_make_organizations(site: Site, ports: Ports, acme: Org) -> None:
    assert outcome(await site.with_key(acme.api_key)("POST", "/api/v1/orgs", ASKED)) == (403, "forbidden")
    await person(ports, "nobody@nowhere.example")
    nobody = await site.signed_in("nobody@nowhere.example")
    nobody.csrf = ""
    assert outcome(await nobody("POST", "/api/v1/orgs", ASKED)) == (403, "csrf")


async def test_an_organization_is_renamed_by_version(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    before = read(await key("GET", ACME))
    assert (before["name"], before["version"]) == ("Acme", 1)
    shown = await key("GET", ACME, headers={"If-None-Match": '"1"'})
    assert (shown.code, shown.headers["ETag"]) == (200, '"1"')
    renamed = await key("PATCH", ACME, {"name": "Acme & Co"}, {"If-Match": shown.headers["ETag"]})
    assert renamed.headers["ETag"] == '"2"'
    assert (renamed.code, read(renamed)["name"], read(renamed)["version"]) == (200, "Acme & Co", 2)
    assert await kinds(key, 1) == ["organization.renamed"]
    stale = await key("PATCH", ACME, {"name": "Other"}, {"If-Match": '"1"'})
    assert (outcome(stale), read(stale)["current"]["name"]) == ((412, "stale"), "Acme & Co")
    same = await key("PATCH", ACME, {"name": "Acme & Co"}, {"If-Match": '"2"'})
    assert (same.code, read(same)["version"]) == (200, 2)
    assert outcome(await key("PATCH", ACME, {"name": "Other"})) == (428, "version_missing")
    assert outcome(await key("PATCH", ACME, {"name": ""}, {"If-Match": '"2"'})) == (400, "invalid")
    assert read(await site.with_key(globex.api_key)("GET", "/api/v1/orgs/globex"))["name"] == "Globex"


async def test_responders_do_not_rename_it(site: Site, ports: Ports, acme: Org) -> None:
    for role in (Role.RESPONDER, Role.OBSERVER):
        key = site.with_key(await key_of(ports, acme, role))
        answer = await key("PATCH", ACME, {"name": "Mine"}, {"If-Match": '"1"'})
        assert outcome(answer) == (403, "forbidden")
