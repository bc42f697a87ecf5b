"""One corpus, three transports: the same suffix from every cursor, byte for byte, however they are mixed."""

from __future__ import annotations

import re

import pytest
from following import administrative, dial, happen, make_key, note
from orgs import Org
from records import address, listen
from web import Site

from hub.contract.words import Role
from hub.services.ports import Ports

BODIES = re.compile(rb'"events":\[(.*)\](?:,"hidden":\[\],"more":(?:true|false))?\}$', re.DOTALL)
Suffix = list[str]


async def corpus(ports: Ports, org: Org) -> str:
    """Events of both views, more than two chunks, the last of them a note; its text."""
    for number in range(12):
        await note(ports, org, *(f'note {number}/{n} é\\u2028" ' for n in range(50)))
        await happen(ports, org.tenant, administrative(f"team {number}"))
    await note(ports, org, "the last one")
    return "the last one"


def joined(bodies: list[bytes]) -> bytes:
    """The members of event arrays, as they came."""
    return b",".join(body for body in bodies if body)


async def by_socket(site: Site, org: Org, after: str, last: str) -> tuple[bytes, str]:
    """What a WebSocket gives after a cursor, and the cursor behind it."""
    socket = await dial(site, org, after)
    bodies, cursor = [], after
    while last.encode() not in joined(bodies):
        message = await socket.read_message()
        assert isinstance(message, str)
        raw = message.encode()
        if found := BODIES.search(raw):
            bodies.append(found.group(1))
            cursor = raw.split(b'"cursor":"')[1].split(b'"')[0].decode()
    socket.close()
    return joined(bodies), cursor


async def by_records(site: Site, org: Org, after: str, last: str) -> tuple[bytes, str]:
    """The same as records."""
    async with listen(site, address(org), Last_Event_ID=after) as (listening, _):
        bodies = await listening.until(last)
        return joined([body.encode() for body in bodies]), listening.id


async def by_polls(site: Site, org: Org, after: str, last: str) -> tuple[bytes, str]:
    """The same in pages, some of them small."""
    bodies, cursor, limit = [], after, 1
    while last.encode() not in joined(bodies):
        path = f"/api/v1/orgs/{org.slug}/events?after={cursor}&limit={limit}"
        answer = await site("GET", path)
        found = BODIES.search(answer.body)
        assert found, answer.body
        bodies.append(found.group(1))
        cursor = answer.body.split(b'"cursor":"')[1].split(b'"')[0].decode()
        limit = min(256, limit * 3)
    return joined(bodies), cursor


@pytest.mark.parametrize("role", [Role.RESPONDER, Role.ADMIN])
@pytest.mark.gen_test(timeout=60)
async def test_every_transport_gives_the_same_bytes_after_every_cursor(
    live: Site, ports: Ports, acme: Org, role: Role
) -> None:
    site = live.with_key(await make_key(ports, acme, role))
    async with listen(site, address(acme)) as (listening, _):
        start = (await listening.next("welcome")).id
        last = await corpus(ports, acme)
        ids = [start]
        while len(listening.bodies) < 601 + (12 if role is Role.ADMIN else 0):
            ids.append((await listening.next("message")).id)
    for cursor in (start, *ids[1::97]):
        whole, end = await by_socket(site, acme, cursor, last)
        assert (whole, end) == await by_records(site, acme, cursor, last)
        assert (whole, end) == await by_polls(site, acme, cursor, last)
        assert end == ids[-1]
        assert whole == joined([body.encode() for body in listening.bodies[ids.index(cursor) :]])


@pytest.mark.gen_test(timeout=60)
async def test_a_client_may_change_its_transport_in_the_middle(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    async with listen(site, address(acme)) as (listening, _):
        cursor = (await listening.next("welcome")).id
    heard = b""
    for turn, transport in enumerate((by_socket, by_polls, by_records, by_polls, by_socket, by_records)):
        await note(ports, acme, f"turn {turn}")
        bodies, cursor = await transport(site, acme, cursor, f"turn {turn}")
        heard += bodies
    assert [int(n) for n in re.findall(rb'"text":"turn (\d)"', heard)] == [0, 1, 2, 3, 4, 5]
