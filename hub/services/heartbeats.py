"""Heartbeats: shown, made, changed and deleted; how they are heard and found late is in watching.py."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hub.contract import heartbeats as wire
from hub.contract.ids import new, parse, text
from hub.contract.resources import Named
from hub.contract.signals import Fault
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import Invalid, NotFound, Stale
from hub.domain.heartbeat import Heartbeat
from hub.domain.version import Expected
from hub.services import paging
from hub.services.altered import asked_for
from hub.services.change import Change, change, read
from hub.services.expecting import alter, drop, expect, fields, hold_lane, settled
from hub.services.integrations import find_integration
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.views import view
from hub.storage import heartbeats
from hub.storage.constraints import TAKEN
from hub.storage.heartbeats import Shown
from hub.storage.tx import Tx


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> wire.HeartbeatPage:
    """Heartbeats of the services that one sees, in the order they were made."""
    grant.require_somewhere(Action.INTEGRATION_READ)
    after = paging.id_place(ports, grant, "heartbeats", cursor, paging.OLDEST)
    async with read(ports, grant) as tx:
        found = await heartbeats.page(tx, view(grant), after, limit + 1)
    last = found[limit - 1].heartbeat.id if len(found) > limit else None
    return wire.HeartbeatPage(
        [_resource(ports, each) for each in found[:limit]],
        paging.next_cursor(ports, grant, "heartbeats", len(found) > limit, last),
    )


async def show(ports: Ports, grant: Grant, reference: str) -> wire.HeartbeatResource:
    """One heartbeat; NotFound alike for a foreign and a missing one, and one out of sight."""
    async with read(ports, grant) as tx:
        return _resource(ports, await _find(tx, grant, reference, Action.INTEGRATION_READ))


async def add(
    ports: Ports, grant: Grant, asked: wire.NewHeartbeat, key: str | None, context: RequestContext
) -> tuple[wire.HeartbeatResource, bool]:
    """Expect somebody to be heard of, from the first ping on; True beside it where a request made before did.
    Invalid for a name that is taken and for an integration that is not there, NotAllowedNow beyond 1,000."""
    grant.require_somewhere(Action.INTEGRATION_MANAGE)

    async def attempt() -> tuple[wire.HeartbeatResource, bool]:
        async with change(ports, grant, context) as changed:
            claim = Claim(changed, "heartbeat.create", key, asked)
            if (earlier := await claim.earlier()) is not None:
                return _resource(
                    ports, await _find(changed.tx, grant, earlier, Action.INTEGRATION_READ)
                ), True
            made = await make(changed, asked)
            await claim.done(text("heartbeat", made.id))
            return await _again(ports, changed.tx, made), False

    return await patiently(attempt)


async def patch(
    ports: Ports,
    grant: Grant,
    reference: str,
    asked: wire.HeartbeatPatch,
    expected: Expected,
    context: RequestContext,
) -> wire.HeartbeatResource:
    """Change what the patch names; what is expected next follows the new times. Raise Stale unless `expected`
    has the present version, Invalid for a name that is taken, NotAllowedNow as `delete` does."""

    async def attempt() -> wire.HeartbeatResource:
        async with change(ports, grant, context) as changed:
            await refit(ports, changed, reference, asked, expected)
            return _resource(ports, await _find(changed.tx, grant, reference, Action.INTEGRATION_READ))

    return await patiently(attempt)


async def delete(
    ports: Ports, grant: Grant, reference: str, expected: Expected, context: RequestContext
) -> None:
    """Expect nothing any more; if it was late, its alert clears. Raise Stale unless `expected` has the
    present version, NotAllowedNow while its lane is at work."""

    async def attempt() -> None:
        async with change(ports, grant, context) as changed:
            await remove(ports, changed, reference, expected)

    await patiently(attempt)


async def make(changed: Change, asked: wire.NewHeartbeat) -> Heartbeat:
    """What `add` does, in a change that is open. One out of sight is refused like a missing integration."""
    try:
        owner = await find_integration(
            changed.tx, changed.grant, asked.integration, Action.INTEGRATION_MANAGE
        )
    except NotFound:
        fault = Fault(pointer="/integration", code="unknown", detail="There is no such integration.")
        raise Invalid([fault]) from None
    empty = Heartbeat(id=new(), integration_id=owner.id, name="", interval=timedelta(), grace=timedelta())
    made = settled(empty, fields(empty) | {name: getattr(asked, name) for name in fields(empty)})
    await _check_name(changed.tx, made)
    await expect(changed, made)
    return made


async def refit(
    ports: Ports, changed: Change, reference: str, asked: wire.HeartbeatPatch, expected: Expected
) -> UUID:
    """What `patch` does, in a change that is open; whose settings they are."""
    found = await _find(changed.tx, changed.grant, reference, Action.INTEGRATION_MANAGE)
    lane = await hold_lane(changed, found.heartbeat, asked.enabled is False)
    found = await _lock(ports, changed, reference, expected)
    before = found.heartbeat
    wanted = settled(before, fields(before) | asked_for(asked))
    if wanted != before:
        if wanted.name != before.name:
            await _check_name(changed.tx, wanted)
        await alter(changed, lane, before, wanted)
    return before.id


async def remove(ports: Ports, changed: Change, reference: str, expected: Expected) -> UUID:
    """What `delete` does, in a change that is open; whose end it is."""
    found = await _find(changed.tx, changed.grant, reference, Action.INTEGRATION_MANAGE)
    lane = await hold_lane(changed, found.heartbeat, is_over=True)
    found = await _lock(ports, changed, reference, expected)
    await drop(changed, lane, found.heartbeat)
    return found.heartbeat.id


async def _check_name(tx: Tx, wanted: Heartbeat) -> None:
    """The constraint is for who comes meanwhile."""
    if await heartbeats.is_taken(tx, wanted.integration_id, wanted.name):
        raise Invalid([Fault(pointer="/name", code="taken", detail=TAKEN)])


def _permit(grant: Grant, found: Shown | None, action: Action) -> Shown:
    """A heartbeat is seen, and managed, by whoever sees and manages its integration's service."""
    if found is None or not view(grant).sees_service(found.service_id):
        raise NotFound("There is no such heartbeat.")
    grant.require(action, service=found.service_id)
    return found


