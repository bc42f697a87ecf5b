"""The operator's port: this machine only, and nothing of an organization in the metrics."""

from __future__ import annotations

import re

import pytest
from line import CONTEXT, granted
from orgs import Org
from web import Site, outcome

from hub.contract.consumers import NewConsumer
from hub.contract.ids import new
from hub.metrics import counted
from hub.services import consumers
from hub.services.ports import Ports
from hub.services.receive import Receiver
from hub.storage.inbox import InboxRow

pytestmark = pytest.mark.gen_test(timeout=30)


async def waiting(ports: Ports, org: Org, count: int) -> None:
    """Keep so many requests that nobody processes."""
    receiver = Receiver(ports)
    for _ in range(count):
        await receiver.keep(
            InboxRow(
                tenant_id=org.tenant,
                id=new(),
                integration_id=org.integration_id,
                format="generic",
                body=b"{}",
                received_at=ports.clock(),
                request_id="req-1",
            )
        )


async def test_the_jobs_page_shows_what_waits_by_organization(
    operator: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    await waiting(ports, acme, 3)
    page = await operator("GET", "/")
    assert (page.code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert re.search(r"<tr><td>acme<td>3<td>0<td>0<td>\d+ s</tr>", page.body.decode())
    assert "style" not in re.sub(r"<link[^>]*>", "", page.body.decode())
    assert (await operator("GET", "/style.css")).headers["Content-Type"] == "text/css; charset=utf-8"


async def test_the_metrics_count_and_name_nobody(
    operator: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    await waiting(ports, acme, 2)
    await waiting(ports, globex, 1)
    for org in (acme, globex):
        grant = await granted(ports, org)
        await consumers.create(ports, grant, NewConsumer(name=f"pager-of-{org.slug}"), None, CONTEXT)
    text = (await operator("GET", "/metrics")).body.decode()
    assert "hub_inbox_waiting 3.0" in text
    assert "hub_consumers 2.0" in text
    assert "hub_consumers_held 0.0" in text
    assert re.search(r"hub_consumer_lag_most [1-9]", text)  # the event of its own making comes behind it
    assert "hub_database_up 1.0" in text
    for invariant in counted:
        assert f'hub_invariants_broken_total{{invariant="{invariant}"}}' in text, "also while it is 0"
    assert "acme" not in text
    assert "globex" not in text


async def test_the_metrics_answer_while_the_database_is_away(operator: Site, ports: Ports) -> None:
    await ports.store.close()
    text = (await operator("GET", "/metrics")).body.decode()
    assert "hub_database_up 0.0" in text


@pytest.mark.parametrize("path", ["/", "/metrics", "/style.css"])
@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "127.0.0.1"}])
async def test_no_proxy_may_bring_others_here(operator: Site, path: str, headers: dict[str, str]) -> None:
    assert outcome(await operator("GET", path, headers=headers)) == (403, "forbidden")


@pytest.mark.parametrize("host", ["hub.example.org", "127.0.0.1", "127.0.0.1:1", "evil.example"])
async def test_a_page_that_calls_itself_otherwise_is_misdirected(operator: Site, host: str) -> None:
    assert outcome(await operator("GET", "/", headers={"Host": host})) == (421, "wrong_host")


async def test_nothing_of_the_public_port_is_here(operator: Site, site: Site, acme: Org) -> None:
    assert (await operator.with_key(acme.api_key)("GET", "/api/v1/orgs/acme/incidents")).code == 404
    assert (await site("GET", "/metrics")).code == 404
