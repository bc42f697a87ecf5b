"""Undo: what is to be known of incidents that were reopened, and of alerts that were stale before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from hub.contract import events as e
from hub.contract.corrections import IncidentCorrected, IncidentReopeningCorrected
from hub.contract.ids import text
from hub.contract.silence import AlertHeardAgain, AlertWentStale
from hub.contract.words import Status
from hub.domain.undo import Ended
from hub.services.undoing_tally import Tally
from hub.services.world import World
from hub.storage import undoing_reopenings as stored
from hub.storage.tx import Tx
from hub.storage.undoing_reopenings import DEEDS, Reopening

ALERTS: Final = 1_000  # that may have fired since, of which one is enough


class Before(NamedTuple):
    """How an incident had ended before it was reopened, whether a person has done something there since, and
    whether others have said what reopened it, or have fired something in it."""

    incident: UUID
    at: datetime
    ended: Ended | None
    is_worked_on: bool
    is_said: bool

    def is_shared(self, world: World) -> bool:
        """Whether something fires there that is not taken back."""
        return self.is_said or any(
            alert.incident_id == self.incident and alert.fired_at >= self.at and not alert.is_over
            for alert in world.alerts.values()
        )


async def look(tx: Tx, tally: Tally, shared: Mapping[str, int]) -> dict[str, Before]:
    """What is known of each reopening among the effects, by its id. `shared` is when others have last said of
    an alert that it fires."""
    found = [
        (effect, effect.incident)
        for effect in tally.effects
        if isinstance(effect.data, e.IncidentReopened) and effect.incident is not None
    ]
    if not found:
        return {}
    asked = [Reopening(place, tally.positions[effect.id]) for effect, place in found]
    ends, deeds = await stored.ends(tx, asked), await stored.deeds(tx, asked)
    first = min(effect.at for effect, _ in found)
    alerts = [effect.subject for effect in tally.effects if effect.data.about == "alert"]
    firing = await stored.uncleared(tx, [place for _, place in found], first, alerts, ALERTS)
    looked: dict[str, Before] = {}
    for index, (effect, place) in enumerate(found):
        deed = tally.deeds[effect.id]
        said = deed.alert is not None and shared.get(deed.alert, -1) > deed.arrival
        fires = any(incident == place and at >= effect.at for incident, at in firing)
        looked[effect.id] = Before(
            place, effect.at, _ended(ends[index]), _is_work(deeds[index]), said or fires
        )
    return looked


async def silences(tx: Tx, tally: Tally) -> dict[str, AlertWentStale]:
    """How the alerts had gone stale that were heard of again, by the ids of those effects."""
    found = [
        (effect, effect.incident)
        for effect in tally.effects
        if isinstance(effect.data, AlertHeardAgain) and effect.incident is not None
    ]
    asked = [Reopening(place, tally.positions[effect.id]) for effect, place in found]
    bodies = await stored.stale(tx, asked, [text("alert", effect.subject) for effect, _ in found])
    return {
        effect.id: msgspec.json.decode(msgspec.json.decode(body, type=e.Envelope).data, type=AlertWentStale)
        for (effect, _), body in zip(found, bodies, strict=True)
        if body is not None
    }


def _ended(bodies: Sequence[bytes | None]) -> Ended | None:
    """How it had ended, by its last endings; None where that was erased."""
    if not bodies or bodies[0] is None:
        return None
    last = msgspec.json.decode(bodies[0], type=e.Envelope)
    if last.type == IncidentReopeningCorrected.kind:
        data = msgspec.json.decode(last.data, type=IncidentReopeningCorrected)
        return Ended(
            status=data.status,
            automatic=data.automatic,
            resolved_at=data.resolved_at,
            closed_at=data.closed_at,
        )
    if last.type == e.IncidentResolved.kind:
        automatic = msgspec.json.decode(last.data, type=e.IncidentResolved).automatic
        return Ended(status=Status.RESOLVED, automatic=automatic, resolved_at=last.time)
    if last.type not in (e.IncidentClosed.kind, IncidentCorrected.kind):
        return None
    before = _ended(bodies[1:])
    if before is None or before.status is not Status.RESOLVED:
        return Ended(status=Status.CLOSED, closed_at=last.time)
    return msgspec.structs.replace(before, status=Status.CLOSED, closed_at=last.time)


def _is_work(bodies: Sequence[bytes | None]) -> bool:
    """Whether one of these is more than a correction and what follows from it; yes, where it is not known."""
    return len(bodies) == DEEDS or any(body is None or not _is_correction(body) for body in bodies)


def _is_correction(body: bytes) -> bool:
    envelope = msgspec.json.decode(body, type=e.Envelope)
    if envelope.type == e.IncidentResolved.kind:
        return msgspec.json.decode(envelope.data, type=e.IncidentResolved).automatic
    if envelope.type == e.IncidentReopened.kind:
        return msgspec.json.decode(envelope.data, type=e.IncidentReopened).reason == "corrected"
    return False
