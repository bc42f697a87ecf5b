"""API keys by REST: shown once, narrowed by scopes, rotated and deleted; nobody reaches above themselves."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from orgs import Org
from roles import CONTEXT, key_of
from web import Site, outcome, read

from hub.contract.ids import new, text
from hub.contract.integrations import Rotate
from hub.contract.words import Action, Role
from hub.domain.errors import Unavailable
from hub.services import access, api_keys, credentials
from hub.services.ports import Ports
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=30)
KEYS = "/api/v1/orgs/acme/keys"
BOARD = "/api/v1/orgs/acme/incidents"
SAME = {"X-Request-ID": "the-same"}
FORM = re.compile(r"ihk_[a-z0-9]{8}_[a-z0-9]{32}[a-z0-9]{6}")


async def made(site: Site, org: Org, headers: dict[str, str] | None = None, **asked: Any) -> dict[str, Any]:
    """A new key."""
    asked = {"name": "A bot", "role": "responder"} | asked
    answer = await site.with_key(org.api_key)("POST", f"/api/v1/orgs/{org.slug}/keys", asked, headers)
    assert answer.code == 201, answer.body
    assert answer.headers["Location"] == f"/api/v1/orgs/{org.slug}/keys/{read(answer)['id']}"
    return dict(read(answer))


async def statuses(site: Site, *secrets: str) -> list[int]:
    """What the board answers to each key."""
    return [(await site.with_key(secret)("GET", BOARD)).code for secret in secrets]


async def test_a_key_is_shown_once_and_known_by_its_end(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    bot = await made(site, acme)
    secret = bot.pop("secret")
    assert FORM.fullmatch(secret)
    assert (bot["roles"], bot["scopes"], bot["last4"]) == (["responder"], [], secret[-4:])
    assert (bot["expires_at"], bot["last_used_at"], bot["old_key_until"]) == (None, None, None)
    shown = await key("GET", f"{KEYS}/{bot['id']}")
    assert (read(shown), shown.headers["ETag"]) == (bot, '"1"')
    listed, audit = await key("GET", KEYS), await key("GET", "/api/v1/orgs/acme/audit")
    assert [each["name"] for each in read(listed)["data"]] == ["First key", "A bot"]
    assert secret.encode() not in shown.body + listed.body + audit.body
    assert [entry["action"] for entry in read(audit)["data"][:2]] == ["role.granted", "key.created"]


async def test_a_mistyped_key_is_refused_without_asking_the_database(ports: Ports, acme: Org) -> None:
    away, key = replace(ports, store=Store("postgresql://nobody@127.0.0.1:1/none")), acme.api_key
    for at in range(len("ihk_"), len(key)):
        assert (
            await credentials.find(away, f"{key[:at]}{'a' if key[at] != 'a' else 'b'}{key[at + 1 :]}") is None
        )
    with pytest.raises(Unavailable):
        await credentials.find(away, key)


async def test_keys_come_in_pages(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    for name in ("one", "two"):
        await made(site, acme, name=name)
    seen, path = [], f"{KEYS}?limit=2"
    while path:
        answer = await key("GET", path)
        seen.append([each["name"] for each in read(answer)["data"]])
        path = answer.headers.get("Link", "").removeprefix("<").partition(">")[0]
    assert seen == [["First key", "one"], ["two"]]


async def test_a_key_acts_under_its_own_name_with_its_role(site: Site, acme: Org) -> None:
    bot = await made(site, acme)
    [service] = read(await site.with_key(bot["secret"])("GET", "/api/v1/orgs/acme/services"))["data"]
    opened = await site.with_key(bot["secret"])("POST", BOARD, {"title": "x", "service": service["id"]})
    assert opened.code == 201
    timeline = read(await site.with_key(acme.api_key)("GET", f"{BOARD}/1/timeline"))["data"]
    assert (timeline[0]["actor"], timeline[0]["actorname"]) == (bot["id"], "A bot")
    assert outcome(await site.with_key(bot["secret"])("GET", KEYS)) == (403, "forbidden")
    used = read(await site.with_key(acme.api_key)("GET", f"{KEYS}/{bot['id']}"))["last_used_at"]
    assert used is not None


async def test_scopes_narrow_a_key_to_these_actions(site: Site, acme: Org) -> None:
    bot = await made(site, acme, scopes=["incident:read", "incident:note"])
    assert sorted(bot["scopes"]) == ["incident:note", "incident:read"]
    visitor = site.with_key(bot["secret"])
    assert (await visitor("GET", BOARD)).code == 200
    assert outcome(await visitor("GET", "/api/v1/orgs/acme/services")) == (403, "forbidden")


async def test_every_bad_field_of_a_key_is_named(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    bad = {"name": "", "role": "king", "scopes": [], "expires_at": "2030-01-01T00:00:00", "colour": 1}
    answer = await key("POST", KEYS, bad)
    assert outcome(answer) == (400, "invalid")
    assert {fault["pointer"] for fault in read(answer)["errors"]} == {"/" + name for name in bad}
    browser = await site.signed_in("owner@acme.example")
    for asked, pointer in (
        ({"role": "owner"}, "/role"),
        ({"scopes": ["incident:read", "audit:read"]}, "/scopes/1"),
        ({"scopes": ["log:read"]}, "/scopes/0"),
        ({"scopes": ["incident:fly"]}, "/scopes/0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "/expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+23:59"}, "/expires_at"),
    ):
        refused = await browser("POST", KEYS, {"name": "A bot", "role": "responder"} | asked)
        assert outcome(refused) == (400, "invalid"), asked
        assert [fault["pointer"] for fault in read(refused)["errors"]] == [pointer]
    assert len(read(await key("GET", KEYS))["data"]) == 1


@pytest.mark.parametrize("role", [Role.RESPONDER, Role.OBSERVER])
async def test_who_does_not_administer_sees_no_keys(site: Site, ports: Ports, acme: Org, role: Role) -> None:
    bot = await made(site, acme)
    key = site.with_key(await key_of(ports, acme, role))
    path = f"{KEYS}/{bot['id']}"
    for method, at, body in (
        ("GET", KEYS, None),
        ("POST", KEYS, {"name": "Mine", "role": "observer"}),
        ("GET", path, None),
        ("DELETE", path, None),
        ("POST", path + "/rotate", {}),
    ):
        assert outcome(await key(method, at, body, {"If-Match": '"1"'})) == (403, "forbidden")
    assert await statuses(site, bot["secret"]) == [200]


async def test_a_narrowed_key_gets_at_nothing_wider_than_itself(site: Site, acme: Org) -> None:
    narrow = await made(site, acme, role="admin", scopes=["key:manage", "incident:read"])
    visitor = site.with_key(narrow["secret"])
    [first, own] = read(await visitor("GET", KEYS))["data"]
    asked = {"name": "Wider", "role": "admin"}
    assert outcome(await visitor("POST", KEYS, asked)) == (403, "forbidden")
    assert outcome(await visitor("POST", f"{KEYS}/{first['id']}/rotate", {})) == (403, "forbidden")
    assert (await visitor("POST", f"{KEYS}/{own['id']}/rotate", {})).code == 200
    assert await statuses(site, acme.api_key) == [200]


async def test_a_foreign_key_is_answered_like_a_missing_one(site: Site, acme: Org, globex: Org) -> None:
    foreign = (await made(site, globex))["id"]
    key = site.with_key(acme.api_key)
    for method, end, body in (("GET", "", None), ("DELETE", "", None), ("POST", "/rotate", {})):
        answers = [
            await key(method, f"{KEYS}/{id}{end}", body, SAME | {"If-Match": '"1"'})
            for id in (foreign, text("key", new()), "nonsense")
        ]
        assert {(answer.code, answer.body) for answer in answers} == {(404, answers[0].body)}
    listed = read(await site.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/keys"))["data"]
    assert foreign in [each["id"] for each in listed]


async def test_a_repeated_request_never_shows_a_secret_again(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    first = await made(site, acme, {"Idempotency-Key": "k1"})
    again = await made(site, acme, {"Idempotency-Key": "k1"})
    assert again == first | {"secret": None}
    path = f"{KEYS}/{first['id']}/rotate"
    rotated = read(await key("POST", path, {}, {"Idempotency-Key": "k2"}))
    replay = await key("POST", path, {}, {"Idempotency-Key": "k2"})
    assert (replay.headers["Idempotent-Replayed"], read(replay)) == ("true", rotated | {"secret": None})
    other = await key("POST", path, {"overlap_seconds": 1}, {"Idempotency-Key": "k2"})
    assert outcome(other) == (422, "idempotency_key_reused")
    assert await statuses(site, rotated["secret"]) == [200]
    assert rotated["secret"] not in msgspec.json.encode(again).decode()


async def test_a_rotation_overlaps_for_as_long_as_it_says(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    bot = await made(site, acme, scopes=["incident:read"])
    path = f"{KEYS}/{bot['id']}/rotate"
    second = read(await key("POST", path, {"overlap_seconds": 60}))
    assert (second["version"], second["scopes"], second["roles"]) == (2, bot["scopes"], bot["roles"])
    assert second["old_key_until"] is not None
    assert await statuses(site, bot["secret"], second["secret"]) == [200, 200]
    third = read(await key("POST", path, {}))
    assert (third["version"], third["old_key_until"]) == (3, None)
    assert await statuses(site, bot["secret"], second["secret"], third["secret"]) == [401, 401, 200]
    [entry] = read(await key("GET", "/api/v1/orgs/acme/audit?limit=1"))["data"]
    assert (entry["action"], entry["data"]) == ("key.rotated", {"old_key_until": None})
    assert len(read(await key("GET", KEYS))["data"]) == 2


@pytest.mark.parametrize(("overlap", "left"), [(0, 1), (600, 2)])
async def test_rotations_at_once_leave_no_secret_behind(
    site: Site, acme: Org, overlap: int, left: int
) -> None:
    key = await made(site, acme)
    path, admin = f"{KEYS}/{key['id']}", site.with_key(acme.api_key)
    asked = {"overlap_seconds": overlap}
    answers = await asyncio.gather(*(admin("POST", f"{path}/rotate", asked) for _ in range(12)))
    assert [answer.code for answer in answers] == [200] * 12
    found = await statuses(site, key["secret"], *(read(answer)["secret"] for answer in answers))
    assert found.count(200) == left
    assert read(await admin("GET", path))["version"] == 13


async def test_an_overlap_ends_by_itself_and_an_expired_key_is_not_rotated(
    site: Site, ports: Ports, acme: Org
) -> None:
    bot = await made(site, acme)
    now = ports.clock()
    admin = await credentials.find(ports, acme.api_key)
    assert admin
    grant = await access.authorize(ports, admin, "acme", Action.KEY_MANAGE, CONTEXT)
    earlier = replace(ports, clock=lambda: now - timedelta(minutes=2))
    await api_keys.rotate(earlier, grant, bot["id"], Rotate(overlap_seconds=60), None, CONTEXT)
    assert await statuses(site, bot["secret"]) == [401]
    ends = (now + timedelta(hours=1)).isoformat()
    short = await made(site, acme, expires_at=ends)
    later = replace(ports, clock=lambda: now + timedelta(hours=2))
    with pytest.raises(api_keys.NotAllowedNow, match="expired"):
        await api_keys.rotate(later, grant, short["id"], Rotate(), None, CONTEXT)
    rotated = await api_keys.rotate(ports, grant, short["id"], Rotate(), None, CONTEXT)
    assert rotated[0].expires_at == now + timedelta(hours=1)


async def test_a_deleted_key_is_gone_with_its_roles(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    bot = await made(site, acme)
    path = f"{KEYS}/{bot['id']}"
    assert outcome(await key("DELETE", path)) == (428, "version_missing")
    await key("POST", path + "/rotate", {"overlap_seconds": 60})
    stale = await key("DELETE", path, None, {"If-Match": '"1"'})
    assert (outcome(stale), read(stale)["current"]["version"]) == ((412, "stale"), 2)
    assert await statuses(site, bot["secret"]) == [200]
    assert (await key("DELETE", path, None, {"If-Match": '"2"'})).code == 204
    assert await statuses(site, bot["secret"]) == [401]
    assert outcome(await key("GET", path)) == (404, "not_found")
    bindings = read(await key("GET", "/api/v1/orgs/acme/bindings"))["data"]
    assert bot["id"] not in [binding["subject"]["id"] for binding in bindings]
    [entry] = read(await key("GET", "/api/v1/orgs/acme/audit?limit=1"))["data"]
    assert (entry["action"], entry["target"]) == ("key.deleted", bot["id"])


async def test_a_key_is_as_old_as_it_is_however_often_it_is_rotated(site: Site, acme: Org) -> None:
    bot, key = await made(site, acme), site.with_key(acme.api_key)
    for version in (2, 3):
        rotated = read(await key("POST", f"{KEYS}/{bot['id']}/rotate", {}))
        assert (rotated["created_at"], rotated["version"]) == (bot["created_at"], version)


async def test_a_key_is_told_whose_it_is_and_where_it_may_go(site: Site, acme: Org, globex: Org) -> None:
    bot = await made(site, acme)
    told = read(await site.with_key(bot["secret"])("GET", "/api/v1/me"))
    assert (told["person"], told["key"], told["csrf"]) == (None, bot["id"], "")
    assert told["organizations"] == [{"slug": "acme", "name": "Acme", "member": "", "roles": ["responder"]}]
