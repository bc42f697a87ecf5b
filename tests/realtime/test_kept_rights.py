"""Rights that a process keeps: it trusts them no longer than it knows that nobody took them away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial

import asyncpg
import msgspec
import pytest
from conftest import Bell
from following import follow, make_key
from orgs import PASSWORD, Org, Rung
from servers import Database
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from web import Site, read, serving

from hub.app import build
from hub.config import assets
from hub.contract.ids import text
from hub.contract.words import Role
from hub.door.application import House
from hub.door.gate import Gate
from hub.door.limits import Quotas
from hub.embedded.spec import until
from hub.handlers import pages
from hub.metrics import TENANTS_FOLLOWED
from hub.realtime import rights
from hub.realtime.doorbell import Doorbell
from hub.realtime.station import Station
from hub.services import founding, sessions
from hub.services.credentials import hash_of
from hub.services.grants import Grants
from hub.services.ports import Ports, utc_now
from hub.services.receive import Receiver

LIST = "/api/v1/orgs/acme/incidents"
SECONDS = 8  # of patience: what is not noticed at all would stay for a minute
pytestmark = pytest.mark.gen_test(timeout=40)


@pytest.fixture
def web_ports(web_ports: Ports, bell: Bell) -> Ports:
    """Those of the server, whose Valkey can be stopped; it rings nobody."""
    config = msgspec.structs.replace(web_ports.config, redis_url=bell.config.redis_url)
    return replace(web_ports, config=config, announce=Rung().announce)


@pytest.fixture
def live(live: Site, web_ports: Ports, station: Station) -> Site:
    """The server of this test, which keeps rights, as app.py has it."""
    web_ports.grants.following = station.rights
    return live


@pytest.fixture
def other(io_loop: IOLoop, web_ports: Ports, gate: Gate) -> Iterator[Site]:
    """Another web process of the same installation, which keeps nothing, and rings."""
    [socket] = bind_sockets(0, "127.0.0.1")
    config = msgspec.structs.replace(web_ports.config, port=socket.getsockname()[1])
    bell = Doorbell(config)
    ports = replace(web_ports, config=config, announce=bell, grants=Grants())
    house = build(ports, gate, Receiver(ports), Station(ports), pages.load(assets("static")))

    async def enter(stack: AsyncExitStack) -> Site:
        await bell.start()
        return await stack.enter_async_context(serving(house, socket))

    stack = AsyncExitStack()
    yield io_loop.run_sync(partial(enter, stack))
    io_loop.run_sync(stack.aclose)
    io_loop.run_sync(bell.stop)


async def warm(site: Site, ports: Ports) -> None:
    """Ask until the server keeps what it has proven."""
    secret = site.key or sessions.open_cookie(ports.config, site.cookie) or ""

    async def is_kept() -> bool:
        assert (await site("GET", LIST)).code == 200
        credential = ports.grants.credential(hash_of(secret), utc_now())
        return credential is not None and ports.grants.grant(credential.id, "acme", utc_now()) is not None

    await until(is_kept, SECONDS)


async def refused(site: Site) -> int:
    """The status, once it is not 200 any more."""
    status = 200

    async def is_refused() -> bool:
        nonlocal status
        status = (await site("GET", LIST)).code
        return status != 200

    await until(is_refused, SECONDS)
    return status


async def without_telling(database: Database, statement: str, *values: object) -> None:
    """Change something as no service of ours would: no event says so."""
    connection = await asyncpg.connect(database.admin_url)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def delete(site: Site, path: str) -> None:
    """Delete what is there now."""
    shown = await site("GET", path)
    answer = await site("DELETE", path, headers={"If-Match": shown.headers.get("ETag", "")})
    assert answer.code in {200, 204}, answer.body


Taking = Callable[[Site, Site, Ports, Org], Awaitable[int]]


async def revoke_key(owner: Site, victim: Site, ports: Ports, acme: Org) -> int:
    found = ports.grants.credential(hash_of(victim.key), utc_now())
    assert found
    await delete(owner, f"/api/v1/orgs/acme/keys/{text('key', found.subject)}")
    return 401


async def take_binding(owner: Site, victim: Site, ports: Ports, acme: Org) -> int:
    found = ports.grants.credential(hash_of(victim.key), utc_now())
    assert found
    bound = read(await owner("GET", "/api/v1/orgs/acme/bindings?limit=200"))["data"]
    [mine] = [each["id"] for each in bound if each["subject"]["id"] == text("key", found.subject)]
    await delete(owner, f"/api/v1/orgs/acme/bindings/{mine}")
    return 403


@pytest.mark.parametrize("is_rung", [True, False])
@pytest.mark.parametrize("take", [revoke_key, take_binding])
async def test_what_another_process_takes_from_a_key_is_gone_here(
    live: Site, other: Site, web_ports: Ports, bell: Bell, acme: Org, take: Taking, is_rung: bool
) -> None:
    victim = live.with_key(await make_key(web_ports, acme, Role.RESPONDER))
    owner = await other.signed_in(acme.founded.email)
    await warm(victim, web_ports)
    if not is_rung:
        bell.stop()
    expected = await take(owner, victim, web_ports, acme)
    assert await refused(victim) == expected


@pytest.mark.parametrize("is_rung", [True, False])
async def test_a_session_that_ended_in_another_process_is_over_here(
    live: Site, other: Site, web_ports: Ports, bell: Bell, acme: Org, is_rung: bool
) -> None:
    victim = await live.signed_in(acme.founded.email)
    there = Site(other.url, other.config, cookie=victim.cookie, csrf=victim.csrf)
    await warm(victim, web_ports)
    if not is_rung:
        bell.stop()
    assert (await there("DELETE", "/api/v1/session")).code == 204
    assert await refused(victim) == 401


@pytest.mark.parametrize("is_rung", [True, False])
async def test_a_member_who_was_removed_elsewhere_is_a_stranger_here(
    live: Site, other: Site, web_ports: Ports, database: Database, bell: Bell, acme: Org, globex: Org,
    is_rung: bool,
) -> None:  # fmt: skip
    victim = await live.signed_in(globex.founded.email)
    await without_telling(
        database,
        "INSERT INTO membership (tenant_id, id, person_id, display_name, created_at)"
        " SELECT $1, gen_random_uuid(), tenant_id, 'Guest', now() FROM person WHERE email = $2",
        acme.tenant, globex.founded.email,
    )  # fmt: skip
    await without_telling(
        database,
        "INSERT INTO role_binding (tenant_id, id, subject_kind, subject_id, role, scope_kind, scope_id,"
        " created_at) SELECT $1, gen_random_uuid(), 'member', id, 'observer', 'organization', $1, now()"
        " FROM membership WHERE tenant_id = $1 AND display_name = 'Guest'",
        acme.tenant,
    )
    owner = await other.signed_in(acme.founded.email)
    await warm(victim, web_ports)
    if not is_rung:
        bell.stop()
    members = read(await owner("GET", "/api/v1/orgs/acme/members"))["data"]
    [guest] = [each for each in members if each["name"] == "Guest"]
    await delete(owner, f"/api/v1/orgs/acme/members/{guest['id']}")
    assert await refused(victim) == 404


async def test_a_kept_key_ends_with_its_time(live: Site, web_ports: Ports, acme: Org) -> None:
    soon = utc_now() + timedelta(seconds=2)
    victim = live.with_key(await make_key(web_ports, acme, Role.RESPONDER, soon))
    await warm(victim, web_ports)
    assert await refused(victim) == 401
    assert utc_now() >= soon


async def test_what_this_process_takes_is_gone_with_its_answer(
    live: Site, web_ports: Ports, bell: Bell, acme: Org
) -> None:
    victim = live.with_key(await make_key(web_ports, acme, Role.RESPONDER))
    owner = await live.signed_in(acme.founded.email)
    await warm(victim, web_ports)
    bell.stop()
    await revoke_key(owner, victim, web_ports, acme)
    assert (await victim("GET", LIST)).code == 401


async def test_a_process_that_cannot_ask_trusts_nothing_that_it_keeps(
    live: Site, web_ports: Ports, station: Station, database: Database, acme: Org
) -> None:
    victim = live.with_key(await make_key(web_ports, acme, Role.RESPONDER))
    await warm(victim, web_ports)
    await without_telling(database, "DELETE FROM role_binding WHERE tenant_id = $1", acme.tenant)
    assert (await victim("GET", LIST)).code == 200  # kept: nobody was told
    await station.heads.stop()  # as in a process that was stopped, or whose database is away
    ground = station.rights.ground(acme.tenant)
    assert ground

    async def is_unsure() -> bool:
        return not ground.is_confirmed

    await until(is_unsure, SECONDS)
    assert (await victim("GET", LIST)).code == 403


async def test_a_refusal_is_not_kept(
    live: Site, web_ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    key = live.with_key(await make_key(web_ports, acme, Role.RESPONDER))
    await warm(key, web_ports)
    assert (await key("POST", "/api/v1/orgs/acme/teams", {"name": "Mine"})).code == 403
    await without_telling(
        database, "UPDATE role_binding SET role = 'admin' WHERE tenant_id = $1", acme.tenant
    )
    web_ports.grants.happened(acme.tenant, ["role.granted"])
    assert (await key("POST", "/api/v1/orgs/acme/teams", {"name": "Mine"})).code == 201


async def test_foreign_and_missing_stay_alike_beside_what_is_kept(
    live: Site, web_ports: Ports, acme: Org, globex: Org
) -> None:
    victim = live.with_key(globex.api_key)
    mine = live.with_key(acme.api_key)
    await warm(mine, web_ports)
    assert (await victim("GET", "/api/v1/orgs/globex/incidents")).code == 200
    answers = [await mine("GET", f"/api/v1/orgs/{slug}/incidents") for slug in ("globex", "nobodys")]
    assert [answer.code for answer in answers] == [404, 404]
    foreign, missing = [msgspec.structs.asdict(msgspec.convert(read(a), Told)) for a in answers]
    assert foreign == missing


async def test_a_stranger_has_nothing_followed(live: Site, web_ports: Ports, acme: Org) -> None:
    await founding.found(web_ports, "initech", "Initech", "owner@initech.example", PASSWORD)
    owner = await live.signed_in(acme.founded.email)
    for slug in ("initech", "nobodys"):
        assert (await owner("GET", f"/api/v1/orgs/{slug}")).code == 404
    await warm(owner, web_ports)
    assert TENANTS_FOLLOWED._value.get() == 2  # acme, and the owner's own


class Told(msgspec.Struct):
    """A problem without the id of its request."""

    type: str
    title: str
    status: int
    detail: str
    code: str


async def test_a_tenant_that_nobody_asks_for_is_left(
    live: Site, web_ports: Ports, station: Station, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(rights, "SWEEP_SECONDS", 0.05)
    station.rights.start()
    await warm(live.with_key(acme.api_key), web_ports)

    async def is_left() -> bool:
        return TENANTS_FOLLOWED._value.get() == 0

    await until(is_left, SECONDS)
    assert (await live.with_key(acme.api_key)("GET", LIST)).code == 200


async def test_keys_that_are_at_hand_go_on_where_an_address_tried_too_many(
    live: Site, house: House, ports: Ports, web_ports: Ports, acme: Org, observer_key: str
) -> None:
    known, other = live.with_key(acme.api_key), live.with_key(observer_key)
    async with await follow(known, acme):
        await warm(known, web_ports)
        object.__setattr__(house.desk, "quotas", Quotas(1000, 1000, 2, 1))
        assert [(await live("GET", LIST)).code for _ in range(3)] == [401, 401, 429]
        assert [(await each("GET", LIST)).code for each in (known, other)] == [200, 429]
