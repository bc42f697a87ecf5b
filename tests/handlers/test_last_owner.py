"""Two owners who go at once, each sure that the other stays: one of them has to."""

from __future__ import annotations

import asyncio

import pytest
from crew import Person, hire
from line import connected, until
from orgs import Org
from servers import Database
from web import Site, read

from hub.contract.words import Role
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
ORG = "/api/v1/orgs/acme"
ANY = {"If-Match": "*"}
SOON = "2100-01-01T00:00:00Z"
OWNERS = """
    SELECT count(*) FROM role_binding b JOIN membership m ON m.tenant_id = b.tenant_id AND m.id = b.subject_id
    WHERE b.role = 'owner' AND m.expires_at IS NULL
"""


async def go(way: str, who: Person, other: Person, role_of_other: str) -> int:
    """One request that takes an owner away; its status."""
    ask, member = who.browser, f"{ORG}/members/{other.member}"
    if way == "leave":
        answer = await ask("DELETE", f"{ORG}/me")
    elif way == "remove":
        answer = await ask("DELETE", member, headers=ANY)
    elif way == "lower":
        answer = await ask("DELETE", f"{ORG}/bindings/{role_of_other}", headers=ANY)
    else:
        answer = await ask("PATCH", member, {"expires_at": SOON}, ANY)
    return answer.code


@pytest.mark.parametrize("way", ["leave", "remove", "lower", "end"])
async def test_of_two_owners_who_are_taken_away_at_once_one_stays(
    site: Site, ports: Ports, database: Database, acme: Org, way: str
) -> None:
    ann, bob = [await hire(ports, site, acme, name, Role.OWNER) for name in ("Ann", "Bob")]
    found = read(await ann.browser("GET", f"{ORG}/bindings"))["data"]
    roles = {each["subject"]["id"]: each["id"] for each in found if each["role"] == "owner"}
    first = next(member for member in roles if member not in {ann.member, bob.member})
    await bob.browser("DELETE", f"{ORG}/members/{first}", headers=ANY)
    async with connected(database.admin_url) as admin:

        async def both_wait() -> bool:
            return bool(await admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") == 2)

        async with admin.transaction():
            await admin.execute("SELECT FROM organization FOR UPDATE")
            going = [
                asyncio.create_task(go(way, who, other, roles[other.member]))
                for who, other in ((ann, bob), (bob, ann))
            ]
            await until(both_wait)
        statuses = await asyncio.gather(*going)
        assert await admin.fetchval(OWNERS) == 1
    assert len([status for status in statuses if status < 300]) == 1, statuses
