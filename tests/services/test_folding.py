"""I8: the timeline folded from PostgreSQL is what the rows say, after any activity of machines and people."""

from __future__ import annotations

import random
from uuid import UUID

import msgspec
import pytest
from line import CONTEXT, alarm, connected, do, drain, granted, put, row
from orgs import Org
from servers import Database
from web import PASSWORD

from hub.contract.events import Actor, Envelope, Event
from hub.contract.ids import parse
from hub.contract.kinds import KINDS
from hub.contract.words import Action, Severity
from hub.domain import alert as alerts
from hub.domain import incident as incidents
from hub.domain.access import Grant
from hub.domain.alert import Alert
from hub.domain.errors import NotAllowedNow
from hub.domain.incident import Incident
from hub.services import access, credentials, sessions
from hub.services.follow import heads, load
from hub.services.ports import Ports
from hub.storage import alerts as alert_rows
from hub.storage import incidents as incident_rows

pytestmark = pytest.mark.gen_test(timeout=60)
KEYS = ("disk", "cpu", "net")
VERBS = (
    "acknowledge", "unacknowledge", "mitigate", "resolve", "close", "reopen", "note", "severity", "commander"
)  # fmt: skip
ALERTMANAGER = (
    '{"version":"4","groupKey":"%s","externalURL":"%s",'
    '"alerts":[{"status":"%s","labels":{"alertname":"%s"}}]}'
)


def read(body: bytes) -> Event:
    """An event out of its envelope, as a client would read it."""
    envelope = msgspec.json.decode(body, type=Envelope)
    kind = KINDS[envelope.type]
    subject = parse(kind.about, envelope.subject)
    assert subject
    return Event(
        data=msgspec.json.decode(envelope.data, type=kind),
        subject=subject,
        incident=parse("incident", envelope.incident) if envelope.incident else None,
        actor=Actor(envelope.actor, envelope.actorname),
        at=envelope.time,
    )


async def folded(ports: Ports, org: Org) -> tuple[dict[UUID, Incident], dict[UUID, Alert]]:
    """The state that the events alone give."""
    known: dict[UUID, Incident] = {}
    fired: dict[UUID, Alert] = {}
    head = (await heads(ports, [org.tenant]))[org.tenant].position
    for logged in await load(ports, org.tenant, 1, head):
        envelope = msgspec.json.decode(logged.body, type=Envelope)
        assert (envelope.type, parse("incident", envelope.incident)) == (logged.kind, logged.incident)
        if logged.incident is None:
            continue
        event = read(logged.body)
        if event.data.about == "alert":
            fired[event.subject] = alerts.evolve(fired.get(event.subject), event)
        known[logged.incident] = incidents.evolve(known.get(logged.incident), event)
        assert known[logged.incident].version == envelope.incidentversion
    return known, fired


async def saved(ports: Ports, database: Database, org: Org) -> tuple[dict[UUID, Incident], dict[UUID, Alert]]:
    """The state as the rows have it, without the bookkeeping that moves without events."""
    async with connected(database.admin_url) as admin:
        ids = [r[0] for r in await admin.fetch("SELECT id FROM incident WHERE tenant_id = $1", org.tenant)]
    async with ports.store.begin(org.tenant) as tx:
        known = await incident_rows.load_for_update(tx, ids)
        fired = [alert for id in ids for alert in await alert_rows.of_incident(tx, id, 1000)]
    return known, {
        alert.id: msgspec.structs.replace(alert, count=1, last_at=alert.fired_at) for alert in fired
    }


async def same(ports: Ports, database: Database, *orgs: Org) -> None:
    for org in orgs:
        by_events, by_rows = await folded(ports, org), await saved(ports, database, org)
        assert by_events[0] == by_rows[0]
        assert by_events[1] == by_rows[1]


async def member(ports: Ports, org: Org) -> Grant:
    made = await sessions.sign_in(ports, f"owner@{org.slug}.example", PASSWORD, CONTEXT)
    credential = await credentials.find(ports, made.token)
    assert credential
    return await access.authorize(ports, credential, org.slug, Action.INCIDENT_READ, CONTEXT)


@pytest.mark.parametrize("seed", range(4))
async def test_the_events_alone_give_what_is_saved(
    ports: Ports, database: Database, acme: Org, globex: Org, seed: int
) -> None:
    randomly = random.Random(seed)
    actors = {org.slug: [await granted(ports, org), await member(ports, org)] for org in (acme, globex)}
    owners = {slug: [person.actor.id, None] for slug, (_, person) in actors.items()}
    for step in range(120):
        org = randomly.choice((acme, globex))
        if randomly.random() < 0.55:
            await put(ports, row(ports, org, *machine(randomly)))
            if randomly.random() < 0.6:
                await drain(ports, org)
        else:
            name = randomly.choice(VERBS)
            arguments = {"text": "I look"} if name == "note" else {}
            arguments |= {"severity": randomly.choice(list(Severity))} if name == "severity" else {}
            arguments |= {"commander": randomly.choice(owners[org.slug])} if name == "commander" else {}
            try:
                reference = str(randomly.randint(1, 3))
                await do(ports, randomly.choice(actors[org.slug]), reference, name, **arguments)
            except (NotAllowedNow, access.NotFound):
                continue
        if step % 40 == 39:
            await same(ports, database, acme, globex)
    await drain(ports, acme, globex)
    await same(ports, database, acme, globex)
    known, fired = await folded(ports, acme)
    assert len(known) > 1
    assert len(fired) > len(known)


def machine(randomly: random.Random) -> tuple[object, None, str]:
    """One request of a monitoring system: (body, delivery, format)."""
    key = randomly.choice(KEYS)
    if randomly.random() < 0.4:
        where, status = randomly.choice(("am-1", "am-2")), randomly.choice(("firing", "firing", "resolved"))
        return (ALERTMANAGER % (randomly.choice("gh"), where, status, key)).encode(), None, "alertmanager"
    some = [
        alarm(randomly.choice(KEYS), randomly.choice(("trigger", "resolve", "acknowledge")))
        for _ in range(randomly.randint(1, 3))
    ]
    return some, None, "generic"


async def test_an_alert_counts_its_repeats_without_an_event(
    ports: Ports, database: Database, acme: Org
) -> None:
    for _ in range(3):
        await put(ports, row(ports, acme, [alarm("disk"), alarm("disk")]))
    before = (await heads(ports, [acme.tenant]))[acme.tenant].position
    await drain(ports, acme)
    assert (await heads(ports, [acme.tenant]))[acme.tenant].position == before + 2
    async with connected(database.admin_url) as admin:
        counted = await admin.fetchrow("SELECT count, last_at >= fired_at FROM alert")
    assert tuple(counted) == (6, True)
