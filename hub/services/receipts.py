"""Receipts: what became of a stored request, for its sender and for responders; and lists of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from hub.contract.ids import TenantId, parse, text
from hub.contract.receipts import (
    OutcomeItem,
    ReceiptConsumer,
    ReceiptEvent,
    ReceiptPage,
    ReceiptResource,
)
from hub.contract.resources import Named
from hub.contract.words import Action, InboxState
from hub.domain.access import Grant
from hub.domain.errors import NotFound, Unauthenticated
from hub.domain.sight import View
from hub.services import paging
from hub.services.change import read
from hub.services.lagging import owner_of
from hub.services.ports import Ports
from hub.services.views import view
from hub.storage import consumers, incidents, integrations, log
from hub.storage import receipts as stored
from hub.storage.credentials import Credential
from hub.storage.receipts import Receipt
from hub.storage.tx import Tx

FILTER = "receipts/dead"
EVENTS_SHOWN = 200
CONSUMERS_SHOWN = 50
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
ARRIVAL_MAX = (1 << 63) - 1


def _shown(receipt: Receipt, items: list[OutcomeItem], with_body: bool) -> ReceiptResource:
    return ReceiptResource(
        id=text("receipt", receipt.id),
        state=receipt.state,
        format=receipt.format,
        integration=Named(text("integration", receipt.integration_id), receipt.integration_name),
        received_at=receipt.received_at,
        processed_at=receipt.processed_at,
        request_id=receipt.request_id,
        correlation_id=receipt.correlation,
        truncated=receipt.truncated,
        reason=receipt.reason,
        items=items,
        nobody_is_paged=True,
        body=receipt.body.decode("utf-8", "replace") if with_body else None,
    )


async def _resources(
    tx: Tx, view: View, receipts: list[Receipt], with_body: bool = False
) -> list[ReceiptResource]:
    """Receipts as somebody with this view sees them: of a private incident that the view does not name, no
    id, no event and no raw body. The rest of the row tells no more than its sender knows."""
    decided = [msgspec.json.decode(receipt.outcome, type=list[OutcomeItem]) for receipt in receipts]
    named = {
        item.incident: parse("incident", item.incident) for each in decided for item in each if item.incident
    }
    asked = [id for id in named.values() if id is not None and id not in view.incidents]
    private = await incidents.private(tx, asked) if asked else set()
    shown = []
    for receipt, items in zip(receipts, decided, strict=True):
        told = [_told(item, item.incident is not None and named[item.incident] in private) for item in items]
        may_read = with_body and receipt.state is InboxState.DEAD and told == items
        shown.append(_shown(receipt, told, may_read))
    return shown


def _told(item: OutcomeItem, is_private: bool) -> OutcomeItem:
    if not is_private:
        return item
    return msgspec.structs.replace(item, alert=None, incident=None, detail=None, count=None, events=[])


async def whole(
    tx: Tx, view: View, receipt: Receipt, with_body: bool = False, grant: Grant | None = None
) -> ReceiptResource:
    """One receipt with the events that it caused, the first 200 of them, and for the holder of a Grant with
    the consumers that have them."""
    [shown] = await _resources(tx, view, [receipt], with_body)
    named = [id for item in shown.items for each in item.events if (id := parse("event", each))]
    found = await log.briefly(tx, named[:EVENTS_SHOWN])
    return msgspec.structs.replace(
        shown,
        events_total=len(named),
        consumers=await _reached(tx, grant, found) if grant else [],
        events=[
            ReceiptEvent(
                id=text("event", event.id),
                type=event.kind,
                time=event.at,
                incident=text("incident", event.incident_id) if event.incident_id else None,
            )
            for event in found
        ],
    )


async def _reached(tx: Tx, grant: Grant, briefs: Sequence[log.Brief]) -> list[ReceiptConsumer]:
    """How far the consumers that one may know of have come with these events."""
    if not briefs or not grant.holds_anywhere(Action.CONSUMER_USE):
        return []
    owner = None if grant.allows(Action.CONSUMER_MANAGE) else owner_of(grant)
    epoch = (await log.head(tx)).epoch
    return [
        ReceiptConsumer(
            name=kept.name,
            acknowledged=sum(kept.epoch == epoch and event.position <= kept.position for event in briefs),
        )
        for kept in await consumers.page(tx, owner, paging.OLDEST, CONSUMERS_SHOWN)
    ]


async def find(tx: Tx, grant: Grant, reference: str, action: Action) -> Receipt:
    """One receipt, for whoever may do this to it; NotFound alike for a foreign and a missing one. It is seen
    by whoever sees the service of its integration."""
    id = parse("receipt", reference)
    found = await stored.receipt(tx, id) if id else None
    if found is None or not view(grant).sees_service(found.service_id):
        raise NotFound("There is no such receipt.")
    grant.require(action, service=found.service_id)
    return found


async def show(ports: Ports, grant: Grant, reference: str) -> ReceiptResource:
    """One receipt; a dead letter with at most 64 KiB of its body."""
    async with read(ports, grant) as tx:
        found = await find(tx, grant, reference, Action.RECEIPT_READ)
        return await whole(tx, view(grant), found, with_body=True, grant=grant)


def _sender(credential: Credential | None) -> Credential:
    if credential is None or credential.kind != "integration_key":
        raise Unauthenticated("Present the integration key that the request was sent with.")
    return credential


async def show_to_sender(ports: Ports, credential: Credential | None, reference: str) -> ReceiptResource:
    """One receipt to the integration whose request it was, and to no other."""
    sender, id = _sender(credential), parse("receipt", reference)
    async with ports.store.begin(TenantId(sender.tenant_id)) as tx:
        found = await stored.receipt(tx, id) if id else None
        if found is None or found.integration_id != sender.subject:
            raise NotFound("There is no such receipt.")
        return await whole(tx, View(), found)


async def correlated_for_sender(
    ports: Ports, credential: Credential | None, named: str, limit: int
) -> ReceiptPage:
    """The newest receipts of an integration's own requests under one request or correlation id."""
    sender = _sender(credential)
    async with ports.store.begin(TenantId(sender.tenant_id)) as tx:
        found = await stored.page_correlated_of(tx, sender.subject, named, limit)
        return ReceiptPage(await _resources(tx, View(), found), None)


