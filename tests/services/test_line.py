"""The line: a stored request becomes an incident with events, once, and everybody is told."""

from __future__ import annotations

import msgspec
import pytest
from orgs import Org, Rung

from hub.contract.commands import COMMANDS
from hub.contract.ids import new, text
from hub.contract.words import Action
from hub.domain import query
from hub.domain.errors import NotFound
from hub.services import access, incidents, receipts, work
from hub.services.ports import Ports, RequestContext
from hub.services.receive import Receiver, row_id
from hub.storage.inbox import InboxRow

pytestmark = pytest.mark.gen_test(timeout=20)


async def post(ports: Ports, org: Org, body: object, delivery: str | None = None) -> str:
    """Keep one generic request; its receipt."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    receiver = Receiver(ports)
    found = await receiver.integration(org.integration_key)
    assert found
    id = row_id(found.integration, "generic", delivery, raw)
    await receiver.keep(
        InboxRow(
            tenant_id=found.tenant, id=id, integration_id=found.integration, format="generic", body=raw,
            received_at=ports.clock(), request_id=f"req-{new().hex[:8]}", address="192.0.2.7",
        )
    )  # fmt: skip
    return text("receipt", id)


async def test_an_alert_becomes_an_incident_with_events(
    ports: Ports, acme: Org, globex: Org, rung: Rung, context: RequestContext
) -> None:
    receipt = await post(ports, acme, {"title": "Disk full", "severity": "critical", "source": "db-1"})
    assert rung.enqueued[-1] == ("inbox", {acme.tenant})
    assert await work.drain(ports, "inbox", [acme.tenant, globex.tenant]) == []
    grant = await access.authorize(ports, acme.key, "acme", Action.INCIDENT_READ, context)
    page = await incidents.page(ports, grant, query.read("status:open"), 50, None)
    [incident] = page.data
    assert (incident.number, incident.title, incident.status) == (1, "Disk full", "triggered")
    timeline = await incidents.timeline(ports, grant, "1", 50, None)
    kinds = [msgspec.json.decode(event)["type"] for event in timeline.data]
    assert kinds == ["incident.opened", "alert.fired"]
    shown = await receipts.show(ports, grant, receipt)
    assert (shown.state, shown.items[0].decision, shown.items[0].incident) == ("done", "opened", incident.id)
    with pytest.raises(NotFound):
        await access.authorize(ports, acme.key, "globex", Action.INCIDENT_READ, context)
    other = await access.authorize(ports, globex.key, "globex", Action.INCIDENT_READ, context)
    assert (await incidents.page(ports, other, query.EVERYTHING, 50, None)).data == []


async def test_commands_move_an_incident_and_repeats_change_nothing(
    ports: Ports, acme: Org, context: RequestContext
) -> None:
    await post(
        ports, acme, {"title": "Disk full", "severity": "critical", "source": "db-1", "dedup_key": "k"}
    )
    await work.drain(ports, "inbox", [acme.tenant])
    grant = await access.authorize(ports, acme.key, "acme", Action.INCIDENT_READ, context)

    async def do(name: str, **arguments: object) -> incidents.Done:
        command = msgspec.convert(arguments, COMMANDS[name])
        return await incidents.perform(ports, grant, "1", name, command, None, context)

    assert (await do("acknowledge")).performed.incident.status == "acknowledged"
    assert not (await do("acknowledge")).performed.changed
    assert (await do("resolve")).performed.incident.alerts.firing == 0
    assert (await do("reopen")).performed.incident.status == "triggered"
