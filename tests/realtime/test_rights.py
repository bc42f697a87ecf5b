"""Revocation: what ends or narrows a stream, and that nothing is sent while rights are in doubt."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from following import CONTEXT, administrative, follow, happen, make_key, note
from orgs import Org
from servers import Database
from web import Site

from hub.contract.administration import RoleGranted, SessionUsed
from hub.contract.frames import CLOSE_CODES
from hub.contract.words import Role, Scope
from hub.realtime.doorbell import Doorbell
from hub.realtime.station import Station
from hub.services import credentials
from hub.services.access import system
from hub.services.change import change
from hub.services.ports import Ports
from hub.storage import credentials as stored

REVOKED = (["revoked"], CLOSE_CODES["revoked"])


async def rebind(database: Database, org: Org, statement: str) -> None:
    """Change the bindings of an organization as no service of ours can yet."""
    connection = await asyncpg.connect(database.admin_url)
    try:
        await connection.execute(statement, org.tenant)
    finally:
        await connection.close()


def granted(role: Role) -> RoleGranted:
    return RoleGranted(subject="mem_of_a_test", role=role, scope=Scope.ORGANIZATION)


@pytest.mark.parametrize("is_rung", [True, False])
@pytest.mark.gen_test(timeout=30)
async def test_signing_out_ends_the_streams_of_that_session_and_no_other(
    live: Site, ports: Ports, acme: Org, doorbell: Doorbell, is_rung: bool
) -> None:
    leaving, staying = [await live.signed_in(acme.founded.email) for _ in range(2)]
    async with await follow(leaving, acme) as ends, await follow(staying, acme) as stays:
        if not is_rung:
            await doorbell.stop()  # as if Redis were away
        assert (await leaving("DELETE", "/api/v1/session")).code == 204
        assert await ends.end() == REVOKED
        await note(ports, acme, "only for who stays")
        assert (await stays.until("only for who stays"))[-1] == "only for who stays"
        assert "only for who stays" not in ends.texts


@pytest.mark.gen_test(timeout=30)
async def test_nothing_that_follows_a_revocation_is_delivered(live: Site, ports: Ports, acme: Org) -> None:
    secret = await make_key(ports, acme, Role.RESPONDER)
    key = await credentials.find(ports, secret)
    assert key is not None
    async with await follow(live.with_key(secret), acme) as following:
        await note(ports, acme, "before")
        await following.until("before")
        async with change(ports, system("founder", acme.tenant, acme.slug), CONTEXT) as changed:
            assert await stored.end(changed.tx, "api_key", key.id)
            changed.happened(administrative(), acme.tenant)
        for number in range(20):
            await note(ports, acme, f"after {number}")
        assert await following.end() == REVOKED
        assert following.texts == ["before"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM role_binding WHERE tenant_id = $1",
        "UPDATE role_binding SET expires_at = now() WHERE tenant_id = $1",
        "UPDATE membership SET expires_at = now() WHERE tenant_id = $1",
    ],
)
@pytest.mark.gen_test(timeout=30)
async def test_a_member_who_lost_everything_loses_the_stream(
    live: Site, ports: Ports, acme: Org, database: Database, statement: str
) -> None:
    async with await follow(await live.signed_in(acme.founded.email), acme) as following:
        await rebind(database, acme, statement)
        await happen(ports, acme.tenant, granted(Role.OBSERVER))
        assert await following.end() == REVOKED


@pytest.mark.gen_test(timeout=30)
async def test_a_demoted_owner_goes_on_with_less(
    live: Site, ports: Ports, acme: Org, database: Database
) -> None:
    async with await follow(await live.signed_in(acme.founded.email), acme) as following:
        await happen(ports, acme.tenant, administrative("seen"))
        assert "team.created" in await following.until("team.created")
        await rebind(database, acme, "UPDATE role_binding SET role = 'responder' WHERE tenant_id = $1")
        await happen(ports, acme.tenant, granted(Role.RESPONDER))
        assert (await following.next("reset"))["reason"] == "view"
        await happen(ports, acme.tenant, administrative("not seen"))
        await note(ports, acme, "for all")
        assert await following.until("for all") == ["for all"]


@pytest.mark.gen_test(timeout=30)
async def test_a_change_that_takes_nothing_away_is_not_even_noticed(
    live: Site, ports: Ports, acme: Org, observer_key: str
) -> None:
    async with await follow(live.with_key(observer_key), acme) as following:
        await happen(ports, acme.tenant, administrative(), SessionUsed(device="a phone"))
        await note(ports, acme, "on and on")
        assert await following.until("on and on") == ["on and on"]
        assert [frame["frame"] for frame in following.frames] == ["welcome", "events"]


@pytest.mark.gen_test(timeout=30)
async def test_a_key_that_expires_ends_its_streams(live: Site, ports: Ports, acme: Org) -> None:
    secret = await make_key(ports, acme, Role.OBSERVER, ports.clock() + timedelta(seconds=1))
    async with await follow(live.with_key(secret), acme) as following:
        assert following.frames[0]["expires_at"]
        assert await following.end() == (["expired"], CLOSE_CODES["expired"])


@pytest.mark.gen_test(timeout=30)
async def test_rights_are_read_again_by_every_hello(
    live: Site, ports: Ports, acme: Org, database: Database, observer_key: str
) -> None:
    async with await follow(live.with_key(observer_key), acme) as following:
        await rebind(database, acme, "DELETE FROM role_binding WHERE tenant_id = $1")
        following.socket.write_message('{"frame":"hello"}')
        assert await following.end() == REVOKED


@pytest.mark.gen_test(timeout=30)
async def test_an_ended_session_of_another_person_is_none_of_our_business(
    live: Site, ports: Ports, acme: Org, globex: Org, station: Station
) -> None:
    ours = await live.signed_in(acme.founded.email)
    theirs = await live.signed_in(globex.founded.email)
    async with await follow(ours, acme) as following, await follow(theirs, globex) as other:
        persons: set[UUID] = set(station._feeds) - {acme.tenant, globex.tenant}
        assert len(persons) == 2
        assert (await theirs("DELETE", "/api/v1/session")).code == 204
        assert await other.end() == REVOKED
        await note(ports, acme, "still here")
        assert (await following.until("still here"))[-1] == "still here"
