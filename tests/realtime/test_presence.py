"""Presence on real sockets: seen by who may see the incident, over processes, and in no log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import pytest
from conftest import Bell
from crew import hire
from following import CONTEXT, Following, follow, note
from line import alarm, connected, fire, shown
from orgs import Org
from redis.asyncio import Redis
from served import Server, eventually, server
from servers import Database
from web import Site

from hub.config import Config
from hub.contract.frames import CLOSE_CODES
from hub.contract.ids import new, parse
from hub.contract.words import Role, Scope
from hub.embedded.spec import until
from hub.metrics import PRESENCE_HEARD
from hub.realtime.hint import Sealing, channel
from hub.realtime.link import dial as dial_redis
from hub.realtime.presence import PREFIX
from hub.realtime.room import Present, Statement
from hub.realtime.station import Station
from hub.services.access import system
from hub.services.change import change
from hub.services.credentials import hash_of, new_api_key
from hub.services.ports import Ports
from hub.storage import credentials, people
from hub.storage.credentials import Credential

BEAT = 0.05


def say(following: Following, incident: str, state: str = "viewing") -> None:
    frame = {"frame": "presence", "incident": incident, "state": state}
    following.socket.write_message(msgspec.json.encode(frame))


async def told(following: Following, incident: str, **members: str) -> None:
    """Read until exactly these are said to be at an incident, by their names."""
    while True:
        frame = await following.next("presence")
        found = {member["name"]: member["state"] for member in frame["members"]}
        if frame["incident"] == incident and found == members:
            return


def presences(following: Following) -> list[Any]:
    return [frame for frame in following.frames if frame["frame"] == "presence"]


@pytest.fixture
def quick(live: Site, station: Station) -> Site:
    """The server, which tells of presence twenty times a second."""
    station.presence.beat = BEAT
    return live


@asynccontextmanager
async def process(ports: Ports, config: Config) -> AsyncIterator[Server]:
    """One more web process."""
    async with server(ports, config) as ours:
        ours.station.presence.beat = BEAT
        yield ours


async def an_incident(ports: Ports, org: Org) -> str:
    await fire(ports, org, alarm("db-1"))
    return (await shown(ports, org))[0].id


def heard(verdict: str) -> float:
    return PRESENCE_HEARD.labels(verdict)._value.get()


def id_of(incident: str) -> UUID:
    id = parse("incident", incident)
    assert id
    return id


async def narrow_key(ports: Ports, org: Org, incident: UUID) -> str:
    """A key that sees one incident, and nothing else."""
    secret, subject = new_api_key(), new()
    key = Credential(
        tenant_id=org.tenant, id=new(), kind="api_key", subject=subject, scopes=(), expires_at=None,
        last_used_at=None, about={"name": "narrow"},
    )  # fmt: skip
    async with change(ports, system("founder", org.tenant, org.slug), CONTEXT) as changed:
        await credentials.add(changed.tx, hash_of(secret), key, changed.now)
        where = (Scope.INCIDENT, incident)
        await people.bind(changed.tx, new(), ("key", subject), Role.OBSERVER, where, changed.now)
    return secret


async def is_heard(redis: Redis, where: str) -> bool:
    """Whether somebody listens on a channel."""
    [(_, listeners)] = await redis.pubsub_numsub(where)
    return bool(listeners)


@pytest.mark.gen_test(timeout=30)
async def test_people_see_each_other_come_type_and_go_and_the_log_knows_nothing(
    quick: Site, ports: Ports, acme: Org, database: Database
) -> None:
    incident = await an_incident(ports, acme)
    ann = await hire(ports, quick, acme, "Ann", Role.RESPONDER)
    bob = await hire(ports, quick, acme, "Bob", Role.OBSERVER)
    async with await follow(ann.browser, acme) as anns, await follow(bob.browser, acme) as bobs:
        async with connected(database.admin_url) as admin:
            head = "SELECT sum(position) FROM head"
            before = await admin.fetchval(head)
            say(anns, incident)
            await told(bobs, incident, Ann="viewing")
            say(bobs, incident)
            await told(anns, incident, Ann="viewing", Bob="viewing")
            say(bobs, incident, "typing")
            await told(anns, incident, Ann="viewing", Bob="typing")
            assert {one["id"] for one in presences(anns)[-1]["members"]} == {ann.member, bob.member}
            say(bobs, incident, "gone")
            await told(anns, incident, Ann="viewing")
            assert await admin.fetchval(head) == before
        async with await follow(bob.browser, acme) as late:
            await told(late, incident, Ann="viewing")
        anns.socket.close()
        await told(bobs, incident)


@pytest.mark.gen_test(timeout=30)
async def test_other_processes_see_it_and_one_that_ends_is_seen_to_end(
    ports: Ports, config: Config, acme: Org
) -> None:
    incident = await an_incident(ports, acme)
    async with (
        process(ports, config) as first,
        await first.follow(acme) as here,
        process(ports, config) as second,
        await second.follow(acme) as there,
    ):
        say(there, incident)
        await told(here, incident, **{"First key": "viewing"})
        there.socket.close()
        await told(here, incident)


@pytest.mark.gen_test(timeout=30)
async def test_who_may_not_see_an_incident_neither_hears_nor_is_heard_there(
    quick: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    incident, theirs = await an_incident(ports, acme), await an_incident(ports, globex)
    await fire(ports, acme, alarm("db-2"))
    elsewhere = (await shown(ports, acme))[-1].id
    secret = await narrow_key(ports, acme, id_of(elsewhere))
    async with (
        await follow(quick.with_key(acme.api_key), acme) as ours,
        await follow(quick.with_key(secret), acme) as narrow,
        await follow(quick.with_key(globex.api_key), globex) as others,
    ):
        say(ours, theirs)
        say(others, incident)
        say(ours, "inc_" + "0" * 26)
        say(ours, "not an id")
        say(others, theirs)
        await told(others, theirs, **{"First key": "viewing"})
        say(narrow, incident)
        say(ours, incident)
        await told(ours, incident, **{"First key": "viewing"})
        say(narrow, elsewhere)
        await told(narrow, elsewhere, narrow="viewing")
        await told(ours, elsewhere, narrow="viewing")
        assert [frame["incident"] for frame in presences(ours)] == [incident, elsewhere]
        assert [frame["incident"] for frame in presences(narrow)] == [elsewhere]
        assert [frame["incident"] for frame in presences(others)] == [theirs]


@pytest.mark.gen_test(timeout=30)
async def test_an_incident_that_becomes_private_is_not_told_of_to_those_outside(
    quick: Site, ports: Ports, acme: Org, database: Database
) -> None:
    incident = await an_incident(ports, acme)
    site = quick.with_key(acme.api_key)
    async with await follow(site, acme) as first, await follow(site, acme) as second:
        say(first, incident)
        await told(second, incident, **{"First key": "viewing"})
        async with connected(database.admin_url) as admin:
            await admin.execute("UPDATE incident SET private = true")
        say(first, incident, "typing")
        await fire(ports, acme, alarm("db-2"))
        public = (await shown(ports, acme))[-1].id
        say(first, public, "typing")
        await told(second, public, **{"First key": "typing"})
        assert "typing" not in {
            one["state"]
            for frame in presences(second)
            if frame["incident"] == incident
            for one in frame["members"]
        }


@pytest.mark.gen_test(timeout=30)
async def test_a_hostile_redis_cannot_put_anybody_into_a_room(
    ports: Ports, belled: Config, acme: Org, globex: Org
) -> None:
    incident = await an_incident(ports, acme)
    before = {verdict: heard(verdict) for verdict in ("forged", "stale")}
    people_there = [Present(id_of(incident), "mem_of_nobody", "Mallory", "typing")]
    statement = Statement(acme.tenant, new(), ports.clock().timestamp(), people_there)
    forged = Sealing((b"e" * 32,), Statement).close(statement)
    hints = Sealing(belled.keys("hint"), Statement).close(statement)
    old = msgspec.structs.replace(statement, at=statement.at - 60)
    foreign = msgspec.structs.replace(statement, tenant=globex.tenant)
    ours = Sealing(belled.keys("presence"), Statement)
    async with (
        process(ports, belled) as hub,
        await hub.follow(acme) as following,
        dial_redis(belled.redis_url) as redis,
    ):
        where = channel(acme.tenant, PREFIX)
        await until(partial(is_heard, redis, where), 10)
        for payload in (forged, hints, ours.close(foreign), b"", b"\0" * 300_000, ours.close(old)):
            await redis.publish(where, payload)
        say(following, incident)
        await told(following, incident, **{"First key": "viewing"})
        await eventually(lambda: heard("forged") == before["forged"] + 5)
        await eventually(lambda: heard("stale") == before["stale"] + 1)
        await redis.publish(where, ours.close(statement))
        await told(following, incident, **{"First key": "viewing", "Mallory": "typing"})  # a key of ours
        names = [{one["name"] for one in frame["members"]} for frame in presences(following)]
        assert names == [{"First key"}, {"First key", "Mallory"}]


@pytest.mark.gen_test(timeout=30)
async def test_without_redis_others_are_not_seen_and_nothing_else_is_missing(
    ports: Ports, belled: Config, bell: Bell, acme: Org
) -> None:
    incident = await an_incident(ports, acme)
    async with (
        process(ports, belled) as first,
        process(ports, belled) as second,
        await first.follow(acme) as here,
        await second.follow(acme) as there,
    ):
        bell.stop()
        say(here, incident)
        await told(here, incident, **{"First key": "viewing"})
        await note(first.ports, acme, "still here")
        assert await here.until("still here") == ["still here"]
        assert await there.until("still here") == ["still here"]
        assert presences(there) == []
        bell.start()
        await bell.ready()
        await told(there, incident, **{"First key": "viewing"})


@pytest.mark.parametrize("frame", ['{"frame":"presence"}', '{"frame":"presence","incident":"1","state":"x"}'])
@pytest.mark.gen_test(timeout=30)
async def test_what_is_no_presence_ends_the_stream(live: Site, acme: Org, frame: str) -> None:
    async with await follow(live.with_key(acme.api_key), acme) as following:
        following.socket.write_message(frame)
        assert await following.end() == (["bad_request"], CLOSE_CODES["bad_request"])
