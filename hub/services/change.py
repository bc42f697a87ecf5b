"""The one door to change: open a transaction, collect events, append them last, commit, announce."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from uuid import UUID

import msgspec

from hub.contract.events import Envelope, Event, Kind
from hub.contract.ids import new, text
from hub.crash import around, reached
from hub.domain import chain
from hub.domain.access import Grant
from hub.domain.incident import Incident
from hub.services.ports import Ports, RequestContext
from hub.storage import log
from hub.storage.tx import Tx


class Change:
    """What one transaction changes. `now` is one instant for all of it."""

    def __init__(self, tx: Tx, grant: Grant, context: RequestContext, now: datetime) -> None:
        self.tx = tx
        self.grant = grant
        self.context = context
        self.now = now
        self.entries: list[log.Entry] = []
        self.sights: list[tuple[UUID | None, bool]] = []

    @asynccontextmanager
    async def forgotten(self) -> AsyncIterator[None]:
        """Try what the block does, and take all of it back."""
        known = len(self.entries)
        async with self.tx.forgotten():
            yield
        del self.entries[known:], self.sights[known:]

    def happened(self, data: Kind, subject: UUID) -> None:
        """Record an event of the actor that has no incident."""
        self.record(Event(data=data, subject=subject, actor=self.grant.actor, at=self.now))

    def record(
        self,
        event: Event,
        version: int | None = None,
        context: RequestContext | None = None,
        incident: Incident | None = None,
        severity: str = "",
        id: UUID | None = None,
    ) -> bytes:
        """Collect an event for the log; the bytes of its envelope are returned, as they will be sent.

        `version` is the incident's after it; `context` is whose request caused it, where that is not this
        transaction's own (an inbox row's); `incident` is the event's as this transaction leaves it: streams
        are told its service and whether it is private; `severity` is its own right after this event; `id` is
        the event's, where somebody has named it before.
        """
        cause = context or self.context
        id, subject = id or new(), text(event.data.about, event.subject)
        body = msgspec.json.encode(
            Envelope(
                id=text("event", id),
                type=event.data.kind,
                time=event.at,
                source=f"/tenants/{text('tenant', self.grant.tenant)}",
                subject=subject,
                actor=event.actor.id,
                actorname=event.actor.name,
                schemaversion=event.data.schema,
                incident=text("incident", event.incident) if event.incident else "",
                incidentversion=version or 0,
                incidentseverity=severity,
                correlationid=cause.request_id,
                data=msgspec.Raw(msgspec.json.encode(event.data)),
            )
        )
        salt = secrets.token_bytes(16)
        self.entries.append(
            log.Entry(
                id=id,
                kind=event.data.kind,
                at=event.at,
                actor=event.actor.id,
                subject=subject,
                incident_id=event.incident,
                version=version,
                request_id=cause.request_id,
                digest=chain.digest(salt, body, cause.address),
                salt=salt,
                body=body,
                address=cause.address,
            )
        )
        self.sights.append(
            (incident.service_id, incident.private) if incident else (log.service_of(subject), False)
        )
        return body


@asynccontextmanager
async def change(ports: Ports, grant: Grant, context: RequestContext) -> AsyncIterator[Change]:
    """Open a Change. At the end of the block its events are appended by one final statement, then COMMIT,
    then everybody is told. An error takes all of it back, positions included."""
    async with ports.store.begin(grant.tenant) as tx:
        changed = Change(tx, grant, context, ports.clock())
        yield changed
        appended = None
        if changed.entries:
            with around("append"):
                appended = await log.append(tx, changed.entries)
            reached("commit.before")
    if appended is not None:
        reached("commit.after")
        ports.grants.happened(grant.tenant, [entry.kind for entry in changed.entries])
        first = appended.head - len(changed.entries) + 1
        ports.announce(
            grant.tenant,
            appended.epoch,
            appended.head,
            [
                log.LogEvent(first + index, entry.kind, entry.incident_id, entry.body, *sight)
                for index, (entry, sight) in enumerate(zip(changed.entries, changed.sights, strict=True))
            ],
        )
        ports.enqueue("log", [grant.tenant])


def read(ports: Ports, grant: Grant) -> AbstractAsyncContextManager[Tx]:
    """Read what the Grant's tenant holds."""
    return ports.store.reading(grant.tenant)
