"""Durable consumers on the streams: nothing lost from their making on, one holder, places that only go on."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
import pytest
from following import follow, make_key, note, refusal
from orgs import Org
from pager import HOME, PAGER, made, poll, stored, texts
from records import address, listen
from served import eventually
from servers import Database
from web import Site, outcome, read

from hub.contract.words import Role
from hub.realtime.station import Station
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=60)


async def by_socket(site: Site, org: Org, last: str) -> list[str]:
    async with await follow(site, org, consumer="pager") as following:
        heard = await following.until(last)
        await following.say("ack", cursor=following.cursor)
        await stored(site, following.cursor)
        return heard


async def by_records(site: Site, org: Org, last: str) -> list[str]:
    async with listen(site, address(org, consumer="pager")) as (listening, _):
        holder = (await listening.next("welcome")).json["holder"]
        bodies = await listening.until(last)
        body = {"cursor": listening.id, "holder": holder}
        acknowledged = await site("POST", f"{PAGER}/ack", body)
        assert read(acknowledged) == {"cursor": listening.id}
        return [msgspec.json.decode(each)["data"].get("text", "") for each in bodies]


async def by_polls(site: Site, org: Org, last: str) -> list[str]:
    page = read(await poll(site))
    heard = texts(page)
    while last not in heard:
        page = read(await poll(site, after=page["cursor"], holder=page["holder"]))
        heard += texts(page)
    await poll(site, after=page["cursor"], holder=page["holder"])  # which acknowledges it
    await stored(site, page["cursor"])
    return heard


@pytest.mark.parametrize("transport", [by_socket, by_records, by_polls])
async def test_nothing_is_lost_from_the_making_on_and_nothing_comes_twice(
    live: Site, ports: Ports, acme: Org, globex: Org, observer_key: str, transport: Any
) -> None:
    site = live.with_key(observer_key)
    await note(ports, acme, "before")
    await made(site)
    await note(ports, acme, "one", "two")
    await note(ports, globex, "elsewhere")
    assert await transport(site, acme, "two") == ["one", "two"]
    await note(ports, acme, "while it was away")
    assert await transport(site, acme, "while it was away") == ["while it was away"]


async def test_what_was_not_acknowledged_comes_again_and_another_place_may_be_asked_for(
    live: Site, ports: Ports, acme: Org, observer_key: str
) -> None:
    site = live.with_key(observer_key)
    await made(site)
    await note(ports, acme, "one")
    async with await follow(site, acme, consumer="pager") as following:
        assert await following.until("one") == ["one"]
        behind_one = following.cursor
    await note(ports, acme, "two")
    async with await follow(site, acme, consumer="pager") as following:
        assert await following.until("two") == ["one", "two"]
    async with await follow(site, acme, behind_one, consumer="pager") as following:
        assert await following.until("two") == ["two"]


async def test_a_consumer_has_its_own_filter_and_a_hello_can_ask_for_it(
    live: Site, ports: Ports, acme: Org, observer_key: str
) -> None:
    site = live.with_key(observer_key)
    await made(site, filter="kind:incident.closed")
    answer = await poll(site, filter="severity:1")
    assert (answer.code, read(answer)["errors"][0]["pointer"]) == (400, "/filter")
    async with await follow(site, acme) as following:
        await following.say("hello", consumer="pager")
        welcome = await following.next("welcome")
        assert welcome["holder"] == 1
        await note(ports, acme, "not asked for")
        await following.say("hello")
        await following.next("welcome")
        await note(ports, acme, "asked for")
        assert await following.until("asked for") == ["asked for"]
        await following.say("ack", cursor=following.cursor)  # the second hello named no consumer
        assert await following.end() == (["bad_request"], 4000)


async def test_who_has_no_such_consumer_gets_no_stream(
    live: Site, acme: Org, globex: Org, observer_key: str
) -> None:
    await made(live.with_key(observer_key))
    other = live.with_key(globex.api_key)
    for site, org in (
        (live.with_key(acme.api_key), acme),
        (other, globex),
    ):  # another's, another organization's
        for path in ("stream", "events/stream", "events"):
            answer = await site("GET", f"/api/v1/orgs/{org.slug}/{path}?consumer=pager")
            assert answer.code in ({404} if path != "stream" else {404, 426}), path
        assert (await refusal(site, f"{org.slug}/stream?consumer=pager#"))[0] == 404
    bad = await live.with_key(observer_key)("GET", f"{HOME}/events?consumer=a%00b")
    assert (bad.code, read(bad)["errors"][0]["pointer"]) == (400, "/consumer")


async def test_a_log_that_became_another_is_a_reset_and_late_acknowledgements_change_nothing(
    live: Site, ports: Ports, acme: Org, database: Database, observer_key: str
) -> None:
    site = live.with_key(observer_key)
    await made(site)
    async with await follow(site, acme, consumer="pager") as following:
        before = following.cursor
        admin = await asyncpg.connect(database.admin_url)
        await admin.execute("UPDATE head SET epoch = gen_random_uuid() WHERE tenant_id = $1", acme.tenant)
        await admin.close()
        assert (await following.next("reset"))["reason"] == "epoch"
        shown = read(await site("GET", PAGER))
        assert (shown["reset"], shown["lag"]) == ("epoch", None)
        await following.say("ack", cursor=before)
        await following.say("ack", cursor=following.cursor)
        await stored(site, following.cursor)
        assert read(await site("GET", PAGER))["reset"] == ""


async def test_what_was_changed_is_dialled_again_and_what_was_deleted_is_over(
    live: Site, ports: Ports, acme: Org, observer_key: str
) -> None:
    site = live.with_key(observer_key)
    await made(site)
    await note(ports, acme, "one")
    following = await follow(site, acme, consumer="pager")
    await site("PATCH", PAGER, {"filter": "kind:incident.noted"}, {"If-Match": "*"})
    assert await following.end() == (["restart"], 1012)
    following = await follow(site, acme, consumer="pager")
    assert await following.until("one") == ["one"]
    await site("DELETE", PAGER, None, {"If-Match": "*"})
    assert await following.end() == (["consumer_gone"], 4501)


async def test_who_loses_their_access_loses_stream_and_consumer(
    live: Site, ports: Ports, acme: Org, station: Station
) -> None:
    admin = live.with_key(acme.api_key)
    key = read(await admin("POST", f"{HOME}/keys", {"name": "Bot", "role": "observer"}))
    site = live.with_key(key["secret"])
    await made(site)
    following = await follow(site, acme, consumer="pager")
    gone = await admin("DELETE", f"{HOME}/keys/{key['id']}", None, {"If-Match": "*"})
    assert gone.code == 204
    assert (await following.end())[1] in {4301, 4501}
    assert outcome(await admin("GET", PAGER)) == (404, "not_found")
    await eventually(lambda: not station.consumers._held)


async def test_another_role_is_a_reset_of_the_view_as_for_any_cursor(
    live: Site, ports: Ports, acme: Org
) -> None:
    site = live.with_key(await make_key(ports, acme, Role.OBSERVER))
    consumer = await made(site)
    given = {"subject": consumer["owner"]["id"], "role": "admin", "scope": {"kind": "organization"}}
    made_admin = await live.with_key(acme.api_key)("POST", f"{HOME}/bindings", given)
    assert made_admin.code == 201, made_admin.body
    assert read(await site("GET", PAGER))["reset"] == "view"
    async with await follow(site, acme, consumer="pager") as following:
        assert (await following.next("reset"))["reason"] == "view"
