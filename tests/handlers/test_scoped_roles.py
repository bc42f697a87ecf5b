"""Roles in a scope and restricted API keys by REST: given, shown, refused with a pointer, taken back."""

from __future__ import annotations

from typing import Any

import pytest
from orgs import Org
from roles import key_of
from scene import Scene, build
from servers import Database
from web import Site, outcome, read

from hub.contract.ids import new, parse, text
from hub.contract.words import Role, Scope
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)
ORG = "/api/v1/orgs/acme"
BINDINGS, KEYS = f"{ORG}/bindings", f"{ORG}/keys"
SAME = {"X-Request-ID": "the-same"}


@pytest.fixture
def scene(io_loop: Any, ports: Ports, database: Database, site: Site, acme: Org) -> Scene:
    made: Scene = io_loop.run_sync(lambda: build(ports, database, site, acme), timeout=20)
    return made


async def faults(site: Site, path: str, body: dict[str, Any]) -> list[tuple[str, str]]:
    """The pointers and codes of a refused body."""
    answer = await site("POST", path, body)
    assert outcome(answer) == (400, "invalid"), answer.body
    return [(each["pointer"], each["code"]) for each in read(answer)["errors"]]


async def test_a_role_is_shown_with_where_it_holds(scene: Scene) -> None:
    _, key = await scene.nobody()
    names = {Scope.ORGANIZATION: "", Scope.TEAM: "Everybody", Scope.SERVICE: "First", Scope.INCIDENT: "#"}
    for scope in Scope:
        id = scene.mine.place(scope)
        made = await scene.bind(key, Role.OBSERVER, scope, id)
        assert (made["scope"]["kind"], made["scope"]["id"]) == (scope.value, id)
        assert bool(made["scope"]["name"]) is bool(names[scope])
        assert read(await scene.admin("GET", f"{BINDINGS}/{made['id']}")) == made
    listed = read(await scene.admin("GET", BINDINGS))["data"]
    mine = [each["scope"]["kind"] for each in listed if each["subject"]["id"] == key]
    assert mine == [scope.value for scope in Scope]
    plain = await scene.made("/bindings", {"subject": key, "role": "responder"})
    assert plain["scope"] == {"kind": "organization", "id": None, "name": ""}


async def test_a_role_is_given_once_in_each_place(scene: Scene) -> None:
    _, key = await scene.nobody()
    for service in (scene.mine.service, scene.other.service):
        await scene.bind(key, Role.OBSERVER, Scope.SERVICE, service)
        where = {"kind": "service", "id": service}
        again = await scene.admin("POST", BINDINGS, {"subject": key, "role": "observer", "scope": where})
        assert outcome(again) == (409, "not_allowed_now")


async def test_a_role_of_a_place_may_end_and_be_given_again(scene: Scene) -> None:
    _, key = await scene.nobody()
    await scene.bind(key, Role.OBSERVER, Scope.SERVICE, scene.mine.service)
    await scene.bind(key, Role.OBSERVER, Scope.SERVICE, scene.other.service)
    await scene.sql(
        "UPDATE role_binding SET expires_at = now() WHERE scope_id = $1", parse("service", scene.mine.service)
    )
    await scene.bind(key, Role.OBSERVER, Scope.SERVICE, scene.mine.service)
    listed = read(await scene.admin("GET", BINDINGS))["data"]
    assert [each["scope"]["id"] for each in listed if each["subject"]["id"] == key] == [
        scene.other.service, scene.mine.service,
    ]  # fmt: skip


async def test_the_audit_log_says_where(scene: Scene) -> None:
    _, key = await scene.nobody()
    made = await scene.bind(key, Role.OBSERVER, Scope.SERVICE, scene.mine.service)
    assert (await scene.admin("DELETE", f"{BINDINGS}/{made['id']}", None, {"If-Match": '"1"'})).code == 204
    told = read(await scene.admin("GET", f"{ORG}/audit?limit=2"))["data"]
    where = {"subject": key, "role": "observer", "scope": "service", "scope_id": scene.mine.service}
    assert [(each["action"], each["data"]) for each in told] == [
        ("role.revoked", where),
        ("role.granted", where),
    ]


