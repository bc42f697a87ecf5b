"""Streams of people: who is removed or lowered sees nothing more, at once."""

from __future__ import annotations

import asyncio

import pytest
from crew import hire
from following import follow, note
from orgs import Org
from web import Site, read

from hub.contract.frames import CLOSE_CODES
from hub.contract.words import Role
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
ORG = "/api/v1/orgs/acme"
ONE = {"If-Match": '"1"'}


async def test_who_is_removed_loses_the_stream_within_two_seconds(
    live: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    bob, key = await hire(ports, live, acme, "Bob", Role.ADMIN), live.with_key(acme.api_key)
    async with await follow(bob.browser, acme) as following, await follow(key, acme) as other:
        assert (await key("DELETE", f"{ORG}/members/{bob.member}", None, ONE)).code == 204
        async with asyncio.timeout(2):
            assert await following.end() == (["revoked"], CLOSE_CODES["revoked"])
        assert "member.removed" not in following.texts
        await note(ports, acme, "after")
        assert (await other.until("after"))[-2:] == ["member.removed", "after"]


async def test_who_is_lowered_goes_on_without_what_administrators_see(
    live: Site, ports: Ports, acme: Org
) -> None:
    bob, key = await hire(ports, live, acme, "Bob", Role.ADMIN), live.with_key(acme.api_key)
    given = await key("POST", f"{ORG}/bindings", {"subject": bob.member, "role": "responder"})
    assert given.code == 201
    [admin] = [
        each["id"] for each in read(await key("GET", f"{ORG}/bindings"))["data"]
        if each["role"] == "admin" and each["subject"]["id"] == bob.member
    ]  # fmt: skip
    async with await follow(bob.browser, acme) as following:
        assert (await key("DELETE", f"{ORG}/bindings/{admin}", None, ONE)).code == 204
        async with asyncio.timeout(2):
            assert (await following.next("reset"))["reason"] == "view"
        await key("PATCH", ORG, {"name": "Other"}, ONE)
        await note(ports, acme, "for all")
        assert await following.until("for all") == ["for all"]
