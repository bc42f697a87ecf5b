"""Receipts: what became of a stored request, for its sender and for responders; and lists of them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from hub.contract.ids import TenantId, parse, text
from hub.contract.resources import Named, OutcomeItem, ReceiptPage, ReceiptResource
from hub.contract.words import Action, InboxState
from hub.domain.access import Grant
from hub.domain.errors import NotFound, Unauthenticated
from hub.domain.sight import View
from hub.services import paging
from hub.services.change import read
from hub.services.ports import Ports
from hub.services.views import view
from hub.storage import inbox, incidents, integrations
from hub.storage.credentials import Credential
from hub.storage.inbox import Receipt
from hub.storage.tx import Tx

FILTER = "receipts/dead"
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
        truncated=receipt.truncated,
        reason=receipt.reason,
        items=items,
        nobody_is_paged=True,
        body=receipt.body.decode("utf-8", "replace") if with_body else None,
    )


async def _resources(
    tx: Tx, view: View, receipts: list[Receipt], with_body: bool = False
) -> list[ReceiptResource]:
    """Receipts as somebody with this view sees them: of a private incident that the view does not name, no id
    and no raw body. The rest of the row tells no more than its sender knows."""
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
    return msgspec.structs.replace(item, alert=None, incident=None, detail=None) if is_private else item


async def show(ports: Ports, grant: Grant, reference: str) -> ReceiptResource:
    """One receipt; a dead letter with at most 64 KiB of its body. It is seen by whoever sees the service of
    its integration."""
    id, seen = parse("receipt", reference), view(grant)
    async with read(ports, grant) as tx:
        found = await inbox.receipt(tx, id) if id else None
        if found is None or not seen.sees_service(found.service_id):
            raise NotFound("There is no such receipt.")
        grant.require(Action.RECEIPT_READ, service=found.service_id)
        [shown] = await _resources(tx, seen, [found], with_body=True)
    return shown


async def show_to_sender(ports: Ports, credential: Credential | None, reference: str) -> ReceiptResource:
    """One receipt to the integration whose request it was, and to no other."""
    if credential is None or credential.kind != "integration_key":
        raise Unauthenticated("Present the integration key that the request was sent with.")
    id = parse("receipt", reference)
    async with ports.store.begin(TenantId(credential.tenant_id)) as tx:
        found = await inbox.receipt(tx, id) if id else None
        if found is None or found.integration_id != credential.subject:
            raise NotFound("There is no such receipt.")
        [shown] = await _resources(tx, View(), [found])
    return shown


async def page_dead(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> ReceiptPage:
    """Dead letters that one sees, newest first, without their bodies."""
    grant.require_somewhere(Action.RECEIPT_READ)
    place = paging.place(ports, grant, FILTER, cursor, 24)
    before, id = LATEST, paging.NEWEST
    if place is not None:
        before = datetime.fromtimestamp(int.from_bytes(place[:8], "big") / 1_000_000, UTC)
        id = UUID(bytes=place[8:])
    async with read(ports, grant) as tx:
        found = await inbox.page_dead(tx, view(grant), before, id, limit + 1)
        shown = await _resources(tx, view(grant), found[:limit])
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        written = round(last.received_at.timestamp() * 1_000_000).to_bytes(8, "big") + last.id.bytes
        following = ports.cursors.write_page(grant.tenant, FILTER, written)
    return ReceiptPage(shown, following)


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
        found = await inbox.page_of(tx, of.id, before, limit + 1)
        shown = await _resources(tx, seen, found[:limit])
    last = found[limit - 1].arrival if len(found) > limit else None
    return ReceiptPage(shown, paging.next_cursor(ports, grant, filter, last is not None, last))