async def test_what_a_scope_names_wrongly_is_pointed_at(scene: Scene, globex: Org) -> None:
    _, key = await scene.nobody()
    theirs = scene.admin.with_key(globex.api_key)
    path = "/api/v1/orgs/globex"
    foreign = {
        "service": read(await theirs("GET", f"{path}/services"))["data"][0]["id"],
        "team": read(await theirs("GET", f"{path}/teams"))["data"][0]["id"],
    }
    asked = {"service": foreign["service"], "title": "Theirs", "severity": "SEV5"}
    foreign["incident"] = read(await theirs("POST", f"{path}/incidents", asked))["id"]
    for kind, id in foreign.items():
        answers = [
            await scene.admin(
                "POST",
                BINDINGS,
                {"subject": key, "role": "observer", "scope": {"kind": kind, "id": one}},
                SAME,
            )
            for one in (id, text(kind, new()), scene.mine.receipt, id.upper(), f"{id} ")
        ]
        assert {answer.body for answer in answers} == {answers[0].body}
        assert outcome(answers[0]) == (400, "invalid")
    base = {"subject": key, "role": "observer"}
    for scope, pointer, code in (
        ({"kind": "service"}, "/scope/id", "missing"),
        ({"kind": "service", "id": None}, "/scope/id", "missing"),
        ({"kind": "service", "id": ""}, "/scope/id", "missing"),
        ({"kind": "service", "id": scene.mine.team}, "/scope/id", "unknown"),
        ({"kind": "team", "id": scene.mine.service}, "/scope/id", "unknown"),
        ({"kind": "organization", "id": text("organization", scene.org.tenant)}, "/scope/id", "not_a_choice"),
    ):
        assert await faults(scene.admin, BINDINGS, base | {"scope": scope}) == [(pointer, code)]
    for wrong in (
        {"kind": "galaxy"},
        {"id": scene.mine.service},
        {"kind": "service", "id": 7},
        "service",
        [],
        None,
    ):
        [(pointer, _)] = await faults(scene.admin, BINDINGS, base | {"scope": wrong})
        assert pointer.startswith("/scope")
    extra = base | {"scope": {"kind": "service", "id": scene.mine.service, "name": "x"}}
    assert [pointer for pointer, _ in await faults(scene.admin, BINDINGS, extra)] == ["/scope/name"]


async def test_an_owner_owns_the_whole_organization(scene: Scene) -> None:
    owner = await scene.admin.signed_in("owner@acme.example")
    [me] = read(await owner("GET", f"{ORG}/members"))["data"]
    for scope in (Scope.TEAM, Scope.SERVICE, Scope.INCIDENT):
        where = {"kind": scope.value, "id": scene.mine.place(scope)}
        assert await faults(owner, BINDINGS, {"subject": me["id"], "role": "owner", "scope": where}) == [
            ("/role", "not_a_choice")
        ]


async def test_nobody_gives_more_than_they_hold_there(scene: Scene) -> None:
    _, key = await scene.nobody()
    keeper = scene.admin.with_key(
        await key_of(scene.ports, scene.org, Role.ADMIN, ("member:manage", "member:read", "incident:read"))
    )
    for role, scope in (
        (Role.OBSERVER, Scope.SERVICE),
        (Role.ADMIN, Scope.TEAM),
        (Role.OBSERVER, Scope.INCIDENT),
    ):
        where = {"kind": scope.value, "id": scene.mine.place(scope)}
        refused = await keeper("POST", BINDINGS, {"subject": key, "role": role.value, "scope": where})
        assert outcome(refused) == (403, "forbidden")
    for scope in (Scope.TEAM, Scope.SERVICE, Scope.INCIDENT):
        site = await scene.actor(Role.ADMIN, scope)
        where = {"kind": scope.value, "id": scene.mine.place(scope)}
        refused = await site("POST", BINDINGS, {"subject": key, "role": "observer", "scope": where})
        assert outcome(refused) == (403, "forbidden"), "roles are given by who manages members"


async def test_who_manages_a_team_lets_nobody_have_what_they_have_not(scene: Scene) -> None:
    manager = await scene.actor(Role.ADMIN, Scope.TEAM)
    owner = await scene.admin.signed_in("owner@acme.example")
    [me] = read(await owner("GET", f"{ORG}/members"))["data"]
    seat = f"{ORG}/teams/{scene.mine.team}/members/{me['id']}"
    version = read(await manager("GET", f"{ORG}/teams/{scene.mine.team}"))["version"]
    assert (await manager("DELETE", seat, None, {"If-Match": f'"{version}"'})).code == 200
    for scope, id, code in (
        (Scope.TEAM, scene.mine.team, 200), (Scope.SERVICE, scene.mine.service, 200),
        (Scope.SERVICE, scene.other.service, 403), (Scope.ORGANIZATION, None, 403),
    ):  # fmt: skip
        made = await scene.bind(scene.mine.team, Role.OBSERVER, scope, id)
        assert (await manager("PUT", seat)).code == code, scope
        if code == 200:
            version = read(await manager("GET", f"{ORG}/teams/{scene.mine.team}"))["version"]
            assert (await manager("DELETE", seat, None, {"If-Match": f'"{version}"'})).code == 200
        await scene.admin("DELETE", f"{BINDINGS}/{made['id']}", None, {"If-Match": '"1"'})
    elsewhere = seat.replace(scene.mine.team, scene.other.team)
    assert outcome(await manager("PUT", elsewhere)) == (404, "not_found")


