"""Incidents: loaded for update, saved whole, shown and paged."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import sqlalchemy as sa

from hub.contract.words import Severity, Status, Urgency
from hub.domain.incident import Acknowledgement, Incident
from hub.domain.sight import View
from hub.storage.names import Named, named_of, read_named
from hub.storage.statement import TENANT, Statement, given, many, written
from hub.storage.tables import incident, service
from hub.storage.tx import Tx

COLUMNS = Incident.__struct_fields__
ACKNOWLEDGEMENTS = msgspec.json.Decoder(tuple[Acknowledgement, ...])
FIELDS = [incident.c[name] for name in COLUMNS]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with what a reader wants beside it."""

    incident: Incident
    service_name: str
    recurs_private: bool
    named: list[Named]


_LOCK = Statement(
    sa.select(*FIELDS)
    .where(incident.c.tenant_id == TENANT, incident.c.id == sa.any_(many("ids", "uuid")))
    .order_by(incident.c.id)
    .with_for_update(key_share=True)
)
_LOCK_OPEN = Statement(
    sa.select(*FIELDS)
    .where(incident.c.tenant_id == TENANT, incident.c.service_id == given("service", "uuid"))
    .where(
        sa.or_(
            incident.c.id == given("id", "uuid"),
            sa.and_(
                incident.c.group_key == sa.any_(many("keys", "text")),
                incident.c.status.in_(
                    [
                        sa.literal_column(f"'{status}'")
                        for status in ("triggered", "acknowledged", "mitigated")
                    ]
                ),
            ),
        )
    )
    .order_by(incident.c.id)
    .with_for_update(key_share=True)
)
_OF_GROUPS = written(
    """
    SELECT newest.id FROM unnest(:keys) AS k (group_key) CROSS JOIN LATERAL (
      SELECT id FROM incident WHERE tenant_id = :tenant AND service_id = :service
        AND group_key = k.group_key ORDER BY id DESC LIMIT 1) newest
    UNION
    SELECT id FROM incident WHERE tenant_id = :tenant AND service_id = :service AND group_key = ANY (:keys)
      AND status IN ('triggered', 'acknowledged', 'mitigated')
    """,
    tenant="uuid",
    service="uuid",
    keys="text[]",
)
_NUMBERS = written(
    "UPDATE counter SET incidents = incidents + :count WHERE tenant_id = :tenant RETURNING incidents",
    tenant="uuid",
    count="int",
)
_PRIVATE_NUMBERS = written(
    "UPDATE counter SET private_incidents = private_incidents + :count WHERE tenant_id = :tenant"
    " RETURNING private_incidents",
    tenant="uuid",
    count="int",
)
_LAST = incident.alias("last")  # which it recurs; its service is the same
_RECURS_PRIVATE = (
    sa.select(_LAST.c.private)
    .where(_LAST.c.tenant_id == incident.c.tenant_id, _LAST.c.id == incident.c.recurs)
    .correlate(incident)
    .scalar_subquery()
    .label("recurs_private")
)
_SHOWN = (
    sa.select(*FIELDS, service.c.name.label("service_name"), _RECURS_PRIVATE, named_of("incident"))
    .select_from(
        incident.join(
            service,
            sa.and_(service.c.tenant_id == incident.c.tenant_id, service.c.id == incident.c.service_id),
        )
    )
    .where(incident.c.tenant_id == TENANT)
)


class Hold(Enum):
    """What is locked with an incident that is found; the service's lock comes before the incident's."""

    NOTHING = 0
    INCIDENT = 1
    SERVICE = 2


def _holding(found: sa.Select[Any]) -> dict[Hold, Statement]:
    return {
        Hold.NOTHING: Statement(found),
        Hold.INCIDENT: Statement(found.with_for_update(key_share=True, of=incident)),
        Hold.SERVICE: Statement(found.with_for_update(key_share=True, of=service)),
    }


