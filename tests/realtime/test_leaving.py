"""Who comes to a process that leaves, over a connection that it had accepted, is sent on, not refused."""

from __future__ import annotations

import pytest
from following import Following, dial, note
from orgs import Org
from records import address, listen
from web import Site, read

from hub.contract.frames import CLOSE_CODES
from hub.realtime.station import Station
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)


async def test_a_socket_is_told_to_dial_again(live: Site, acme: Org, globex: Org, station: Station) -> None:
    await station.drain(0)
    for org in (acme, globex):
        async with Following(await dial(live.with_key(org.api_key), org)) as late:
            assert (await late.next())["frame"] == "goaway"
            assert await late.end() == ([], CLOSE_CODES["restart"])


async def test_records_end_with_goaway(live: Site, acme: Org, station: Station) -> None:
    await station.drain(0)
    async with listen(live.with_key(acme.api_key), address(acme)) as (late, ended):
        assert (await late.next()).event == "goaway"
        assert (await ended).code == 200


async def test_a_poll_keeps_its_place(
    live: Site, acme: Org, globex: Org, ports: Ports, station: Station
) -> None:
    site, path = live.with_key(acme.api_key), "/api/v1/orgs/acme/events"
    cursor = read(await site("GET", path))["cursor"]
    foreign = read(await live.with_key(globex.api_key)("GET", "/api/v1/orgs/globex/events"))["cursor"]
    await note(ports, acme, "unseen")
    await station.drain(0)
    page = read(await site("GET", f"{path}?after={cursor}&wait=20"))
    assert (page["after"], page["cursor"], page["events"]) == (cursor, cursor, [])
    assert (await site("GET", path)).code == 503, "there is no place to keep"
    assert (await site("GET", f"{path}?after={foreign}")).code == 400, "and none of theirs"
