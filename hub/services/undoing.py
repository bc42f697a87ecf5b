"""Undo: take back what the requests of an integration whose key has leaked have done since a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from hub.contract import corrections as k
from hub.contract import events as e
from hub.contract import heartbeats as b
from hub.contract.ids import parse, text
from hub.contract.undo import Effects, IntegrationUndone, Undo, Undone
from hub.contract.words import Action, AutoResolve
from hub.domain import undo as rules
from hub.domain.access import Grant
from hub.domain.alert import Alert
from hub.domain.faults import Faults
from hub.domain.hold import Hold, listed
from hub.services import undoing_reopenings
from hub.services.change import Change, change
from hub.services.integrations import find_integration
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.silence import STALE
from hub.services.undoing_heartbeats import HeartbeatUndo
from hub.services.undoing_tally import Deed, Tally, read_deeds
from hub.services.world import World
from hub.storage import alerts, catalogue, incidents, lanes, timers
from hub.storage import undoing as stored
from hub.storage.tx import Tx
from hub.storage.undoing import Later, Since

PORTION: Final = 200  # requests of one transaction
ITEMS: Final = 1_000  # of their items; a single request may have more
LOOKED_AT: Final = 10_000  # requests of a preview, and items
COUNTED: Final = 10_000
OTHERS: Final = 10_000  # requests from other addresses that may have said the same
ADDRESSES: Final = 10_000
YEARS: Final = (1970, 2200)  # what every clock and database can reckon with
EPISODES: Final = 100  # that may have followed one


async def undo(
    ports: Ports, grant: Grant, reference: str, asked: Undo, key: str | None, context: RequestContext
) -> tuple[Undone, bool]:
    """Take back what at most 200 requests have done, the newest first, and say how many are left; for a
    preview, count what 10,000 have done, and name what such a call would take back and leave. Only what was
    processed is looked at; each request is undone once. Raise Invalid for what is no address, a year out of
    reach, or too many addresses to compare."""
    faults, networks = Faults(), tuple[str, ...]()
    if not YEARS[0] <= asked.since.year < YEARS[1]:
        faults.add("/since", "range", f"The year must be from {YEARS[0]} to {YEARS[1] - 1}.")
    with faults.collected():
        networks = listed(asked.addresses)
    faults.check()

    async def attempt() -> tuple[Undone, bool]:
        async with change(ports, grant, context) as changed:
            found = await find_integration(changed.tx, grant, reference, Action.INTEGRATION_MANAGE)
            claim = Claim(changed, "integration.undo", key, reference, asked)
            if (earlier := await claim.earlier()) is not None:
                return msgspec.json.decode(earlier, type=Undone), True
            if asked.preview:
                done = await _preview(changed, found.id, asked, networks)
            else:
                await lanes.wait_for(changed.tx, found.id)
                wanted = await _wanted(changed.tx, found.id, asked, networks)
                done = await _portion(changed, wanted, networks)
            await claim.done(msgspec.json.encode(done).decode())
            return done, False

    return await patiently(attempt)


async def _wanted(tx: Tx, integration: UUID, asked: Undo, networks: tuple[str, ...]) -> Since:
    """Which requests are meant. Addresses are compared here, where those that are none are known."""
    if not networks:
        return Since(integration=integration, since=asked.since)
    known = await stored.addresses(tx, integration, asked.since, ADDRESSES)
    faults = Faults()
    if len(known) == ADDRESSES:
        faults.add("/addresses", "too_many", f"There are more than {ADDRESSES} addresses; leave them out.")
    faults.check()
    meant = Hold(addresses=networks, since=asked.since)
    return Since(
        integration=integration,
        since=asked.since,
        addresses=[address for address in known if not meant.keeps_back(address)],
    )


async def _preview(changed: Change, integration: UUID, asked: Undo, networks: tuple[str, ...]) -> Undone:
    """What many have done, by the log alone, and by trial what becomes of the first portion."""
    async with changed.forgotten():
        await lanes.wait_for(changed.tx, integration)
        wanted = await _wanted(changed.tx, integration, asked, networks)
        tried = await _portion(changed, wanted, networks)
    causes = await stored.newest(changed.tx, wanted, LOOKED_AT, LOOKED_AT)
    deeds = [deed for cause in causes for deed in read_deeds(cause)]
    effects = await _count(changed.tx, deeds)
    left = await stored.left(changed.tx, wanted, COUNTED)
    return msgspec.structs.replace(tried, preview=True, receipts=len(causes), effects=effects, left=left)


async def _portion(changed: Change, wanted: Since, networks: tuple[str, ...]) -> Undone:
    """Locks: heartbeats, services, incidents, alerts (the lane is held)."""
    causes = await stored.newest(changed.tx, wanted, PORTION, ITEMS)
    deeds = [deed for cause in causes for deed in read_deeds(cause)]
    counted = await _count(changed.tx, deeds)
    tally = Tally(await stored.effects(changed.tx, [id for deed in deeds for id in deed.events]), deeds)
    events = await _correct(changed, wanted, tally, deeds)
    await stored.mark(changed.tx, [cause.id for cause in causes])
    if causes:
        undone = IntegrationUndone(
            since=wanted.since,
            addresses=networks,
            receipts=len(causes),
            events=events,
            kept=tally.kept_total,
        )
        changed.happened(undone, wanted.integration)
    left = await stored.left(changed.tx, wanted, COUNTED)
    return tally.told(receipts=len(causes), effects=counted, left=left)


async def _count(tx: Tx, deeds: Sequence[Deed]) -> Effects:
    counts = await stored.kinds(tx, [id for deed in deeds for id in deed.events])
    return Effects(
        alerts_fired=counts.get(e.AlertFired.kind, 0),
        alerts_cleared=counts.get(e.AlertCleared.kind, 0),
        incidents_opened=counts.get(e.IncidentOpened.kind, 0),
        incidents_reopened=counts.get(e.IncidentReopened.kind, 0),
        notes=counts.get(e.IncidentNoted.kind, 0),
        acknowledgements=counts.get(e.IncidentAcknowledged.kind, 0),
        pings=sum(bool(deed.pinged) for deed in deeds),
        heartbeats_made=counts.get(b.HeartbeatCreated.kind, 0),
        heartbeats_changed=counts.get(b.HeartbeatChanged.kind, 0),
        heartbeats_deleted=counts.get(b.HeartbeatDeleted.kind, 0),
    )


async def _correct(changed: Change, wanted: Since, tally: Tally, deeds: Sequence[Deed]) -> int:
    """Take effects back, and save what comes of it; how many events that took outside private incidents."""
    tx, now, before = changed.tx, changed.now, len(changed.sights)
    of_heartbeats = await HeartbeatUndo.begun(changed, wanted, tally, deeds)
    effects = tally.effects
    touched = {effect.subject for effect in effects if effect.data.about == "alert"}
    over = {effect.subject for effect in effects if isinstance(effect.data, e.AlertCleared)}
    modes = await _lock_services(tx, {effect.incident for effect in effects if effect.incident}, touched)
    later = await stored.later(tx, sorted(over), EPISODES)
    known = {alert.id: alert for alert in await alerts.some(tx, touched | {each.id for each in later})}
    places = {effect.incident for effect in effects if effect.incident}
    places |= {alert.incident_id for alert in known.values()}
    false = await _false(tx, wanted, places, over | {each.id for each in later})
    said_of = sorted({text("alert", id) for id in touched} | {deed.alert for deed in deeds if deed.alert})
    shared = await stored.shared(tx, wanted, said_of, OTHERS)
    reopened = await undoing_reopenings.look(tx, tally, shared)
    silences = await undoing_reopenings.silences(tx, tally)
    world = await _load(tx, places, touched)
    for effect in effects:
        alert = world.alerts.get(effect.subject)
        if alert is not None and not of_heartbeats.means(alert, effect):
            continue
        place = alert.incident_id if alert else effect.incident
        incident = world.incidents.get(place) if place else None
        rival = world.of_group(incident.group_key)[0] if incident else None
        after = [each for each in later if each.of == effect.subject]
        is_last = len(after) < EPISODES and all(
            each.id in false and world.alerts.get(each.id, known[each.id]).is_over for each in after
        )
        before_it = reopened.get(effect.id)
        met = rules.Met(
            alert=alert,
            incident=incident,
            rival=rival if incident and rival and rival.service_id == incident.service_id else None,
            mode=modes.get(incident.service_id, AutoResolve.NEVER) if incident else AutoResolve.NEVER,
            is_false=effect.subject in false,
            is_shared=before_it.is_shared(world) if before_it else tally.is_said(effect, shared),
            is_worked_on=before_it is not None and before_it.is_worked_on,
            episode=_episode(alert, after) if alert and is_last else None,
            ended=before_it.ended if before_it else None,
            silent=silences.get(effect.id),
        )
        verdict = rules.undo(met, effect, changed.grant.actor, now)
        for event in verdict.events:
            world.apply(event)
        tally.judged(effect, verdict, incident, alert.title if alert else incident.title if incident else "")
    happened = list(world.events)
    spans = [
        world.alerts[each.subject].fresh_for for each in happened if isinstance(each.data, k.AlertRestored)
    ]
    await world.save(changed)
    await of_heartbeats.done(world, happened)
    if fresh := [span for span in spans if span is not None]:
        await timers.set_earlier(tx, STALE, wanted.integration, now + timedelta(seconds=min(fresh)))
    return sum(not is_private for _, is_private in changed.sights[before:])


def _episode(alert: Alert, after: Sequence[Later]) -> int:
    """The number under which it is the newest: those of withdrawn episodes stay taken."""
    return max((each.episode for each in after), default=alert.episode - 1) + 1


async def _lock_services(tx: Tx, places: set[UUID], touched: set[UUID]) -> dict[UUID, AutoResolve]:
    """Lock the services of incidents and alerts, so that nothing opens, reopens or moves there meanwhile."""
    places = places | {alert.incident_id for alert in await alerts.some(tx, touched)}
    modes: dict[UUID, AutoResolve] = {}
    for id in sorted({shown.incident.service_id for shown in await incidents.some(tx, places)}):
        service = await catalogue.lock_service(tx, id)
        if service is not None:
            modes[id] = service.auto_resolve
    return modes


async def _false(tx: Tx, wanted: Since, places: set[UUID], asked: set[UUID]) -> set[UUID]:
    """Those of these alerts that were fired by a request which is undone, or will be."""
    if not asked:
        return set()
    receipts: dict[UUID, UUID | None] = {}
    for body in await stored.fired(tx, places, [text("alert", id) for id in asked]):
        envelope = msgspec.json.decode(body, type=e.Envelope)
        subject = parse("alert", envelope.subject)
        if subject is not None:
            receipt = msgspec.json.decode(envelope.data, type=e.AlertFired).receipt
            receipts[subject] = parse("receipt", receipt)
    undone = await stored.among(tx, wanted, [id for id in receipts.values() if id])
    return {alert for alert, receipt in receipts.items() if receipt in undone}


async def _load(tx: Tx, places: set[UUID], touched: set[UUID]) -> World:
    """Lock incidents, with what is open for the same problems, and alerts."""
    groups: dict[UUID, set[str]] = {}
    for shown in await incidents.some(tx, places):
        groups.setdefault(shown.incident.service_id, set()).add(shown.incident.group_key)
    ids = set(places)
    for service, keys in groups.items():
        ids.update(await incidents.ids_of_groups(tx, service, keys))
    loaded = await incidents.load_for_update(tx, ids)
    return World(loaded.values(), await alerts.load_for_update(tx, touched))
