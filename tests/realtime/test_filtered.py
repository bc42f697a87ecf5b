"""Filtered streams: what was asked for on every transport, leaving told, and cursors of one filter each."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from following import Following, dial, follow, note
from line import alarm, do, fire, granted
from orgs import Org
from records import address, listen
from web import Site

from hub.contract.frames import CLOSE_CODES
from hub.contract.words import Action
from hub.services.ports import Ports

WORST = quote("severity:<=2")


async def incident(ports: Ports, org: Org, key: str) -> str:
    """Open one by an alert; its number."""
    await fire(ports, org, alarm(key))
    return key


async def severity(ports: Ports, org: Org, number: str, word: str) -> None:
    grant = await granted(ports, org, Action.INCIDENT_EDIT)
    await do(ports, grant, number, "severity", severity=word)


async def story(ports: Ports, org: Org) -> None:
    """Incident 1 leaves what is severe, and comes back; notes are written all the while."""
    grant = await granted(ports, org, Action.INCIDENT_NOTE)
    await do(ports, grant, "1", "note", text="severe")
    await severity(ports, org, "1", "SEV4")
    await do(ports, grant, "1", "note", text="not severe")
    await severity(ports, org, "1", "SEV1")
    await do(ports, grant, "1", "note", text="severe again")


TOLD = ["severe", "incident.severity_set", "hidden", "incident.severity_set", "severe again"]


def words(event: Any) -> str:
    return str(event["data"].get("text", event["type"]))


@pytest.mark.gen_test(timeout=60)
async def test_leaving_what_was_asked_for_is_told_on_every_transport(
    live: Site, ports: Ports, acme: Org
) -> None:
    await fire(ports, acme, alarm("disk"))
    await severity(ports, acme, "1", "SEV2")
    site = live.with_key(acme.api_key)
    async with listen(site, address(acme, filter=WORST)) as (listening, _):
        start = (await listening.next("welcome")).id
        await story(ports, acme)
        heard: list[str] = []
        while heard[-1:] != TOLD[-1:]:
            record = await listening.next()
            if record.event in {"message", "hidden"}:
                heard.append("hidden" if record.event == "hidden" else words(record.json))
        assert heard == TOLD
    async with Following(await dial(site, acme, f"{start}&filter={WORST}")) as following:
        seen: list[str] = []
        while seen[-1:] != TOLD[-1:]:
            frame = await following.next()
            seen += ["hidden"] if frame["frame"] == "hidden" else []
            seen += [words(event) for event in frame.get("events", [])]
        assert seen == TOLD
    polled, cursor, more = list[str](), start, True
    while more:
        page = await site("GET", f"/api/v1/orgs/{acme.slug}/events?filter={WORST}&after={cursor}")
        told = msgspec.json.decode(page.body)
        polled += [words(event) for event in told["events"]] + ["hidden" for _ in told["hidden"]]
        cursor, more = told["cursor"], told["more"]
    assert polled == TOLD


@pytest.mark.gen_test(timeout=60)
async def test_who_lost_the_connection_between_an_event_and_hidden_is_told_on_every_transport(
    live: Site, ports: Ports, acme: Org
) -> None:
    await fire(ports, acme, alarm("disk"))
    site = live.with_key(acme.api_key)
    await severity(ports, acme, "1", "SEV2")
    async with Following(await dial(site, acme, f"&filter={WORST}")) as reader:
        start = (await reader.next("welcome"))["from"]
        await severity(ports, acme, "1", "SEV4")
        between = (await reader.next("events"))["cursor"]
        incident = (await reader.next("hidden"))["incident"]
        told = (await reader.next("events"))["cursor"]
    async with listen(site, address(acme, filter=WORST, after=start)) as (listening, _):
        assert (await listening.next("message")).id == between, "one place, one text, on all transports"
        assert (await listening.next("hidden")).id == told
    assert between != told

    async with listen(site, address(acme, filter=WORST), Last_Event_ID=between) as (listening, _):
        assert (await listening.next("welcome")).id == between
        hidden = await listening.next()
        assert (hidden.event, hidden.json["incident"], hidden.id) == ("hidden", incident, told)
    async with Following(await dial(site, acme, f"{between}&filter={WORST}")) as following:
        assert (await following.next("welcome"))["from"] == between
        assert await following.next() == {"frame": "hidden", "incident": incident}
        assert await following.next() == {"frame": "events", "after": between, "cursor": told, "events": []}
        await severity(ports, acme, "1", "SEV1")
        assert await following.until("incident.severity_set") == ["incident.severity_set"]
    page = await site("GET", f"/api/v1/orgs/{acme.slug}/events?filter={WORST}&after={between}&limit=1")
    answer = msgspec.json.decode(page.body)
    assert (answer["after"], answer["cursor"]) == (between, told)
    assert (answer["events"], answer["hidden"], answer["more"]) == ([], [incident], True)


@pytest.mark.gen_test(timeout=60)
async def test_who_meets_an_incident_in_the_middle_gets_its_header(
    live: Site, ports: Ports, acme: Org
) -> None:
    await fire(ports, acme, alarm("disk"))
    await severity(ports, acme, "1", "SEV4")
    async with listen(live.with_key(acme.api_key), address(acme, filter=WORST)) as (listening, _):
        await listening.next("welcome")
        await severity(ports, acme, "1", "SEV1")
        told = (await listening.next("message")).json
        assert told["incidentseverity"] == "SEV1"
        assert told["data"]["number"] == 1
        assert told["data"]["title"] == "disk is broken"
        assert told["data"]["service"].startswith("svc_")


@pytest.mark.gen_test(timeout=30)
async def test_a_filter_of_an_incident_and_of_kinds_sends_nothing_else(
    live: Site, ports: Ports, acme: Org
) -> None:
    await fire(ports, acme, alarm("disk"), alarm("memory"))
    site = live.with_key(acme.api_key)
    answer = await site("GET", f"/api/v1/orgs/{acme.slug}/incidents/2")
    second = msgspec.json.decode(answer.body)["id"]
    asked = quote(f"incident:{second} kind:incident.noted")
    grant = await granted(ports, acme, Action.INCIDENT_NOTE)
    async with Following(await dial(site, acme, f"&filter={asked}")) as following:
        await following.next("welcome")
        await do(ports, grant, "1", "note", text="of the first")
        await do(ports, grant, "2", "acknowledge")
        await note(ports, acme, "of none")
        await do(ports, grant, "2", "note", text="of the second")
        assert await following.until("of the second") == ["of the second"]


@pytest.mark.gen_test(timeout=30)
async def test_a_cursor_belongs_to_its_filter(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    async with await follow(site, acme) as plain:
        cursor = plain.cursor
    async with Following(await dial(site, acme, f"{cursor}&filter={WORST}")) as following:
        assert (await following.next("reset"))["reason"] == "view"


@pytest.mark.gen_test(timeout=30)
async def test_a_filter_that_means_nothing_is_refused(live: Site, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    for path in ("stream", "events", "events/stream", "snapshot"):
        answer = await site("GET", f"/api/v1/orgs/{acme.slug}/{path}?filter=nonsense", headers={
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
        } if path == "stream" else None)  # fmt: skip
        assert answer.code == 400, path
        assert b'"pointer":"/filter"' in answer.body
    async with await follow(site, acme) as following:
        await following.socket.write_message('{"frame":"hello","filter":"nonsense"}')
        assert await following.end() == (["bad_request"], CLOSE_CODES["bad_request"])
