"""Expecting: a heartbeat is made, changed, or expected no more, in a change that is open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from hub.contract import heartbeats as wire
from hub.contract.ids import text
from hub.domain.errors import NotAllowedNow
from hub.domain.heartbeat import HEARTBEATS_MAX, Heartbeat
from hub.services.altered import altered
from hub.services.change import Change
from hub.services.own import say
from hub.storage import heartbeats, lanes, timers
from hub.storage.lanes import Lane

TIMER = "heartbeat"


async def expect(changed: Change, made: Heartbeat, corrects: str = "") -> None:
    """A new heartbeat, or one that should not have been deleted. Raise NotAllowedNow beyond 1,000, Invalid
    for a name that is taken."""
    if await heartbeats.count(changed.tx) >= HEARTBEATS_MAX:
        raise NotAllowedNow(f"An organization has at most {HEARTBEATS_MAX} heartbeats.")
    await heartbeats.add(changed.tx, made, changed.now)
    changed.happened(created(made, corrects), made.id)


def created(made: Heartbeat, corrects: str = "") -> wire.HeartbeatCreated:
    """What says that somebody is expected to be heard of."""
    return wire.HeartbeatCreated(
        name=made.name,
        integration=text("integration", made.integration_id),
        interval_seconds=_seconds(made.interval),
        grace_seconds=_seconds(made.grace),
        fed_by=made.fed_by,
        enabled=made.enabled,
        corrects=corrects,
    )


async def alter(
    changed: Change, lane: Lane | None, before: Heartbeat, wanted: Heartbeat, corrects: str = ""
) -> Heartbeat:
    """Change its settings. What is expected next follows the new times; of one that is disabled nothing is,
    and if it was late, its alert clears; one that is enabled has its whole time. The heartbeat as it is then.
    Locks, for one that is late and disabled: the lane is to be held already."""
    await heartbeats.save(changed.tx, wanted)
    if wanted.enabled != before.enabled:
        if lane is not None and before.late_since is not None:
            await say(changed, lane, before.again(), changed.grant.actor)
        counts_from = changed.now if wanted.enabled else before.counts_from
        wanted = msgspec.structs.replace(wanted, late_since=None, counts_from=counts_from)
        await heartbeats.mark(changed.tx, wanted)
    await timers.set_due(changed.tx, TIMER, wanted.id, wanted.due())
    changes = altered(fields(before), fields(wanted))
    changed.happened(wire.HeartbeatChanged(changes=changes, corrects=corrects), wanted.id)
    return wanted


async def drop(changed: Change, lane: Lane | None, found: Heartbeat, corrects: str = "") -> None:
    """Expect nothing any more; if it was late, its alert clears. Locks as `alter` does."""
    if lane is not None and found.late_since is not None:
        await say(changed, lane, found.again(), changed.grant.actor)
    await heartbeats.delete(changed.tx, found.id)
    was = wire.Remains(
        integration=text("integration", found.integration_id),
        interval_seconds=_seconds(found.interval),
        grace_seconds=_seconds(found.grace),
        fed_by=found.fed_by,
        enabled=found.enabled,
        last_ping_at=found.last_ping_at,
        receipt=text("receipt", found.heard_in) if found.heard_in else None,
    )
    changed.happened(wire.HeartbeatDeleted(name=found.name, was=was, corrects=corrects), found.id)


async def hold_lane(changed: Change, heartbeat: Heartbeat, is_over: bool) -> Lane | None:
    """The lane of one that is late and is expected no more, since its alert clears. Raise NotAllowedNow while
    it is at work."""
    if not is_over or heartbeat.late_since is None:
        return None
    lane = await lanes.lock(changed.tx, heartbeat.integration_id)
    if lane is None:
        raise NotAllowedNow("Alerts of its integration are being processed; try again.")
    return lane


def fields(heartbeat: Heartbeat) -> dict[str, str | int | bool]:
    """Its settings, what a body can name, in the words of the wire."""
    return {
        "name": heartbeat.name,
        "interval_seconds": _seconds(heartbeat.interval),
        "grace_seconds": _seconds(heartbeat.grace),
        "fed_by": heartbeat.fed_by,
        "enabled": heartbeat.enabled,
    }


def settled(before: Heartbeat, wanted: Mapping[str, str | int | bool]) -> Heartbeat:
    """The heartbeat with these settings, all of them."""
    return msgspec.structs.replace(
        before,
        name=wanted["name"],
        interval=timedelta(seconds=int(wanted["interval_seconds"])),
        grace=timedelta(seconds=int(wanted["grace_seconds"])),
        fed_by=wanted["fed_by"],
        enabled=wanted["enabled"],
    )


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