async def page_correlated(
    ports: Ports, grant: Grant, named: str, limit: int, cursor: str | None
) -> ReceiptPage:
    """What came under one request or correlation id, of what one sees, newest first, without bodies."""
    grant.require_somewhere(Action.RECEIPT_READ)
    filter = f"receipts/as/{named}"
    before, id = _moment_place(ports, grant, filter, cursor)
    async with read(ports, grant) as tx:
        found = await stored.page_correlated(tx, view(grant), named, before, id, limit + 1)
        shown = await _resources(tx, view(grant), found[:limit])
    return ReceiptPage(shown, _next_moment(ports, grant, filter, found, limit))


async def page_dead(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> ReceiptPage:
    """Dead letters that one sees, newest first, without their bodies."""
    grant.require_somewhere(Action.RECEIPT_READ)
    before, id = _moment_place(ports, grant, FILTER, cursor)
    async with read(ports, grant) as tx:
        found = await stored.page_dead(tx, view(grant), before, id, limit + 1)
        shown = await _resources(tx, view(grant), found[:limit])
    return ReceiptPage(shown, _next_moment(ports, grant, FILTER, found, limit))


def _moment_place(ports: Ports, grant: Grant, filter: str, cursor: str | None) -> tuple[datetime, UUID]:
    place = paging.place(ports, grant, filter, cursor, 24)
    if place is None:
        return LATEST, paging.NEWEST
    return datetime.fromtimestamp(int.from_bytes(place[:8], "big") / 1_000_000, UTC), UUID(bytes=place[8:])


def _next_moment(ports: Ports, grant: Grant, filter: str, found: list[Receipt], limit: int) -> str | None:
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    written = round(last.received_at.timestamp() * 1_000_000).to_bytes(8, "big") + last.id.bytes
    return ports.cursors.write_page(grant.tenant, filter, written)


async def page_of(ports: Ports, grant: Grant, reference: str, limit: int, cursor: str | None) -> ReceiptPage:
    """What came for one integration, in any state, newest first, without bodies. It is for whoever sees the
    integration's service; NotFound alike for a foreign and a missing one."""
    id, seen = parse("integration", reference), view(grant)
    filter = f"receipts/{id}"
    before = paging.number_place(ports, grant, filter, cursor, ARRIVAL_MAX)
    async with read(ports, grant) as tx:
        of = await integrations.find(tx, id) if id else None
        if of is None or not seen.sees_service(of.service_id):
            raise NotFound("There is no such integration.")
        grant.require(Action.RECEIPT_READ, service=of.service_id)
        found = await stored.page_of(tx, of.id, before, limit + 1)
        shown = await _resources(tx, seen, found[:limit])
    last = found[limit - 1].arrival if len(found) > limit else None
    return ReceiptPage(shown, paging.next_cursor(ports, grant, filter, last is not None, last))
