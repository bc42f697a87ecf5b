"""What is due: the inbox lane by lane, timers, seals, tenants in turn. Task and sweeper both call drain()."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import takewhile
from uuid import UUID

import structlog

from hub.contract.ids import TenantId
from hub.contract.words import Action
from hub.crash import around
from hub.domain.access import Grant
from hub.domain.errors import Contended, TooSlow, Unavailable
from hub.services.access import system
from hub.services.change import Change, change
from hub.services.ports import Ports, RequestContext
from hub.services.process import KNOWN, SIGNALS_MAX, process
from hub.services.quarantine import next_portion
from hub.services.seal import LINKS, seal
from hub.services.timers import fire
from hub.storage import directory, inbox, lanes
from hub.storage.inbox import Waiting
from hub.storage.lanes import Lane

ROWS = 200
BYTES = 8 * 1024 * 1024
TENANTS = 200
ROUNDS = 20
KINDS = ("inbox", "timers", "log")
log = structlog.get_logger()


async def due(ports: Ports, kind: str, after: TenantId | None) -> list[TenantId]:
    """The next tenants with work of a kind, behind `after`, wrapping round; at most 200."""
    return await directory.with_work(ports.store, kind, after, TENANTS)


async def drain(ports: Ports, kind: str, tenants: Iterable[TenantId]) -> list[TenantId]:
    """Do what is due of a kind for these tenants; those that still have work are returned.

    Tenants take turns, a batch each, so that none waits behind another's storm; and after 20 turns the
    caller gets to see who else has work. Doing it twice changes nothing, and what goes wrong for one tenant
    keeps nobody else waiting. Raise Unavailable while the database is away.
    """
    step = STEPS[kind]
    left = list(dict.fromkeys(tenants))
    for _ in range(ROUNDS):
        busy = []
        for tenant in left:
            try:
                if await step(ports, tenant):
                    busy.append(tenant)
            except Contended:
                busy.append(tenant)
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("step_failed", kind=kind, tenant=str(tenant))
        if not busy:
            return []
        left = busy
    return left


def is_away(error: Exception) -> bool:
    """Whether there is no database to go on with; a statement that took too long is its own work's fault."""
    return isinstance(error, Unavailable) and not isinstance(error, TooSlow)


async def _seal_step(ports: Ports, tenant: TenantId) -> bool:
    """The next links of a tenant's chain; whether there are more. What comes meanwhile rings again."""
    return await seal(ports, tenant) == LINKS


async def _inbox_step(ports: Ports, tenant: TenantId) -> int:
    """A turn of a tenant: its waiting lanes, the one that was drained longest ago first, until they have
    given as many signals as one transaction may judge: many lanes make no longer turn. How many moved."""
    most = min(SIGNALS_MAX, ports.portion.size)
    grant = system("worker", tenant)
    grant.require(Action.INBOX_DRAIN)
    async with ports.store.begin(tenant) as tx:
        waiting = await lanes.waiting(tx)
    moved = judged = 0
    for integration in waiting:
        if judged >= most:
            break
        if signals := await _lane_step(ports, grant, integration):
            moved, judged = moved + 1, judged + signals
    return moved


async def _lane_step(ports: Ports, grant: Grant, integration: UUID) -> int:
    """Lock a lane, process its next batch and mark it done in one transaction; how many signals it had: 0
    where nothing is to do, another worker has it, or only a newer worker knows the next row's format."""
    lane: Lane | None = None
    rows: list[Waiting] = []
    began = time.monotonic()
    try:
        async with change(ports, grant, RequestContext(request_id="")) as changed:
            with around("lock"):
                lane = await lanes.lock(changed.tx, integration)
            if lane is None:
                return 0
            lane.hold = await next_portion(changed, integration)
            rows = await _next(ports, changed, lane)
            if not rows:
                return 0
            with around("process"):
                taken = await process(changed, lane, rows, ports.portion.size)
            if lane.upto is None or (taken[-1].is_last and taken[-1].row.arrival >= lane.upto):
                await lanes.forget_attempt(changed.tx, integration)
            await lanes.mark_drained(changed.tx, integration)
    except Exception as error:
        if is_away(error):
            if lane is not None and rows:
                await _take_back(ports, grant, lane, rows[0], error)
            raise
        # The attempt stays behind, as after a crash: the next sweep takes these rows one by one.
        log.exception("lane_failed", tenant=str(grant.tenant), integration=str(integration))
        return 0
    log.info(
        "lane_drained",
        tenant=str(grant.tenant),
        integration=str(integration),
        rows=len(taken),
        request_ids=[one.row.request_id for one in taken],
    )
    count = sum(max(len(one.signals), 1) for one in taken)
    ports.portion.took(count, time.monotonic() - began)
    return count


async def _take_back(ports: Ports, grant: Grant, lane: Lane, row: Waiting, error: Exception) -> None:
    """The database went away, or was in the way: no row's fault, so no attempt stays behind, and a lone try
    that only had to wait for a lock is not counted."""
    with contextlib.suppress(Unavailable):
        async with ports.store.begin(grant.tenant) as tx:
            if lane.upto is None:
                await lanes.forget_attempt(tx, lane.integration_id)
            elif row.arrival <= lane.upto and isinstance(error, Contended):
                await inbox.count_try(tx, row.id, -1)


async def _next(ports: Ports, changed: Change, lane: Lane) -> list[Waiting]:
    """The lane's next rows, noted as an attempt on a connection of its own before they are touched.

    After a crash, rows up to the attempt's end are taken alone, and each try alone is counted first.
    """
    rows = await inbox.batch(changed.tx, lane.integration_id, ROWS, BYTES)
    rows = list(takewhile(lambda row: row.format in KNOWN, rows))
    if not rows:
        return []
    alone = lane.upto is not None and rows[0].arrival <= lane.upto
    rows = rows[:1] if alone else rows
    async with ports.store.begin(changed.grant.tenant, durable=False) as own:  # it survives our crash
        if alone:
            await inbox.count_try(own, rows[0].id)
        await lanes.leave_attempt(own, lane.integration_id, rows[-1].arrival)
    return rows


STEPS: dict[str, Callable[[Ports, TenantId], Awaitable[int]]] = {
    "inbox": _inbox_step,
    "timers": fire,
    "log": _seal_step,
}
