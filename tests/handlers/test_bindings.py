"""Roles by REST: given to members, teams and keys, by those who hold them; taken back at once."""

from __future__ import annotations

import msgspec
import pytest
from crew import hire, kinds
from line import connected
from orgs import Org
from roles import key_of
from servers import Database
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.words import Role
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
BINDINGS = "/api/v1/orgs/acme/bindings"
ONE = {"If-Match": '"1"'}
SAME = {"X-Request-ID": "the-same"}


async def test_a_role_is_given_and_taken_back(site: Site, ports: Ports, acme: Org) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.OBSERVER), site.with_key(acme.api_key)
    incidents = "/api/v1/orgs/acme"
    assert "incident:open" not in read(await bob.browser("GET", incidents))["actions"]
    given = await key("POST", BINDINGS, {"subject": bob.member, "role": "responder"})
    assert (given.code, read(given)["subject"]) == (201, {"id": bob.member, "name": "Bob"})
    assert "incident:open" in read(await bob.browser("GET", incidents))["actions"]
    shown = await key("GET", given.headers["Location"])
    assert (read(shown), shown.headers["ETag"]) == (read(given), '"1"')
    listed = read(await key("GET", BINDINGS))["data"]
    assert [(each["subject"]["name"], each["role"]) for each in listed] == [
        ("Owner", "owner"), ("First key", "admin"), ("Bob", "observer"), ("Bob", "responder"),
    ]  # fmt: skip
    path = given.headers["Location"]
    assert outcome(await key("DELETE", path)) == (428, "version_missing")
    assert outcome(await key("DELETE", path, None, {"If-Match": '"2"'})) == (412, "stale")
    assert (await key("DELETE", path, None, ONE)).code == 204
    assert outcome(await key("DELETE", path, None, ONE)) == (404, "not_found")
    assert "incident:open" not in read(await bob.browser("GET", incidents))["actions"]
    assert await kinds(key, 2) == ["role.granted", "role.revoked"]


