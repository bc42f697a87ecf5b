"""Rate limits on the wire: what each answer says, who is counted, and what one too many gets."""

from __future__ import annotations

import pytest
from orgs import Org
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect
from web import Site, outcome

from hub.door.application import House
from hub.door.limits import Quotas

pytestmark = pytest.mark.gen_test(timeout=30)
ME, BOARD = "/api/v1/me", "/api/v1/orgs/acme/incidents"


@pytest.fixture
def house(house: House) -> House:
    """An application that gives three requests a minute to a credential, five to an organization, ten to an
    address."""
    object.__setattr__(house.desk, "quotas", Quotas(3, 5, 10, 1))
    return house


async def test_every_counted_answer_says_what_is_left(site: Site, acme: Org) -> None:
    answer = await site.with_key(acme.api_key)("GET", BOARD)
    assert answer.headers["RateLimit-Policy"] == '"credential";q=3;w=60, "organization";q=5;w=60'
    assert answer.headers["RateLimit"] == '"credential";r=2;t=20, "organization";r=4;t=12'
    refused = await site.with_key(acme.api_key)("GET", BOARD + "/999")
    assert refused.code == 404
    assert refused.headers["RateLimit"].startswith('"credential";r=1;')


async def test_one_request_too_many_is_told_when_to_come_again(site: Site, acme: Org) -> None:
    ask = site.with_key(acme.api_key)
    assert [(await ask("GET", ME)).code for _ in range(3)] == [200, 200, 200]
    answer = await ask("GET", ME)
    assert outcome(answer) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 20
    assert answer.headers["RateLimit"].startswith('"credential";r=0;')
    assert (await site.signed_in("owner@acme.example")).cookie  # another credential is not held up


async def test_an_organization_is_counted_over_all_its_credentials(site: Site, acme: Org) -> None:
    key, browser = site.with_key(acme.api_key), await site.signed_in("owner@acme.example")
    codes = [(await each("GET", BOARD)).code for each in (key, browser, key, browser, key)]
    assert codes == [200] * 5
    answer = await browser("GET", BOARD)
    assert outcome(answer) == (429, "rate_limited")
    assert '"organization";r=0;' in answer.headers["RateLimit"]


async def test_strangers_do_not_use_up_what_an_organization_has(site: Site, acme: Org, globex: Org) -> None:
    stranger = site.with_key(globex.api_key)
    for _ in range(3):
        answer = await stranger("GET", BOARD)
        assert answer.code == 404
        assert "organization" not in answer.headers["RateLimit"]
    own = await site.with_key(acme.api_key)("GET", BOARD)
    assert '"organization";r=4;' in own.headers["RateLimit"]


async def test_a_stream_counts_when_it_opens(site: Site, acme: Org) -> None:
    url = site.url.replace("http", "ws") + "/api/v1/orgs/acme/stream"
    with_key = HTTPRequest(url, headers={"Authorization": f"Bearer {acme.api_key}"})
    (await websocket_connect(with_key)).close()
    left = (await site.with_key(acme.api_key)("GET", ME)).headers["RateLimit"]
    assert left.startswith('"credential";r=1;')
    await site.with_key(acme.api_key)("GET", ME)
    with pytest.raises(HTTPClientError) as refused:
        await websocket_connect(HTTPRequest(url, headers={"Authorization": f"Bearer {acme.api_key}"}))
    assert refused.value.code == 429


async def test_ingest_is_never_counted(site: Site, acme: Org) -> None:
    sender = site.with_key(acme.integration_key)
    answers = [await sender("POST", "/api/v1/ingest/events", {"title": str(number)}) for number in range(7)]
    assert {answer.code for answer in answers} == {202}
    assert not any("RateLimit" in answer.headers for answer in answers)


async def test_nobody_in_particular_has_the_quota_of_the_address(site: Site) -> None:
    assert "RateLimit" not in (await site("GET", "/livez")).headers
    refused = await site("GET", ME)
    assert outcome(refused) == (401, "unauthenticated")
    assert refused.headers["RateLimit-Policy"] == '"address";q=10;w=60'
