"""The state as of exactly one place of the log: what a stream begins with, and goes on from."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from hub.contract.resources import IncidentResource
from hub.contract.words import OPEN, Action, Status
from hub.domain.access import Grant
from hub.domain.sight import View
from hub.services import paging
from hub.services.ports import Ports
from hub.services.shown import resource
from hub.storage import incidents, log
from hub.storage.incidents import Shown
from hub.storage.tx import Tx

CHUNK: Final = 1000
MOST: Final = 10_000
RESOLVED: Final = frozenset({Status.RESOLVED})

_encoder = msgspec.json.Encoder()


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Headers of the incidents that are not closed, at most 10,000: the open ones, then those resolved last.

    `chunks` are JSON arrays of at most 1,000. `position` in `epoch` is the last event that they contain.
    """

    epoch: UUID
    position: int
    chunks: list[bytes]
    is_complete: bool


async def take(ports: Ports, grant: Grant, view: View) -> Snapshot:
    """Read head and rows in one REPEATABLE READ transaction: no event is in both or in neither of the state
    and what follows its place."""
    grant.require_somewhere(Action.INCIDENT_READ)
    async with ports.store.begin(grant.tenant, snapshot=True) as tx:
        head = await log.head(tx)
        chunks: list[bytes] = []
        room, is_complete = MOST, True
        for statuses in (OPEN, RESOLVED):
            found, is_complete = await _read(tx, view, statuses, room)
            chunks += [_encoder.encode(found[first : first + CHUNK]) for first in range(0, len(found), CHUNK)]
            room -= len(found)
            if not is_complete:
                break
    return Snapshot(epoch=head.epoch, position=head.position, chunks=chunks, is_complete=is_complete)


async def _read(
    tx: Tx, view: View, statuses: frozenset[Status], room: int
) -> tuple[list[IncidentResource], bool]:
    """As many as there is room for, newest first; and whether that was all."""
    found: list[IncidentResource] = []
    if view.filter.incidents:
        some = await incidents.some(tx, view.filter.incidents)
        return [resource(shown, view) for shown in some if _is_asked_for(shown, view, statuses)], True
    before = paging.NEWEST
    while room > 0:
        page = await incidents.page(tx, view.narrowed, statuses, before, min(CHUNK, room))
        found += [resource(shown, view) for shown in page if _is_asked_for(shown, view, statuses)]
        if len(page) < min(CHUNK, room):
            return found, True
        before, room = page[-1].incident.id, room - len(page)
    return found, False


def _is_asked_for(shown: Shown, view: View, statuses: frozenset[Status]) -> bool:
    incident = shown.incident
    return (
        incident.status in statuses
        and view.sees_incident(incident.id, incident.service_id, incident.private)
        and view.filter.holds(incident.id, incident.service_id, incident.severity)
    )