_BY_ID = Statement(_SHOWN.where(incident.c.id == given("id", "uuid")))
# Sight is part of the question: what is out of it is not locked, so nobody waits for it, and learns of it so.
_SIGHT = sa.or_(
    incident.c.id == sa.any_(many("named", "uuid")),
    sa.and_(
        sa.not_(incident.c.private),
        sa.or_(given("whole", "bool"), incident.c.service_id == sa.any_(many("services", "uuid"))),
    ),
)
_SEEN_ID = _holding(_SHOWN.where(incident.c.id == given("id", "uuid"), _SIGHT))
_SEEN_NUMBER = _holding(_SHOWN.where(incident.c.number == given("number", "big"), _SIGHT))
_GLASS_ID = Statement(
    _SHOWN.where(incident.c.id == given("id", "uuid")).with_for_update(key_share=True, of=incident)
)
_GLASS_NUMBER = Statement(
    _SHOWN.where(incident.c.number == given("number", "big")).with_for_update(key_share=True, of=incident)
)
# The newest of each status, then the newest of those: however many are closed, and however old the open
# ones are, no more rows are looked at than statuses times the limit.
_ASKED = sa.select(sa.func.unnest(many("statuses", "text")).label("status")).subquery("asked")
_NEWEST = (
    sa.select(*FIELDS)
    .where(incident.c.tenant_id == TENANT, incident.c.status == _ASKED.c.status)
    .where(incident.c.id < given("before", "uuid"))
    .where(sa.or_(sa.not_(incident.c.private), incident.c.id == sa.any_(many("named", "uuid"))))
    .order_by(incident.c.id.desc())
    .limit(given("limit", "int"))
    .lateral("newest")
)
_PAGE = Statement(
    sa.select(
        *(_NEWEST.c[name] for name in COLUMNS),
        service.c.name.label("service_name"),
        sa.select(_LAST.c.private)
        .where(_LAST.c.tenant_id == TENANT, _LAST.c.id == _NEWEST.c.recurs)
        .scalar_subquery()
        .label("recurs_private"),
        named_of("newest", "service"),
    )
    .select_from(
        _ASKED.join(_NEWEST, sa.true()).join(
            service, sa.and_(service.c.tenant_id == TENANT, service.c.id == _NEWEST.c.service_id)
        )
    )
    .order_by(_NEWEST.c.id.desc())
    .limit(given("limit", "int"))
)

_PICK = written(
    """
    SELECT id FROM (
      SELECT i.id FROM unnest(:services) AS s (id) CROSS JOIN unnest(:statuses) AS t (status)
      CROSS JOIN LATERAL (
        SELECT id FROM incident WHERE tenant_id = :tenant AND service_id = s.id AND status = t.status
          AND id < :before AND NOT private ORDER BY id DESC LIMIT :limit) i
      UNION
      SELECT id FROM incident WHERE tenant_id = :tenant AND id = ANY (:named) AND status = ANY (:statuses)
        AND id < :before) found
    ORDER BY id DESC LIMIT :limit
    """,
    tenant="uuid", services="uuid[]", statuses="text[]", named="uuid[]", before="uuid", limit="int",
)  # fmt: skip
_PICKED = Statement(
    _SHOWN.where(incident.c.id == sa.any_(many("ids", "uuid"))).order_by(incident.c.id.desc())
)

_PRIVATE = written(
    "SELECT id FROM incident WHERE tenant_id = :tenant AND id = ANY (:ids) AND private",
    tenant="uuid", ids="uuid[]",
)  # fmt: skip


def _incident(row: asyncpg.Record) -> Incident:
    values = {name: row[name] for name in COLUMNS}
    values["status"] = Status(row["status"])
    values["severity"] = Severity(row["severity"])
    values["urgency"] = Urgency(row["urgency"])
    values["acknowledgements"] = ACKNOWLEDGEMENTS.decode(row["acknowledgements"])
    return Incident(**values)


