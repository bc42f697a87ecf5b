"""What real streams say fits the description that is served, frame by frame and record by record."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from asyncspec import faults, misfits
from following import Closed, Following, dial
from line import alarm, fire
from orgs import Org
from records import address, listen
from web import Site, read

from hub.services.ports import Ports

ORG = "/api/v1/orgs/acme"


async def described(site: Site) -> dict[str, Any]:
    answer = await site("GET", "/api/v1/asyncapi.json")
    assert (answer.code, answer.headers["Content-Type"]) == (200, "application/json")
    said: dict[str, Any] = read(answer)
    return said


@pytest.mark.gen_test(timeout=60)
async def test_frames_are_as_described(live: Site, ports: Ports, acme: Org) -> None:
    """Every frame of the server's but `goaway`, which a process says when it leaves."""
    await fire(ports, acme, alarm("disk"))
    site = live.with_key(acme.api_key)
    said = await described(site)
    asked = quote("severity:<=4")
    async with Following(await dial(site, acme, f"&filter={asked}&snapshot=always")) as following:
        start = (await following.next("snapshot"))["cursor"]
        [incident] = (await following.next("snapshot"))["items"]
        for number, (name, args) in enumerate([("severity", {"severity": "SEV5"}), ("note", {"text": 7})]):
            sent = {"frame": "command", "id": str(number), "name": name, "incident": incident["id"]}
            await following.socket.write_message(msgspec.json.encode({**sent, "args": args}))
            assert (await following.next("reply"))["status"] == (200, 400)[number]
        here = {"frame": "presence", "incident": incident["id"], "state": "typing"}
        await following.socket.write_message(msgspec.json.encode(here))
        await following.next("presence")
        for hello in (
            {"after": following.cursor},
            {"after": start, "filter": "severity:<=4"},
            {"after": "?"},
        ):
            await following.socket.write_message(msgspec.json.encode({"frame": "hello", **hello}))
            await following.next("welcome" if hello["after"] != "?" else "error")
        with pytest.raises(Closed):
            await following.next("goaway")
    wrong = [misfit for frame in following.frames for misfit in misfits(said, frame["frame"], frame)]
    assert wrong == []
    told = {each["name"] for each in said["components"]["messages"].values()}
    unheard = told - {frame["frame"] for frame in following.frames}
    assert unheard - {"mark"} == {"goaway", "hello", "ack", "command", "event"}


@pytest.mark.gen_test(timeout=60)
async def test_records_are_as_described(live: Site, ports: Ports, acme: Org) -> None:
    site = live.with_key(acme.api_key)
    said = await described(site)
    assert faults(said) == []
    async with listen(site, address(acme)) as (listening, _):
        start = await listening.next("welcome")
    await fire(ports, acme, alarm("disk"))
    async with listen(site, address(acme, after=start.id, filter=quote("kind:incident.*"))) as (other, _):
        records = [await other.next("welcome"), await other.next("reset")]
    async with listen(site, address(acme, after=start.id)) as (listening, _):
        records += [await listening.next(), await listening.next("message"), await listening.next("message")]
    names = ["event" if record.event == "message" else record.event for record in records]
    assert names == ["welcome", "reset", "welcome", "event", "event"]
    pairs = zip(names, records, strict=True)
    assert [misfit for name, record in pairs for misfit in misfits(said, name, record.json)] == []