async def test_a_deleted_team_leaves_no_role_in_it_behind(scene: Scene) -> None:
    site = await scene.actor(Role.OBSERVER, Scope.TEAM, scene.other.team)
    path = f"{ORG}/services/{scene.other.service}"
    version = {"If-Match": (await scene.admin("GET", path)).headers["ETag"]}
    assert (await scene.admin("PATCH", path, {"team": None}, version)).code == 200
    assert read(await site("GET", f"{ORG}/incidents"))["data"] == []
    team = f"{ORG}/teams/{scene.other.team}"
    version = {"If-Match": (await scene.admin("GET", team)).headers["ETag"]}
    assert (await scene.admin("DELETE", team, None, version)).code == 204
    assert outcome(await site("GET", f"{ORG}/incidents")) == (403, "forbidden")
    assert scene.other.team.encode() not in (await scene.admin("GET", f"{BINDINGS}?limit=200")).body


async def test_nobody_has_more_than_200_roles(scene: Scene) -> None:
    _, key = await scene.nobody()
    await scene.sql(
        "INSERT INTO role_binding SELECT $1, gen_random_uuid(), 'key', $2, 'observer', 'service',"
        " gen_random_uuid(), now() FROM generate_series(1, 199)",
        scene.org.tenant, parse("key", key),
    )  # fmt: skip
    await scene.bind(key, Role.OBSERVER, Scope.SERVICE, scene.mine.service)
    where = {"kind": "service", "id": scene.other.service}
    more = await scene.admin("POST", BINDINGS, {"subject": key, "role": "observer", "scope": where})
    assert outcome(more) == (409, "not_allowed_now")


# --- API keys for some services -------------------------------------------------------------------------


async def test_a_key_may_be_for_some_services_alone(scene: Scene) -> None:
    asked = {"name": "A bot", "role": "responder", "services": [scene.mine.service, scene.mine.service]}
    made = await scene.made("/keys", asked)
    assert (made["roles"], [each["id"] for each in made["services"]]) == (["responder"], [scene.mine.service])
    shown = read(await scene.admin("GET", f"{KEYS}/{made['id']}"))
    assert shown["services"] == made["services"]
    assert shown["services"][0]["name"]
    bot = scene.admin.with_key(made["secret"])
    assert [each["id"] for each in read(await bot("GET", f"{ORG}/services"))["data"]] == [scene.mine.service]
    note = {"text": "on it"}
    assert (await bot("POST", f"{ORG}/incidents/{scene.mine.incident}/note", note)).code == 200
    other = await bot("POST", f"{ORG}/incidents/{scene.other.incident}/note", note)
    assert outcome(other) == (404, "not_found")
    assert outcome(await bot("GET", f"{ORG}/members")) == (403, "forbidden")
    whole = await scene.made("/keys", {"name": "All", "role": "observer"})
    assert whole["services"] == []
    await scene.bind(made["id"], Role.OBSERVER, Scope.ORGANIZATION, None)
    widened = read(await scene.admin("GET", f"{KEYS}/{made['id']}"))
    assert (widened["roles"], widened["services"]) == (["responder", "observer"], [])


async def test_a_restricted_key_is_made_of_what_is_there(scene: Scene, globex: Org) -> None:
    theirs = scene.admin.with_key(globex.api_key)
    foreign = read(await theirs("GET", "/api/v1/orgs/globex/services"))["data"][0]["id"]
    base = {"name": "A bot", "role": "admin"}
    wrong = [scene.mine.service, foreign, text("service", new()), scene.mine.team]
    assert await faults(scene.admin, KEYS, base | {"services": wrong}) == [
        ("/services/1", "unknown"), ("/services/2", "unknown"), ("/services/3", "unknown"),
    ]  # fmt: skip
    [(pointer, _)] = await faults(scene.admin, KEYS, base | {"services": []})
    assert pointer == "/services"
    here = base | {"services": [scene.mine.service]}
    assert await faults(scene.admin, KEYS, here | {"scopes": ["incident:read", "member:read"]}) == [
        ("/scopes/1", "not_a_choice")
    ]
    assert b"A bot" not in (await scene.admin("GET", KEYS)).body
    made = await scene.made("/keys", here | {"scopes": ["incident:read"]})
    bot = scene.admin.with_key(made["secret"])
    assert (await bot("GET", f"{ORG}/incidents/{scene.mine.incident}")).code == 200
    assert outcome(await bot("GET", f"{ORG}/services")) == (403, "forbidden")


async def test_a_restricted_key_is_rotated_by_who_holds_what_it_may_do(scene: Scene) -> None:
    made = await scene.made("/keys", {"name": "A bot", "role": "admin", "services": [scene.mine.service]})
    rotate, once = f"{KEYS}/{made['id']}/rotate", {"overlap_seconds": 0}
    weak = scene.admin.with_key(
        await key_of(scene.ports, scene.org, Role.ADMIN, ("key:manage", "incident:read"))
    )
    assert outcome(await weak("POST", rotate, once)) == (403, "forbidden")
    asked = {"name": "B", "role": "observer", "services": [scene.mine.service]}
    assert outcome(await weak("POST", KEYS, asked)) == (403, "forbidden")
    rotated = read(await scene.admin("POST", rotate, once))
    assert [each["id"] for each in rotated["services"]] == [scene.mine.service]
    bot = scene.admin.with_key(rotated["secret"])
    assert outcome(await bot("GET", f"{ORG}/incidents/{scene.other.incident}")) == (404, "not_found")
