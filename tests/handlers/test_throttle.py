"""Three processes over one database: their buckets are their own, the count of failures is shared."""

from __future__ import annotations

import pytest
from orgs import Org
from web import PASSWORD, Site, read, serving

from hub.app import build
from hub.config import assets
from hub.door.application import House
from hub.door.gate import Gate
from hub.handlers import pages
from hub.realtime.station import Station
from hub.services.ports import Ports
from hub.services.receive import Receiver

pytestmark = pytest.mark.gen_test(timeout=60)
KNOWN, UNKNOWN = "owner@acme.example", "nobody@acme.example"


async def test_going_from_process_to_process_gives_no_more_tries(
    site: Site, web_ports: Ports, gate: Gate, station: Station, acme: Org, globex: Org
) -> None:
    async def sign_in(at: Site, email: str, password: str) -> tuple[int, str, bool]:
        # every process is asked by its own port, and knows the first one's name
        said = {"Origin": site.url, "Host": site.url.removeprefix("http://")}
        answer = await at("POST", "/api/v1/session", {"email": email, "password": password}, said)
        return answer.code, read(answer).get("code", ""), "Retry-After" in answer.headers

    def another() -> House:
        return build(web_ports, gate, Receiver(web_ports), station, pages.load(assets("static")))

    async with serving(another()) as second, serving(another()) as third:
        for email in (KNOWN, UNKNOWN):
            told = [await sign_in(at, email, "wrong") for at in (site, second) for _ in range(10)]
            assert set(told) == {(401, "sign_in_failed", False)}
            for password in ("wrong", PASSWORD):
                assert await sign_in(third, email, password) == (429, "rate_limited", True)
        assert (await sign_in(third, "owner@globex.example", PASSWORD))[0] == 201