def _shown(row: asyncpg.Record) -> Shown:
    return Shown(
        incident=_incident(row),
        service_name=row["service_name"],
        recurs_private=bool(row["recurs_private"]),
        named=read_named(row["named"]),
    )


async def load_for_update(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Incident]:
    """Lock incidents in the order of their ids, and read them as they are then."""
    rows = await tx.fetch(_LOCK, ids=sorted(set(ids)))
    return {row["id"]: _incident(row) for row in rows}


async def ids_of_groups(tx: Tx, service_id: UUID, keys: Iterable[str]) -> list[UUID]:
    """For each group key of a service: its open incident, and its newest one."""
    return [row["id"] for row in await tx.fetch(_OF_GROUPS, service=service_id, keys=sorted(set(keys)))]


async def take_numbers(tx: Tx, count: int) -> int:
    """Take `count` numbers of the organization's series; the first one is returned."""
    row = await tx.one(_NUMBERS, count=count)
    if row is None:
        raise LookupError("an organization has no counter")
    last: int = row["incidents"]
    return last - count + 1


async def take_private_numbers(tx: Tx, count: int) -> int:
    """Take `count` numbers of the series that private incidents have; the first one is returned."""
    row = await tx.one(_PRIVATE_NUMBERS, count=count)
    if row is None:
        raise LookupError("an organization has no counter")
    last: int = row["private_incidents"]
    return last - count + 1


async def lock_with_open(tx: Tx, found: Incident, keys: Iterable[str]) -> dict[UUID, Incident]:
    """Lock an incident, and the open ones of these groups, in the order of their ids; its service is locked
    already, so that nothing opens there meanwhile."""
    rows = await tx.fetch(_LOCK_OPEN, id=found.id, service=found.service_id, keys=sorted(set(keys)))
    return {row["id"]: _incident(row) for row in rows}


async def by_id(tx: Tx, id: UUID) -> Shown | None:
    """One incident by its id, whoever may see it."""
    row = await tx.one(_BY_ID, id=id)
    return _shown(row) if row else None


async def seen(tx: Tx, view: View, named: UUID | int, hold: Hold = Hold.NOTHING) -> Shown | None:
    """One incident of a view by its id or number, locked as `hold` says. None, without a wait, for what is
    out of the view and for what is not there."""
    sight = {"whole": view.whole, "services": list(view.services), "named": list(view.incidents)}
    if isinstance(named, UUID):
        row = await tx.one(_SEEN_ID[hold], id=named, **sight)
    else:
        row = await tx.one(_SEEN_NUMBER[hold], number=named, **sight)
    return _shown(row) if row else None


async def behind_glass(tx: Tx, named: UUID | int) -> Shown | None:
    """One incident of the organization, locked, whoever may see it: for who breaks the glass."""
    if isinstance(named, UUID):
        row = await tx.one(_GLASS_ID, id=named)
    else:
        row = await tx.one(_GLASS_NUMBER, number=named)
    return _shown(row) if row else None


async def private(tx: Tx, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these incidents are private."""
    return {row["id"] for row in await tx.fetch(_PRIVATE, ids=sorted(set(ids)))}


async def some(tx: Tx, ids: Iterable[UUID]) -> list[Shown]:
    """These incidents, as far as they are there, newest first."""
    return [_shown(row) for row in await tx.fetch(_PICKED, ids=list(ids))]


async def page(tx: Tx, view: View, statuses: Iterable[str], before: UUID, limit: int) -> list[Shown]:
    """Incidents of some statuses older than `before` that a view contains, newest first. A view of some
    services looks at the newest ones of each, never at the organization's."""
    asked = {"statuses": sorted(statuses), "before": before, "limit": limit, "named": list(view.incidents)}
    if view.whole:
        return [_shown(row) for row in await tx.fetch(_PAGE, **asked)]
    picked = await tx.fetch(_PICK, services=list(view.services), **asked)
    return [_shown(row) for row in await tx.fetch(_PICKED, ids=[row["id"] for row in picked])]
