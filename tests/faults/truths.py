"""What PostgreSQL holds in the end: the logs of the organizations, and their seals."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
import msgspec
from chronicle import digest
from histories import Fact, Finding, Log

from hub.contract.ids import TenantId

ROWS = (
    "SELECT position, b.body, coalesce(i.private, false) AS is_secret FROM incident_event e"
    " JOIN event_body b USING (tenant_id, position)"
    " LEFT JOIN incident i ON i.tenant_id = e.tenant_id AND i.id = e.incident_id"
    " WHERE e.tenant_id = $1 ORDER BY position"
)
HEAD = "SELECT h.epoch FROM head h WHERE h.tenant_id = $1"
SEALS = (
    "SELECT h.tenant_id::text, h.position, h.unsealed,"
    " (SELECT count(*) FROM audit_log a WHERE a.tenant_id = h.tenant_id) AS sealed FROM head h"
)


class Envelope(msgspec.Struct):
    """What of an event is looked at."""

    class Data(msgspec.Struct, frozen=True):
        """Members of several kinds."""

        text: str = ""
        dedup_key: str = ""
        was: str | None = ""

    id: str
    type: str
    incident: str = ""
    incidentversion: int = 0
    incidentseverity: str = ""
    data: Data = Data()


NAMED = {"incident.noted": "text", "alert.fired": "dedup_key"}


def fact(position: int, body: bytes, is_secret: bool) -> Fact:
    """A row of the log, as the checker knows it."""
    said = msgspec.json.decode(body, type=Envelope)
    was = said.data.was if said.type == "incident.severity_set" else None
    return Fact(
        position=position,
        id=said.id,
        digest=digest(body),
        kind=said.type,
        incident=said.incident,
        version=said.incidentversion,
        levels=(said.incidentseverity, was or said.incidentseverity),
        name=getattr(said.data, NAMED[said.type]) if said.type in NAMED else "",
        is_secret=is_secret,
    )


@dataclass
class Truths:
    """The logs by organization, whose rows they are, and what is wrong with the seals (I14)."""

    logs: dict[str, Log]
    tenants: dict[str, TenantId]
    findings: list[Finding]


async def read_truths(connection: asyncpg.Connection, due: dict[str, int]) -> Truths:
    """Read it all, over all walls; `due` has the position that readers of each organization must reach."""
    logs, tenants = {}, {}
    for slug in due:
        tenant = await connection.fetchval("SELECT tenant_id FROM organization WHERE slug = $1", slug)
        rows = await connection.fetch(ROWS, tenant)
        epoch = str(await connection.fetchval(HEAD, tenant))
        facts = [fact(row["position"], row["body"], row["is_secret"]) for row in rows]
        logs[slug] = Log(epoch, facts, due[slug])
        tenants[slug] = tenant
    findings = [
        Finding("I14", tenant, f"{sealed} seals for {position} events")
        for tenant, position, is_unsealed, sealed in await connection.fetch(SEALS)
        if sealed != position and not is_unsealed
    ]
    return Truths(logs, tenants, findings)
