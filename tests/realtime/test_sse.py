"""Server-Sent Events on a real socket: records, resume, refusals, and an end that says why."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from following import CONTEXT, administrative, happen, make_key, note
from msgspec import structs
from orgs import Org
from records import address, listen
from served import eventually
from web import Site

from hub.contract.words import Role
from hub.door.gate import Gate
from hub.door.guard import cookie_name
from hub.realtime.station import Station
from hub.services import credentials
from hub.services.access import system
from hub.services.change import change
from hub.services.ports import Ports
from hub.storage import credentials as stored


@pytest.mark.gen_test(timeout=30)
async def test_a_stream_of_records_says_where_it_starts_and_how_to_come_back(
    live: Site, ports: Ports, acme: Org
) -> None:
    async with listen(live.with_key(acme.api_key), address(acme)) as (listening, _):
        welcome = await listening.next()
        assert listening.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert listening.headers["X-Accel-Buffering"] == "no"
        assert listening.headers["Cache-Control"] == "no-store"
        assert "RateLimit" in listening.headers
        assert welcome.event == "welcome"
        assert welcome.id == welcome.json["from"] == welcome.json["head"]
        assert welcome.json["retry"]["min"] <= listening.retry <= welcome.json["retry"]["max"]
        await note(ports, acme, "one", "two")
        one, two = await listening.next(), await listening.next()
        assert [one.json["data"]["text"], two.json["data"]["text"]] == ["one", "two"]
        assert len({welcome.id, one.id, two.id}) == 3


@pytest.mark.gen_test(timeout=30)
async def test_the_last_event_id_resumes_in_the_middle_of_a_batch_and_beats_the_query(
    live: Site, ports: Ports, acme: Org
) -> None:
    site = live.with_key(acme.api_key)
    async with listen(site, address(acme)) as (first, _):
        start = (await first.next()).id
        await note(ports, acme, *"abcdef")
        await first.until("f")
    ids = []
    async with listen(site, address(acme, after=start)) as (second, _):
        for _ in range(6):
            ids.append((await second.next("message")).id)
    for index, id in enumerate(ids[:-1]):
        async with listen(site, address(acme, after=start), Last_Event_ID=id) as (third, _):
            assert await third.until("f") == first.bodies[index + 1 :]


@pytest.mark.gen_test(timeout=30)
async def test_a_cursor_of_elsewhere_is_refused_before_the_stream(live: Site, acme: Org, globex: Org) -> None:
    async with listen(live.with_key(globex.api_key), address(globex)) as (theirs, _):
        foreign = (await theirs.next()).id
    site = live.with_key(acme.api_key)
    for cursor in (foreign, "rubbish", "x" * 500):
        answer = await site("GET", address(acme, after=cursor))
        assert answer.code == 400
        assert b'"pointer":"/after"' in answer.body
        assert (await site("GET", address(acme), headers={"Last-Event-ID": cursor})).code == 400


@pytest.mark.gen_test(timeout=30)
async def test_an_event_source_is_not_turned_away_for_good_by_what_passes(
    live: Site, acme: Org, globex: Org, gate: Gate, station: Station
) -> None:
    ours, theirs = live.with_key(acme.api_key), live.with_key(globex.api_key)
    roomy = station.ports
    full = structs.replace(roomy.config, streams_per_organization=0)

    async def told() -> tuple[int, str, bool]:
        """The status for who asks as `curl` does; what an EventSource is told, and whether it waits."""
        plain = await ours("GET", address(acme))
        async with listen(ours, address(acme), Accept="text/event-stream") as (listening, ended):
            error = await listening.next()
            assert (error.event, (await ended).code) == ("error", 200)
            pause = error.json["retry_ms"]
            assert str(pause // 1000) == plain.headers["Retry-After"]
            return plain.code, error.json["code"], pause <= listening.retry <= 2 * pause

    gate.is_open = False
    assert await told() == (503, "server_error", True)
    gate.is_open = True
    station.ports = replace(roomy, config=full)
    assert await told() == (429, "rate_limited", True)
    station.ports = roomy
    for site, status in ((live, 401), (theirs, 404)):
        refused = await site("GET", address(acme), headers={"Accept": "text/event-stream"})
        assert refused.code == status, "it does not pass by itself"


@pytest.mark.gen_test(timeout=30)
async def test_what_the_view_does_not_contain_is_not_sent_and_has_no_id(
    live: Site, ports: Ports, acme: Org, observer_key: str
) -> None:
    async with listen(live.with_key(observer_key), address(acme)) as (listening, _):
        welcome = await listening.next()
        await happen(ports, acme.tenant, administrative())
        await note(ports, acme, "seen")
        record = await listening.next()
        assert record.json["data"]["text"] == "seen"
        assert record.id != welcome.id


@pytest.mark.gen_test(timeout=30)
async def test_a_key_that_ends_is_told_why_and_then_the_response_is_over(
    live: Site, ports: Ports, acme: Org, station: Station
) -> None:
    secret = await make_key(ports, acme, Role.RESPONDER)
    key = await credentials.find(ports, secret)
    assert key is not None
    async with listen(live.with_key(secret), address(acme)) as (listening, ended):
        await listening.next("welcome")
        async with change(ports, system("founder", acme.tenant, acme.slug), CONTEXT) as changed:
            await stored.end(changed.tx, "api_key", key.id)
            changed.happened(administrative("it is dead"), acme.tenant)
        await note(ports, acme, "secret")
        assert (await listening.next("error")).json["code"] == "revoked"
        assert (await asyncio.wait_for(ended, 10)).code == 200
        assert listening.bodies == []
        await eventually(lambda: not station._followers)


async def dial_raw(
    live: Site, org: Org, version: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """A connection of this version, and the head of its answer."""
    host, port = live.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"GET {address(org)} HTTP/{version}\r\nHost: {host}:{port}\r\n"
    writer.write(f"{head}Authorization: Bearer {org.api_key}\r\n\r\n".encode())
    return reader, writer, await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)


@pytest.mark.gen_test(timeout=30)
async def test_who_hangs_up_is_forgotten(live: Site, acme: Org, station: Station) -> None:
    reader, writer, _ = await dial_raw(live, acme, "1.1")
    await asyncio.wait_for(reader.readuntil(b"\n\n"), 10)
    assert len(station._followers) == 1
    writer.close()
    await eventually(lambda: not station._followers and not station._feeds)


@pytest.mark.gen_test(timeout=30)
async def test_a_cookie_opens_it_from_our_own_pages_only(live: Site, acme: Org) -> None:
    browser = await live.signed_in(acme.founded.email)
    cookie = {"Cookie": f"{cookie_name(browser.config)}={browser.cookie}"}
    bare = Site(browser.url, browser.config)
    for headers in (
        {},
        {"Origin": "https://hub.example.evil"},
        {"Origin": "null"},
        {"Origin": browser.url + ".evil"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    ):
        for path in (address(acme), f"/api/v1/orgs/{acme.slug}/events"):
            assert (await bare("GET", path, headers=cookie | headers)).code == 403, headers
    for headers in ({"Sec_Fetch_Site": "same-origin"}, {"Origin": browser.url}):
        async with listen(bare, address(acme), **cookie, **headers) as (listening, _):
            assert (await listening.next()).event == "welcome"


@pytest.mark.gen_test(timeout=30)
async def test_a_client_of_http_1_0_gets_records_without_chunks(live: Site, ports: Ports, acme: Org) -> None:
    reader, writer, said = await dial_raw(live, acme, "1.0")
    assert b"chunked" not in said
    assert (await asyncio.wait_for(reader.readuntil(b"\n\n"), 10)).startswith(b"event: welcome\n")
    await note(ports, acme, "plain")
    assert (await asyncio.wait_for(reader.readuntil(b"\n\n"), 10)).startswith(b"id: ")
    writer.close()


@pytest.mark.gen_test(timeout=30)
async def test_a_head_request_does_not_wait_for_events(live: Site, acme: Org, station: Station) -> None:
    answer = await live.with_key(acme.api_key)("HEAD", address(acme))
    assert answer.code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert not station._followers


@pytest.mark.gen_test(timeout=60)
async def test_a_drain_says_goaway_and_ends_the_response(live: Site, acme: Org, station: Station) -> None:
    async with listen(live.with_key(acme.api_key), address(acme)) as (listening, ended):
        await listening.next("welcome")
        await station.drain(0.2)
        assert (await listening.next("goaway")).json["reason"] == "restart"
        assert (await asyncio.wait_for(ended, 10)).code == 200
