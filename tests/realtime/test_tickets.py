"""Stream tickets (C13): for one minute, one stream, one actor and one organization."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from following import Following, administrative, dial, happen, make_key, note
from orgs import Org
from records import address, listen
from servers import Database
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect
from web import Site, outcome, read

from hub.contract.frames import CLOSE_CODES
from hub.contract.words import Role
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
USED = (401, "unauthenticated")
FOREIGN = {"Origin": "http://evil.example"}


async def ticket(site: Site, slug: str = "acme") -> str:
    """A new one of this visitor."""
    made = await site("POST", f"/api/v1/orgs/{slug}/stream-tickets", {})
    assert made.code == 201, made.body
    assert read(made).keys() == {"ticket", "expires_at"}
    return str(read(made)["ticket"])


async def polled(site: Site, presented: str, slug: str = "acme", **headers: str) -> Any:
    """One page of events for a ticket, asked for without anything else."""
    return await site("GET", f"/api/v1/orgs/{slug}/events?ticket={presented}", headers=headers)


async def opened(live: Site, presented: str, slug: str = "acme") -> Following:
    """A stream opened by a page of somebody else's with a ticket and nothing else."""
    url = f"{live.url}/api/v1/orgs/{slug}/stream?ticket={presented}".replace("http:", "ws:")
    following = Following(await websocket_connect(HTTPRequest(url, headers=FOREIGN)))
    await following.next("welcome")
    return following


async def change_rows(database: Database, statement: str) -> Any:
    """What no service of ours does to the table of credentials."""
    connection = await asyncpg.connect(database.admin_url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_a_ticket_opens_one_stream_of_any_transport_and_no_second_one(
    live: Site, ports: Ports, acme: Org
) -> None:
    ann, robot = await live.signed_in("owner@acme.example"), live.with_key(acme.api_key)
    for maker in (ann, robot):
        socket, records, poll = [await ticket(maker) for _ in range(3)]
        async with (
            await opened(live, socket) as stream,
            listen(live, address(acme, ticket=records), **FOREIGN) as (listening, _),
        ):
            await listening.next("welcome")
            await note(ports, acme, "for all of them")
            await stream.until("for all of them")
            await listening.until("for all of them")
        assert (await polled(live, poll, **FOREIGN)).code == 200
        for used in (socket, records, poll):
            assert outcome(await polled(live, used)) == USED
            with pytest.raises(HTTPClientError, match="401"):
                await opened(live, used)


async def test_of_two_that_come_at_once_one_is_let_in(live: Site, acme: Org) -> None:
    one = await ticket(live.with_key(acme.api_key))
    answers = await asyncio.gather(*(polled(live, one) for _ in range(5)))
    assert sorted(answer.code for answer in answers) == [200, 401, 401, 401, 401]


async def test_it_is_for_one_organization_and_the_other_is_missing(
    live: Site, acme: Org, globex: Org
) -> None:
    ann = await live.signed_in("owner@acme.example")
    assert (await ann("POST", "/api/v1/orgs", {"slug": "initech", "name": "Initech"})).code == 201
    for maker in (ann, live.with_key(acme.api_key)):
        answers = []
        for slug in ("globex", "initech", "nobody"):  # a stranger's, one's own, and none
            one = await ticket(maker)
            answer = await polled(live, one, slug, **{"X-Request-ID": "the-same"})
            answers.append((answer.code, answer.body))
            assert outcome(await polled(live, one)) == USED
        assert answers[0][0] == 404
        assert answers == answers[:1] * 3


async def test_after_its_minute_it_is_nothing(live: Site, acme: Org, database: Database) -> None:
    robot = live.with_key(acme.api_key)
    one = await ticket(robot)
    lasts = "SELECT max(expires_at - created_at) FROM credential WHERE kind = 'stream_ticket'"
    assert (await change_rows(database, lasts)).total_seconds() == 60
    await change_rows(database, "UPDATE credential SET expires_at = now() WHERE kind = 'stream_ticket'")
    assert outcome(await polled(live, one)) == USED
    await ticket(robot)  # and those that nobody used make way for the next
    count = "SELECT count(*) FROM credential WHERE kind = 'stream_ticket'"
    assert await change_rows(database, count) == 1


async def test_what_we_did_not_sign_is_no_ticket(live: Site, acme: Org) -> None:
    one = await ticket(live.with_key(acme.api_key))
    for forged in ("", "x", one[:-2], one.partition(".")[0], acme.api_key, acme.integration_key):
        assert outcome(await polled(live, forged)) == USED, forged
    assert (await polled(live, one)).code == 200


async def test_beside_a_ticket_no_cookie_or_key_counts(live: Site, acme: Org) -> None:
    for visitor in (await live.signed_in("owner@acme.example"), live.with_key(acme.api_key)):
        assert outcome(await polled(visitor, "not-one")) == USED
        with pytest.raises(HTTPClientError, match="403"):  # and without one, no page of others may come
            await dial(visitor, acme, **FOREIGN)


async def test_it_opens_nothing_but_streams(live: Site, acme: Org) -> None:
    one = await ticket(live.with_key(acme.api_key))
    for method, path in (("GET", "incidents"), ("GET", "snapshot"), ("POST", "stream-tickets")):
        answer = await live(
            method, f"/api/v1/orgs/acme/{path}?ticket={one}", {} if method == "POST" else None
        )
        assert outcome(answer) == USED, path
    for secret in (one, one.partition(".")[0]):
        answer = await live.with_key(secret)("GET", "/api/v1/orgs/acme/incidents")
        assert outcome(answer) == USED


async def test_it_sees_what_its_maker_sees(live: Site, ports: Ports, acme: Org) -> None:
    observer = live.with_key(await make_key(ports, acme, Role.OBSERVER))
    async with (
        await opened(live, await ticket(observer)) as narrow,
        await opened(live, await ticket(live.with_key(acme.api_key))) as wide,
    ):
        await happen(ports, acme.tenant, administrative())
        await note(ports, acme, "the end")
        assert await narrow.until("the end") == ["the end"]
        assert await wide.until("the end") == ["team.created", "the end"]


async def test_it_ends_with_the_session_that_it_was_made_with(live: Site, acme: Org) -> None:
    ann = await live.signed_in("owner@acme.example")
    unused = await ticket(ann)
    async with await opened(live, await ticket(ann)) as stream:
        assert (await ann("DELETE", "/api/v1/session")).code == 204
        assert await stream.end() == (["revoked"], CLOSE_CODES["revoked"])
    assert outcome(await polled(live, unused)) == USED


async def test_it_ends_with_the_key_that_it_was_made_with(live: Site, acme: Org) -> None:
    owner = live.with_key(acme.api_key)
    bot = read(await owner("POST", "/api/v1/orgs/acme/keys", {"name": "A bot", "role": "responder"}))
    unused = await ticket(live.with_key(bot["secret"]))
    async with await opened(live, await ticket(live.with_key(bot["secret"]))) as stream:
        deleted = await owner("DELETE", f"/api/v1/orgs/acme/keys/{bot['id']}", None, {"If-Match": '"1"'})
        assert deleted.code == 204
        assert await stream.end() == (["revoked"], CLOSE_CODES["revoked"])
    assert outcome(await polled(live, unused)) == USED
