"""Opsgenie alerts: what a client of Opsgenie asks of those that it sent itself, by its integration's key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from hub.contract import ids
from hub.contract.events import Envelope, IncidentNoted
from hub.contract.receipts import OutcomeItem
from hub.contract.words import Decision, InboxState
from hub.domain.errors import NotFound
from hub.services.grants import IntegrationRef
from hub.services.ports import Ports
from hub.sources import opsgenie, reading
from hub.storage import receipts, sent
from hub.storage.sent import Sent
from hub.storage.tx import Tx

LIMIT_MAX = 100
VERB_MAX = 64  # bytes of a kept request, in which its verb stands first
STORIES = {"notes": IncidentNoted.kind, "logs": None}
OFFSET_MAX = 20_000
PRIORITIES = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}
STATUSES = {
    Decision.OPENED: "Created alert",
    Decision.JOINED: "Created alert",
    Decision.REOPENED: "Created alert",
    Decision.REPEATED: "Alert is deduplicated",
    Decision.CLEARED: "Alert is closed",
    Decision.ACKNOWLEDGED: "Alert is acknowledged",
    Decision.NOTED: "Note is added to alert",
    Decision.RECORDED: "Recorded",
}


async def find(ports: Ports, owner: IntegrationRef, by: str, named: str) -> dict[str, Any]:
    """One alert by `id`, `alias` or `tiny` (the number of its incident); NotFound for what is not its own."""
    async with ports.store.reading(owner.tenant) as tx:
        found = await _find(tx, owner, by, named)
    if found is None:
        raise NotFound(f"Alert with {by} [{named[:255]}] does not exist")
    return _alert(owner, found)


async def alias_of(ports: Ports, owner: IntegrationRef, by: str, named: str) -> str:
    """The alias under which an act is kept. An id or number that no alert has now stays as it is, and nothing
    fires under it: the vendor answers 202 too, and says so when it is asked about the request."""
    if by == "alias":
        return named
    async with ports.store.reading(owner.tenant) as tx:
        found = await _find(tx, owner, by, named)
    return found.dedup_key if found is not None else f"{by}:{named}"


async def page(
    ports: Ports, owner: IntegrationRef, is_open: bool | None, limit: int, offset: int
) -> list[dict[str, Any]]:
    """Its alerts, newest first."""
    async with ports.store.reading(owner.tenant) as tx:
        found = await sent.page(tx, owner.integration, opsgenie.NAME, is_open, limit, offset)
    return [_alert(owner, each) for each in found]


async def count(ports: Ports, owner: IntegrationRef, is_open: bool | None) -> int:
    """How many there are."""
    async with ports.store.reading(owner.tenant) as tx:
        return await sent.count(tx, owner.integration, opsgenie.NAME, is_open)


async def story(
    ports: Ports, owner: IntegrationRef, by: str, named: str, which: str, limit: int
) -> list[dict[str, Any]]:
    """What its own integration has noted on an alert's incident, or done to both; what people did is not the
    sender's to read. NotFound as `find` does."""
    actor = ids.text("integration", owner.integration)
    async with ports.store.reading(owner.tenant) as tx:
        found = await _find(tx, owner, by, named)
        if found is None:
            raise NotFound(f"Alert with {by} [{named[:255]}] does not exist")
        bodies = await sent.story(tx, found.incident_id, found.id, actor, STORIES[which], limit)
    return [_told(msgspec.json.decode(body, type=Envelope)) for body in bodies]


async def outcome(ports: Ports, owner: IntegrationRef, request: str) -> dict[str, Any]:
    """What became of a request; NotFound while it is not processed, as the vendor has it."""
    try:
        id = UUID(request)
    except ValueError:
        id = UUID(int=0)
    async with ports.store.reading(owner.tenant) as tx:
        found = await receipts.receipt(tx, id, VERB_MAX)
    is_own = found is not None and found.integration_id == owner.integration
    if found is None or not is_own or found.state not in {InboxState.DONE, InboxState.DEAD}:
        raise NotFound("Request not found. It might not be processed, yet.")
    items = msgspec.json.decode(found.outcome, type=list[OutcomeItem])
    last = items[-1] if items else None
    decision = last.decision if last else Decision.IGNORED
    is_done = decision in STATUSES
    return {
        "success": is_done,
        "isSuccess": is_done,
        "action": _action(found.body),
        "processedAt": found.processed_at,
        "integrationId": ids.text("integration", owner.integration),
        "status": STATUSES.get(decision) or (last.detail or last.rule if last else "Nothing was done"),
        "alertId": (last.alert or "") if last and is_done else "",
        "alias": (last.dedup_key or "") if last else "",
    }


async def _find(tx: Tx, owner: IntegrationRef, by: str, named: str) -> Sent | None:
    if by == "alias":
        return await sent.by_key(tx, owner.integration, opsgenie.NAME, reading.key(named))
    if by == "tiny":
        is_number = named.isascii() and named.isdigit() and len(named) < 18
        number = int(named) if is_number else 0
        return await sent.by_number(tx, owner.integration, opsgenie.NAME, number)
    id = ids.parse("alert", named)
    return await sent.by_id(tx, owner.integration, opsgenie.NAME, id) if id else None


def _told(event: Envelope) -> dict[str, Any]:
    note = msgspec.json.decode(event.data).get("text", "") if event.type == IncidentNoted.kind else ""
    words = event.type.partition(".")[2].replace("_", " ")
    return {
        "note": note,
        "log": f"{event.type.partition('.')[0].capitalize()} {words}{f': {note}' if note else ''}",
        "type": "alertRecipient" if note else "system",
        "owner": event.actorname,
        "createdAt": event.time,
        "offset": event.id,
    }


def _action(body: bytes) -> str:
    """The verb of a kept request, which may be cut."""
    verb = body.partition(b'"verb":"')[2].partition(b'"')[0].decode("ascii", "replace")
    return {"create": "Create", "notes": "AddNote"}.get(verb, verb.capitalize())


def _alert(owner: IntegrationRef, found: Sent) -> dict[str, Any]:
    """The vendor's shape; description, tags and details are on the timeline alone."""
    return {
        "id": ids.text("alert", found.id),
        "tinyId": str(found.number) if found.number > 0 else "",
        "alias": found.dedup_key,
        "message": found.title,
        "status": "open" if found.cleared_at is None else "closed",
        "acknowledged": found.is_acknowledged and found.cleared_at is None,
        "isSeen": found.is_acknowledged,
        "tags": [],
        "snoozed": False,
        "count": found.count,
        "lastOccurredAt": found.last_at,
        "createdAt": found.fired_at,
        "updatedAt": found.cleared_at or found.last_at,
        "source": found.source,
        "owner": "",
        "priority": PRIORITIES[found.severity],
        "responders": [],
        "integration": {
            "id": ids.text("integration", owner.integration),
            "name": found.integration_name,
            "type": "API",
        },
        "actions": [],
        "entity": "",
        "description": "",
        "details": {},
    }
