"""Dead letters: put back as they came, put back mended, or discarded; one by one, or an integration's all."""

from __future__ import annotations

from uuid import UUID

import msgspec

from hub.contract.ids import new, parse, text
from hub.contract.receipts import (
    Discard,
    IntegrationReplayed,
    ReceiptDiscarded,
    ReceiptReplayed,
    ReceiptResource,
    Replay,
    ReplayedAll,
)
from hub.contract.signals import Signal
from hub.contract.words import Action, InboxState, SignalAction
from hub.domain.access import Grant
from hub.domain.errors import Broken, NotAllowedNow
from hub.services import receipts
from hub.services.change import Change, change
from hub.services.integrations import find_integration
from hub.services.once import Claim, patiently
from hub.services.own import say
from hub.services.ports import Ports, RequestContext
from hub.services.process import unreadable
from hub.services.views import view
from hub.storage import inbox, lanes
from hub.storage import receipts as stored
from hub.storage.inbox import InboxRow
from hub.storage.receipts import Receipt

PORTION = 500
COUNTED = 10_000


async def replay(
    ports: Ports, grant: Grant, reference: str, asked: Replay, key: str | None, context: RequestContext
) -> tuple[ReceiptResource, bool]:
    """Process a dead letter once more; the receipt to follow, and True beside it for a repeat of the request.

    As it came, it takes its old place in its lane. A mended body is a request of its own, at the lane's end,
    and what was sent stays as it is. NotAllowedNow for what is no dead letter, or was cut off by the limit
    and comes without a body.
    """

    async def attempt() -> tuple[ReceiptResource, bool]:
        async with change(ports, grant, context) as changed:
            found = await receipts.find(changed.tx, grant, reference, Action.RECEIPT_REPLAY)
            claim = Claim(changed, "receipt.replay", key, reference, asked)
            if (earlier := await claim.earlier()) is not None:
                return await _shown(changed, earlier), True
            if found.truncated and asked.body is None:
                raise NotAllowedNow("Only its beginning was kept: replay it with a body in its place.")
            mended = await _mend(changed, found, asked.body) if asked.body is not None else None
            if mended is None:
                await _settle(changed, found, InboxState.STORED, "")
            else:
                await _settle(changed, found, InboxState.DONE, f"replayed as {mended}, with another body")
            integration = text("integration", found.integration_id)
            changed.happened(ReceiptReplayed(integration=integration, replacement=mended), found.id)
            await _all_read(changed, found.integration_id)
            await claim.done(mended or reference)
            return await _shown(changed, mended or reference), False

    shown = await patiently(attempt)
    ports.enqueue("inbox", [grant.tenant])
    return shown


async def discard(
    ports: Ports, grant: Grant, reference: str, asked: Discard, key: str | None, context: RequestContext
) -> tuple[ReceiptResource, bool]:
    """Let nothing become of a dead letter; it stays, with who decided so and why."""

    async def attempt() -> tuple[ReceiptResource, bool]:
        async with change(ports, grant, context) as changed:
            found = await receipts.find(changed.tx, grant, reference, Action.RECEIPT_REPLAY)
            claim = Claim(changed, "receipt.discard", key, reference, asked)
            is_replay = await claim.earlier() is not None
            if not is_replay:
                reason = f"discarded by {grant.actor.name}: {asked.reason}"
                await _settle(changed, found, InboxState.DONE, reason)
                integration = text("integration", found.integration_id)
                discarded = ReceiptDiscarded(integration=integration, reason=asked.reason)
                changed.happened(discarded, found.id)
                await _all_read(changed, found.integration_id)
                await claim.done(reference)
            return await _shown(changed, reference), is_replay

    return await patiently(attempt)


async def replay_all(
    ports: Ports, grant: Grant, reference: str, key: str | None, context: RequestContext
) -> tuple[ReplayedAll, bool]:
    """Put at most 500 of an integration's dead letters back, the newest first; those that came while this
    runs, and those of which only the beginning was kept, stay. Counts go up to 10,000."""

    async def attempt() -> tuple[ReplayedAll, bool]:
        async with change(ports, grant, context) as changed:
            found = await find_integration(changed.tx, grant, reference, Action.RECEIPT_REPLAY)
            claim = Claim(changed, "integration.replay", key, reference)
            earlier = await claim.earlier()
            count = int(earlier) if earlier is not None else 0
            if earlier is None:
                count = await stored.revive(changed.tx, found.id, changed.now, PORTION)
                if count:
                    changed.happened(IntegrationReplayed(receipts=count), found.id)
                    await _all_read(changed, found.id)
                await claim.done(str(count))
            left = await stored.left(changed.tx, found.id, COUNTED)
            return ReplayedAll(replayed=count, left=left.dead, truncated=left.cut), earlier is not None

    done = await patiently(attempt)
    ports.enqueue("inbox", [grant.tenant])
    return done


async def _all_read(changed: Change, integration: UUID) -> None:
    """Clear the alert that an integration is unreadable once it has no dead letter left. One that comes back
    fires it again."""
    if (await stored.left(changed.tx, integration, 1)).dead:
        return
    await lanes.wait_for(changed.tx, integration)
    lane = await lanes.lock(changed.tx, integration)
    if lane is not None:
        cleared = Signal(action=SignalAction.RESOLVE, dedup_key=unreadable(integration))
        await say(changed, lane, cleared, changed.grant.actor)


async def _settle(changed: Change, found: Receipt, state: InboxState, reason: str) -> None:
    if not await stored.settle(changed.tx, found.id, state, reason):
        raise NotAllowedNow(f"This request is {found.state.value}, and no dead letter.")


async def _mend(changed: Change, found: Receipt, body: str) -> str:
    """Keep a request in place of one that could not be processed; its receipt."""
    fields = {name: getattr(found, name) for name in InboxRow.__struct_fields__}
    row = msgspec.structs.replace(
        InboxRow(**fields),
        id=new(),
        body=body.encode(),
        truncated=False,
        received_at=changed.now,
        request_id=changed.context.request_id,
        traceparent=changed.context.traceparent,
        address=changed.context.address,
    )
    await inbox.put(changed.tx, [row])
    return text("receipt", row.id)


async def _shown(changed: Change, reference: str) -> ReceiptResource:
    id = parse("receipt", reference)
    found = await stored.receipt(changed.tx, id) if id else None
    if found is None:
        raise Broken("A receipt is gone that was there a moment ago.")
    return await receipts.whole(changed.tx, view(changed.grant), found)
