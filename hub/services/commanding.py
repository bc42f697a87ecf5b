"""Commanding: who may lead the work on an incident."""

from __future__ import annotations

from hub.contract.commands import AssignCommander, Command
from hub.contract.ids import parse
from hub.contract.signals import Fault
from hub.contract.words import Action
from hub.domain.errors import Invalid
from hub.domain.incident import Incident
from hub.domain.lifecycle import Member
from hub.services.holding import held
from hub.storage import members
from hub.storage.people import Binding
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
    found = await members.lead(tx, id, END_OF_MEMBERSHIP) if id else None  # nobody's command ends silently
    if id is None or found is None or not _may_work(incident, found[1]):
        detail = "There is no such member who may work on this incident."
        raise Invalid([Fault(pointer="/commander", code="unknown", detail=detail)])
    return Member(id, found[0])


def _may_work(incident: Incident, bound: list[Binding]) -> bool:
    has = held(bound)
    allowed = has.incidents.get(incident.id, frozenset())
    if not incident.private:
        allowed |= has.actions | has.services.get(incident.service_id, frozenset())
    return Action.INCIDENT_EDIT in allowed
