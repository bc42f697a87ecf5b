"""Streams of API keys end with their key: deleted, rotated at once, or at the end of an overlap."""

from __future__ import annotations

from typing import Any

import pytest
from following import follow, note
from orgs import Org
from web import Site, read

from hub.contract.frames import CLOSE_CODES
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
KEYS = "/api/v1/orgs/acme/keys"
REVOKED = (["revoked"], CLOSE_CODES["revoked"])


async def made(live: Site, org: Org) -> dict[str, Any]:
    """A new key of a responder."""
    asked = {"name": "A bot", "role": "responder"}
    return dict(read(await live.with_key(org.api_key)("POST", KEYS, asked)))


async def test_a_deleted_key_ends_its_streams(live: Site, ports: Ports, acme: Org) -> None:
    bot = await made(live, acme)
    async with (
        await follow(live.with_key(bot["secret"]), acme) as ends,
        await follow(live.with_key(acme.api_key), acme) as stays,
    ):
        path, version = f"{KEYS}/{bot['id']}", {"If-Match": '"1"'}
        assert (await live.with_key(acme.api_key)("DELETE", path, None, version)).code == 204
        assert await ends.end() == REVOKED
        await note(ports, acme, "only for who stays")
        assert (await stays.until("only for who stays"))[-1] == "only for who stays"


@pytest.mark.parametrize(("overlap", "code"), [(0, "revoked"), (1, "expired")])
async def test_a_rotated_key_ends_its_streams_when_it_ends_itself(
    live: Site, acme: Org, overlap: int, code: str
) -> None:
    bot = await made(live, acme)
    async with await follow(live.with_key(bot["secret"]), acme) as ends:
        rotate = f"{KEYS}/{bot['id']}/rotate"
        rotated = await live.with_key(acme.api_key)("POST", rotate, {"overlap_seconds": overlap})
        assert rotated.code == 200
        assert await ends.end() == ([code], CLOSE_CODES[code])
