"""Commanding: who may lead the work on an incident."""

from __future__ import annotations

from uuid import UUID

from hub.contract.commands import AssignCommander, Command
from hub.contract.ids import parse
from hub.contract.signals import Fault
from hub.contract.words import Action
from hub.domain.errors import Invalid
from hub.domain.incident import Incident
from hub.domain.lifecycle import Member
from hub.services.holding import held
from hub.storage import members, people, timers
from hub.storage.tx import Tx

MEMBER = "member"
END_OF_MEMBERSHIP = "membership"  # a kind of timer


async def commander(tx: Tx, incident: Incident, command: Command) -> Member | None:
    """The member whom a command makes the commander of a locked incident, if it names one. Raise Invalid
    alike for one who is not there and one who may not work on it: who cannot see it must not learn of it.

    The member is held, so that nobody is named who is removed at the same moment. The removal locks the
    member first and then the incidents that they command; so a member who commands this one is not held.
    """
    if not isinstance(command, AssignCommander) or command.commander is None:
        return None
    id = parse(MEMBER, command.commander)
    if id is not None and id == incident.commander_id:
        return Member(id, "")
    found = await members.hold(tx, id) if id else None
    if found is None or not await _may_work(tx, incident, found.id):
        detail = "There is no such member who may work on this incident."
        raise Invalid([Fault(pointer="/commander", code="unknown", detail=detail)])
    if found.expires_at is not None:  # nobody's command ends silently: the end has its timer
        await timers.set_due(tx, END_OF_MEMBERSHIP, found.id, found.expires_at)
    return Member(found.id, found.display_name)


async def _may_work(tx: Tx, incident: Incident, member: UUID) -> bool:
    has = held(await people.bindings(tx, MEMBER, member))
    allowed = has.incidents.get(incident.id, frozenset())
    if not incident.private:
        allowed |= has.actions | has.services.get(incident.service_id, frozenset())
    return Action.INCIDENT_EDIT in allowed
