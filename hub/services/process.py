"""Process the rows of a lane: take their signals, judge each against the state, save the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from hub.contract.events import Actor
from hub.contract.ids import new, text
from hub.contract.receipts import OutcomeItem
from hub.contract.signals import Rejected, Signal, Unreadable
from hub.contract.words import AlertSeverity, Decision, InboxState, SignalAction
from hub.domain.alert import HUB
from hub.domain.errors import Broken
from hub.domain.heartbeat import pings
from hub.domain.intake import Judgement, Origin, Service, Situation, group_key, judge
from hub.domain.silence import REPEATED, fresh_for
from hub.services import silence
from hub.services.change import Change
from hub.services.ports import RequestContext
from hub.services.quarantine import DISCARDED
from hub.services.watching import Heard, Ping, hear
from hub.services.world import World
from hub.sources.base import derived_key
from hub.sources.registry import SOURCES
from hub.storage import alerts, catalogue, inbox, incidents
from hub.storage.alerts import Latest
from hub.storage.inbox import Done, Waiting
from hub.storage.lanes import Lane

TRIES_MAX = 5
SIGNALS_MAX = 1_000  # of one transaction, at most: portion.py says how many it takes
BODY_SIGNALS_MAX = 10_000  # of one body: it is read again for each portion
KNOWN = frozenset(SOURCES)


@dataclass
class Taken:
    """One row with those of its signals that this transaction judges, each with its index in the body, or
    the reason why it is a dead letter. `is_last` is False where more of them follow in the next one;
    `aside` is the state of a row that is not processed: on hold, or discarded after it."""

    row: Waiting
    signals: list[tuple[int, Signal | Rejected]]
    is_last: bool = True
    dead: str = ""
    aside: InboxState | None = None
    items: list[OutcomeItem] = field(default_factory=list)


def take(row: Waiting, lane: Lane, room: int = SIGNALS_MAX) -> Taken:
    """Read one stored body from where it was left, at most `room` signals. Nothing is dropped: what cannot be
    read raises an alert of the hub's own."""
    if row.reason == DISCARDED:
        return Taken(row, [], aside=InboxState.DONE)
    if lane.hold is not None and lane.hold.keeps_back(row.address):
        return Taken(row, [], aside=InboxState.QUARANTINED)
    if row.tries >= TRIES_MAX:
        return _dead(row, lane, f"processing it failed {row.tries} times")
    if row.truncated:
        return _dead(row, lane, f"it was larger than the limit; the first {len(row.body)} bytes are kept")
    try:
        signals = list(enumerate(_received(row)))
    except Unreadable as error:
        return _dead(row, lane, str(error))
    if len(signals) > BODY_SIGNALS_MAX:
        return _dead(
            row, lane, f"it holds {len(signals)} signals; {BODY_SIGNALS_MAX} can be taken from a body"
        )
    left = signals[row.done :]
    portion = left[:room]
    portion = [
        (index, pings(each, lane.fed_by) if isinstance(each, Signal) and each.labels else each)
        for index, each in portion
    ]
    return Taken(row, portion, is_last=len(left) <= room)


def _received(row: Waiting) -> list[Signal | Rejected]:
    return [
        part.received(row.received_at) if isinstance(part, Signal) and part.fresh_until is not None else part
        for part in SOURCES[row.format].signals(row.body)
    ]


def unreadable(integration: UUID) -> str:
    """The dedup key of the hub's own alert that an integration has dead letters."""
    return f"unreadable:1:{text('integration', integration)}"


def _dead(row: Waiting, lane: Lane, why: str) -> Taken:
    salvaged = row.body[:2000].decode("utf-8", "replace").replace("\0", "")
    raised = Signal(
        action=SignalAction.TRIGGER,
        dedup_key=unreadable(lane.integration_id),
        title=f"Integration {lane.name} is unreadable",
        severity=AlertSeverity.ERROR,
        source=row.format,
        text=f"{why}\n\n{salvaged}",
    )
    return Taken(row, [(row.done, raised)], dead=why)


async def process(
    change: Change, lane: Lane, rows: Sequence[Waiting], room: int = SIGNALS_MAX
) -> list[Taken]:
    """Process rows in arrival order, in the transaction that holds the lane: as many as `room` signals come
    from, the last one perhaps in part. Those that were taken are returned.

    Nothing here does outside I/O. Locks: service, incidents, alerts (the lane is held already).
    """
    service = await catalogue.lock_service(change.tx, lane.service_id)
    if service is None:
        raise Broken("An integration has no service.")
    taken: list[Taken] = []
    room = min(room, SIGNALS_MAX)
    for row in rows:
        taken.append(take(row, lane, room))
        room -= len(taken[-1].signals)
        if room <= 0:
            break
    heard = await _hear(change, lane, taken)
    world = await _load(change, lane, service, taken)
    for one in taken:
        _judge_row(change, world, lane, service, one, heard)
    await silence.save(change, lane, world)
    await inbox.mark_done(change.tx, [_done(one) for one in taken])
    return taken


def _format(one: Taken) -> str:
    return HUB if one.dead else one.row.format


