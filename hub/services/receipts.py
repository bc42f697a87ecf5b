"""Receipts: what became of a stored request, for its sender and for responders; dead letters are listed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from hub.contract.ids import TenantId, parse, text
from hub.contract.resources import Named, OutcomeItem, ReceiptPage, ReceiptResource
from hub.contract.words import Action, InboxState
from hub.domain.access import Grant
from hub.domain.errors import NotFound, Unauthenticated
from hub.services import paging
from hub.services.change import read
from hub.services.ports import Ports
from hub.storage import inbox
from hub.storage.credentials import Credential
from hub.storage.inbox import Receipt

FILTER = "receipts/dead"
LATEST = datetime(9999, 1, 1, tzinfo=UTC)


def _shown(receipt: Receipt, with_body: bool) -> ReceiptResource:
    dead = receipt.state is InboxState.DEAD
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
        items=msgspec.json.decode(receipt.outcome, type=list[OutcomeItem]),
        nobody_is_paged=True,
        body=receipt.body.decode("utf-8", "replace") if dead and with_body else None,
    )


async def show(ports: Ports, grant: Grant, reference: str) -> ReceiptResource:
    """One receipt; a dead letter with at most 64 KiB of its body."""
    grant.require(Action.RECEIPT_READ)
    id = parse("receipt", reference)
    async with read(ports, grant) as tx:
        found = await inbox.receipt(tx, id) if id else None
    if found is None:
        raise NotFound("There is no such receipt.")
    return _shown(found, with_body=True)


async def show_to_sender(ports: Ports, credential: Credential | None, reference: str) -> ReceiptResource:
    """One receipt to the integration whose request it was, and to no other."""
    if credential is None or credential.kind != "integration_key":
        raise Unauthenticated("Present the integration key that the request was sent with.")
    id = parse("receipt", reference)
    async with ports.store.begin(TenantId(credential.tenant_id)) as tx:
        found = await inbox.receipt(tx, id) if id else None
    if found is None or found.integration_id != credential.subject:
        raise NotFound("There is no such receipt.")
    return _shown(found, with_body=False)


async def page_dead(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> ReceiptPage:
    """Dead letters, newest first, without their bodies."""
    grant.require(Action.RECEIPT_READ)
    place = paging.place(ports, grant, FILTER, cursor, 24)
    before, id = LATEST, paging.NEWEST
    if place is not None:
        before = datetime.fromtimestamp(int.from_bytes(place[:8], "big") / 1_000_000, UTC)
        id = UUID(bytes=place[8:])
    async with read(ports, grant) as tx:
        found = await inbox.page_dead(tx, before, id, limit + 1)
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        written = round(last.received_at.timestamp() * 1_000_000).to_bytes(8, "big") + last.id.bytes
        following = ports.cursors.write_page(grant.tenant, FILTER, written)
    return ReceiptPage([_shown(receipt, with_body=False) for receipt in found[:limit]], following)