async def test_a_repeat_gives_no_second_role(site: Site, ports: Ports, acme: Org) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.OBSERVER), site.with_key(acme.api_key)
    asked, once = {"subject": bob.member, "role": "responder"}, {"Idempotency-Key": "once"}
    first = await key("POST", BINDINGS, asked, once)
    again = await key("POST", BINDINGS, asked, once)
    assert (first.code, again.code, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert read(first) == read(again)
    other = await key("POST", BINDINGS, asked | {"role": "admin"}, once)
    assert outcome(other) == (422, "idempotency_key_reused")
    assert outcome(await key("POST", BINDINGS, asked)) == (409, "not_allowed_now")


async def test_a_role_may_end_by_itself_and_be_given_again(
    site: Site, ports: Ports, database: Database, acme: Org
) -> None:
    bob, key = await hire(ports, site, acme, "Bob", Role.OBSERVER), site.with_key(acme.api_key)
    asked = {"subject": bob.member, "role": "admin", "expires_at": "2099-01-01T00:00:00Z"}
    given = read(await key("POST", BINDINGS, asked))
    assert given["expires_at"] == "2099-01-01T00:00:00Z"
    past = asked | {"expires_at": "2001-01-01T00:00:00Z", "role": "responder"}
    answer = await key("POST", BINDINGS, past)
    assert (outcome(answer), read(answer)["errors"][0]["pointer"]) == ((400, "invalid"), "/expires_at")
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE role_binding SET expires_at = now() WHERE expires_at IS NOT NULL")
    assert outcome(await key("GET", f"{BINDINGS}/{given['id']}")) == (404, "not_found")
    assert (await key("POST", BINDINGS, asked)).code == 201


async def test_nobody_gives_away_what_they_do_not_hold(site: Site, ports: Ports, acme: Org) -> None:
    bob = await hire(ports, site, acme, "Bob", Role.ADMIN)
    ann = await site.signed_in("owner@acme.example")
    asked = {"subject": bob.member, "role": "owner"}
    assert outcome(await bob.browser("POST", BINDINGS, asked)) == (403, "forbidden")
    assert outcome(await site.with_key(acme.api_key)("POST", BINDINGS, asked)) == (403, "forbidden")
    assert outcome(await bob.browser("DELETE", await place(ann, "owner"), None, ONE)) == (403, "forbidden")
    assert (await ann("POST", BINDINGS, asked)).code == 201
    for role in (Role.RESPONDER, Role.OBSERVER):
        low = site.with_key(await key_of(ports, acme, role))
        assert outcome(await low("POST", BINDINGS, asked)) == (403, "forbidden")
        assert outcome(await low("DELETE", await place(ann, "admin"), None, ONE)) == (403, "forbidden")


async def place(site: Site, role: str) -> str:
    """Where the first binding of a role is."""
    return (
        BINDINGS
        + "/"
        + next(each["id"] for each in read(await site("GET", BINDINGS))["data"] if each["role"] == role)
    )


async def test_the_last_owner_is_not_lowered(site: Site, ports: Ports, acme: Org) -> None:
    ann = await site.signed_in("owner@acme.example")
    path = await place(ann, "owner")
    assert outcome(await ann("DELETE", path, None, ONE)) == (409, "not_allowed_now")
    bob = await hire(ports, site, acme, "Bob", Role.ADMIN)
    for_a_time = {"subject": bob.member, "role": "owner", "expires_at": "2099-01-01T00:00:00Z"}
    timed = await ann("POST", BINDINGS, for_a_time)
    assert outcome(await ann("DELETE", path, None, ONE)) == (409, "not_allowed_now")
    assert (await ann("DELETE", timed.headers["Location"], None, ONE)).code == 204
    assert (await ann("POST", BINDINGS, {"subject": bob.member, "role": "owner"})).code == 201
    assert (await ann("DELETE", path, None, ONE)).code == 204
    assert outcome(await ann("GET", "/api/v1/orgs/acme/members")) == (403, "forbidden")


async def test_keys_and_teams_have_roles_but_own_nothing(site: Site, ports: Ports, acme: Org) -> None:
    ann = await site.signed_in("owner@acme.example")
    [owner] = read(await ann("GET", "/api/v1/orgs/acme/members"))["data"]
    team, key = owner["teams"][0]["id"], text("key", acme.key.subject)
    for subject in (team, key):
        refused = await ann("POST", BINDINGS, {"subject": subject, "role": "owner"})
        assert (outcome(refused), read(refused)["errors"][0]["pointer"]) == ((400, "invalid"), "/role")
        given = await ann("POST", BINDINGS, {"subject": subject, "role": "responder"})
        assert (given.code, read(given)["subject"]["id"]) == (201, subject)


async def test_a_foreign_subject_or_role_is_answered_like_a_missing_one(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    key, ann = site.with_key(acme.api_key), await site.signed_in("owner@globex.example")
    listed = read(await ann("GET", "/api/v1/orgs/globex/bindings"))["data"]
    for foreign in listed:
        kind = "member" if foreign["subject"]["id"].startswith("mem_") else "key"
        answers = [
            await key("POST", BINDINGS, {"subject": id, "role": "observer"}, SAME)
            for id in (foreign["subject"]["id"], text(kind, new()), "nonsense")
        ]
        assert {answer.body for answer in answers} == {answers[0].body}
        assert read(answers[0])["errors"][0]["pointer"] == "/subject"
        for method in ("GET", "DELETE"):
            answers = [
                await key(method, f"{BINDINGS}/{id}", None, SAME | ONE)
                for id in (foreign["id"], text("binding", new()), "x")
            ]
            assert {(answer.code, answer.body) for answer in answers} == {(404, answers[0].body)}
    assert read(await ann("GET", "/api/v1/orgs/globex/bindings"))["data"] == listed


async def test_every_bad_field_of_a_role_is_named(site: Site, acme: Org) -> None:
    answer = await site.with_key(acme.api_key)("POST", BINDINGS, {"subject": 7, "role": "king", "more": 1})
    assert outcome(answer) == (400, "invalid")
    pointers = {fault["pointer"] for fault in msgspec.json.decode(answer.body)["errors"]}
    assert pointers == {"/subject", "/role", "/more"}