def _origin(one: Taken, lane: Lane, service: Service) -> Origin:
    return Origin(
        integration_id=lane.integration_id,
        format=_format(one),
        receipt=text("receipt", one.row.id),
        actor=Actor(text("integration", lane.integration_id), lane.name),
        service=service,
        received_at=one.row.received_at,
        stale_after=lane.stale_after,
    )


async def _load(change: Change, lane: Lane, service: Service, taken: list[Taken]) -> World:
    """Everything that the signals can meet. Ids are found first and locked after, in the lock order; the
    lane and the service are held, so that nothing new can appear between the two."""
    keys: dict[str, set[str]] = {}
    groups: set[str] = set()
    for one in taken:
        origin = _origin(one, lane, service)
        for index, signal in one.signals:
            if isinstance(signal, Signal):
                key = signal.dedup_key or derived_key(one.row.id, index)
                keys.setdefault(_format(one), set()).add(key)
                groups.add(group_key(signal, key, origin))
    known: list[Latest] = []
    for format, wanted in sorted(keys.items()):
        known += await alerts.latest(change.tx, lane.integration_id, format, wanted)
    ids = {alert.incident_id for alert in known}
    groups.update(alert.group_key for alert in known)  # the sender may have changed the grouping since
    ids.update(await incidents.ids_of_groups(change.tx, service.id, groups))
    if service.flow is not None and service.flow.storm is not None:
        ids.add(service.flow.storm)
    loaded = await incidents.load_for_update(change.tx, ids)
    locked = await alerts.load_for_update(change.tx, [alert.id for alert in known])
    world = World(loaded.values(), locked)
    world.flow = service.flow
    return world


async def _hear(change: Change, lane: Lane, taken: list[Taken]) -> dict[str, Heard]:
    """The pings among the signals, by name; those that a heartbeat has."""
    beats = {
        signal.dedup_key or "": Ping(one.row.received_at, one.row.id, _good_for(signal, one.row, lane))
        for one in taken
        for _, signal in one.signals
        if isinstance(signal, Signal) and signal.action is SignalAction.HEARTBEAT
    }
    return await hear(change, lane, beats) if beats else {}


def _good_for(signal: Signal, row: Waiting, lane: Lane) -> int:
    return fresh_for(signal, row.received_at, lane.stale_after) or int(REPEATED.total_seconds())


def _judge_row(
    change: Change, world: World, lane: Lane, service: Service, one: Taken, heard: dict[str, Heard]
) -> None:
    origin = _origin(one, lane, service)
    context = RequestContext(
        request_id=one.row.request_id, traceparent=one.row.traceparent, address=one.row.address
    )
    for index, signal in one.signals:
        if isinstance(signal, Rejected):
            one.items.append(
                OutcomeItem(
                    index=index, decision=Decision.REJECTED, rule=f"{signal.pointer} is wrong",
                    detail=signal.detail,
                )
            )  # fmt: skip
            continue
        key = signal.dedup_key or derived_key(one.row.id, index)
        if signal.action is SignalAction.HEARTBEAT:
            one.items.append(_beat(index, key, one.row, heard.get(key)))
            continue
        alert = world.latest(origin.format, key)
        open, last = world.of_group(group_key(signal, key, origin))
        incident = world.incidents.get(alert.incident_id) if alert else None
        situation = Situation(
            alert=alert,
            incident=incident,
            rival=world.of_group(incident.group_key)[0] if incident else None,
            open=open,
            last=last,
            flow=world.flow,
            storm=world.storm,
        )
        correlated = msgspec.structs.replace(context, request_id=signal.correlation_id or context.request_id)
        judged = judge(situation, signal, key, origin, new, change.now)
        if judged.flow is not None:
            world.flow = judged.flow
        happened = [world.apply(event, correlated) for event in judged.events]
        counted = world.latest(origin.format, key)
        if judged.counts and counted is not None:
            world.count(counted, change.now)
        one.items.append(_item(world, one, index, key, judged, happened))


def _beat(index: int, key: str, row: Waiting, heard: Heard | None) -> OutcomeItem:
    if heard is not None:
        return heard.outcome(index, key, row.id, row.received_at)
    rule = "no heartbeat of this integration has this name"
    return OutcomeItem(index=index, decision=Decision.IGNORED, rule=rule, dedup_key=key)


def _item(
    world: World, one: Taken, index: int, key: str, judged: Judgement, happened: list[UUID]
) -> OutcomeItem:
    alert = world.latest(_format(one), key)
    return OutcomeItem(
        index=index,
        decision=Decision.UNREADABLE if one.dead else judged.decision,
        rule=judged.rule,
        dedup_key=key,
        alert=text("alert", alert.id) if alert else None,
        incident=text("incident", alert.incident_id) if alert else None,
        detail=one.dead or None,
        count=alert.count if alert and judged.counts else None,
        events=[text("event", id) for id in happened],
    )


def _done(one: Taken) -> Done:
    if one.aside is not None:
        return Done(id=one.row.id, state=one.aside, outcome=b"[]", reason=one.row.reason)
    return Done(
        id=one.row.id,
        state=InboxState.DEAD if one.dead else InboxState.DONE if one.is_last else InboxState.STORED,
        outcome=msgspec.json.encode(one.items),
        reason=one.dead,
    )