async def _find(tx: Tx, grant: Grant, reference: str, action: Action) -> Shown:
    id = parse("heartbeat", reference)
    return _permit(grant, await heartbeats.find(tx, id) if id else None, action)


async def _lock(ports: Ports, changed: Change, reference: str, expected: Expected) -> Shown:
    """One to manage, locked; who may not is told before this waits for anybody."""
    found = await _find(changed.tx, changed.grant, reference, Action.INTEGRATION_MANAGE)
    locked = await heartbeats.lock(changed.tx, found.heartbeat.id)
    found = _permit(changed.grant, locked, Action.INTEGRATION_MANAGE)
    if not expected.meets(found.version):
        raise Stale(_resource(ports, found))
    return found


async def _again(ports: Ports, tx: Tx, heartbeat: Heartbeat) -> wire.HeartbeatResource:
    found = await heartbeats.find(tx, heartbeat.id)
    if found is None:
        raise NotFound("There is no such heartbeat.")
    return _resource(ports, found)


def _resource(ports: Ports, found: Shown) -> wire.HeartbeatResource:
    hub = ports.config.public_url or f"http://127.0.0.1:{ports.config.port}"
    heartbeat = found.heartbeat
    return wire.HeartbeatResource(
        id=text("heartbeat", heartbeat.id),
        name=heartbeat.name,
        integration=Named(text("integration", heartbeat.integration_id), found.integration_name),
        service=Named(text("service", found.service_id), found.service_name),
        interval_seconds=int(heartbeat.interval.total_seconds()),
        grace_seconds=int(heartbeat.grace.total_seconds()),
        fed_by=heartbeat.fed_by,
        enabled=heartbeat.enabled,
        status=heartbeat.status,
        last_ping_at=heartbeat.last_ping_at,
        due_at=found.due_at,
        late_since=heartbeat.late_since,
        url=f"{hub}/api/v1/ingest/heartbeats/{heartbeat.name}",
        created_at=found.created_at,
        version=found.version,
    )
