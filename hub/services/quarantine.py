"""Quarantine: hold an integration whose key may have leaked, release it, and see who has used it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from hub.contract.hold import (
    HoldBack,
    IntegrationHeld,
    IntegrationReleased,
    LetGo,
    QuarantineEmptied,
    Use,
    Uses,
)
from hub.contract.integrations import IntegrationDetail
from hub.contract.words import Action, Release
from hub.domain.access import Grant
from hub.domain.hold import Hold, listed
from hub.services.change import Change, change, read
from hub.services.integrations import detail, find_integration, lock_integration
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.storage import lanes
from hub.storage import quarantine as stored
from hub.storage.integrations import Integration

PORTION = 200  # rows of one transaction: as many as a lane's batch has
ADDRESSES_MAX = 200
LOOKED_AT = 10_000
DISCARDED = "discarded: it came from an address that was not listed while the integration was on hold"


async def hold(
    ports: Ports, grant: Grant, reference: str, asked: HoldBack, key: str | None, context: RequestContext
) -> tuple[IntegrationDetail, bool]:
    """Hear only the listed addresses from now on: whatever the worker has not processed yet waits, unless it
    came from one of them. What waits already stays so until a release, also if its address is listed now.
    Raise Invalid for what is no address."""
    addresses = listed(asked.addresses)

    async def attempt() -> tuple[IntegrationDetail, bool]:
        async with change(ports, grant, context) as changed:
            found = await _lock(changed, reference)
            claim = Claim(changed, "integration.hold", key, reference, asked)
            is_replay = await claim.earlier() is not None
            if not is_replay:
                present = found.hold
                if present is None or present.releasing or present.addresses != addresses:
                    since = present.since if present else changed.now
                    await stored.set_hold(changed.tx, found.id, Hold(addresses=addresses, since=since))
                    changed.happened(IntegrationHeld(addresses=addresses), found.id)
                await claim.done(reference)
            return await detail(ports, changed.tx, reference), is_replay

    return await patiently(attempt)


async def release(
    ports: Ports, grant: Grant, reference: str, asked: LetGo, key: str | None, context: RequestContext
) -> tuple[IntegrationDetail, bool]:
    """Hear every address again. What waited goes back into its lane and is processed before anything that
    came later, or is marked as discarded, a portion with each of the worker's transactions."""

    async def attempt() -> tuple[IntegrationDetail, bool]:
        async with change(ports, grant, context) as changed:
            found = await _lock(changed, reference)
            claim = Claim(changed, "integration.release", key, reference, asked)
            is_replay = await claim.earlier() is not None
            if not is_replay:
                if found.hold is not None and found.hold.releasing != asked.quarantined:
                    let_go = msgspec.structs.replace(found.hold, releasing=asked.quarantined)
                    await stored.set_hold(changed.tx, found.id, let_go)
                    changed.happened(IntegrationReleased(quarantined=asked.quarantined), found.id)
                    await next_portion(changed, found.id)
                await claim.done(reference)
            return await detail(ports, changed.tx, reference), is_replay

    released = await patiently(attempt)
    ports.enqueue("inbox", [grant.tenant])
    return released


async def next_portion(changed: Change, integration_id: UUID) -> Hold | None:
    """The hold that a lane must heed, in the transaction that holds the lane; None where nobody waits.

    While an integration is being released, its oldest quarantined rows go back into the lane first. The
    release itself began with a portion, and each is as large as a batch: so the lane has rows to be found by
    until the last one, and a batch never has a row that is younger than one that waits.
    """
    present = await stored.hold_of(changed.tx, integration_id)
    if present is None or present.releasing is None:
        return present
    reason = DISCARDED if present.releasing is Release.DISCARD else ""
    if await stored.give_back(changed.tx, integration_id, reason, PORTION) < PORTION:
        await stored.set_hold(changed.tx, integration_id, None)
        changed.happened(QuarantineEmptied(), integration_id)
    return None


async def uses(ports: Ports, grant: Grant, reference: str) -> Uses:
    """Who has used an integration, by address, of its newest 10,000 requests; the latest first."""
    async with read(ports, grant) as tx:
        found = await find_integration(tx, grant, reference, Action.INTEGRATION_MANAGE)
        rows = await stored.uses(tx, found.id, LOOKED_AT, ADDRESSES_MAX)
    return Uses(
        data=[Use(**{name: getattr(row, name) for name in Use.__struct_fields__}) for row in rows],
        counted=rows[0].counted if rows else 0,
        since=rows[0].since if rows else None,
    )


async def _lock(changed: Change, reference: str) -> Integration:
    """The integration, and before it its lane, as the worker takes them: who is told that a hold is set has
    no batch under way that does not know of it."""
    found = await find_integration(changed.tx, changed.grant, reference, Action.INTEGRATION_MANAGE)
    await lanes.wait_for(changed.tx, found.id)
    return await lock_integration(changed, reference)
