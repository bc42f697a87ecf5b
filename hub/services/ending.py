"""Ending: what goes with a membership, whoever ends it: an administrator, the member, or its time."""

from __future__ import annotations

from uuid import UUID

from hub.contract.commands import VacateCommander
from hub.contract.ids import text
from hub.contract.membership import MemberRemoved
from hub.contract.resources import Named
from hub.services import consumers
from hub.services.change import Change
from hub.services.commanding import END_OF_MEMBERSHIP
from hub.services.credentials import API_KEY, INTEGRATION_KEY
from hub.services.execute import execute
from hub.storage import incidents, keys, members, timers
from hub.storage.members import Member
from hub.storage.tx import Tx

SUBJECTS = {API_KEY: "key", INTEGRATION_KEY: "integration"}


async def end(changed: Change, member: Member, reason: str) -> None:
    """End a membership whose row is locked: its roles and teams go, incidents lose their commander, and the
    event tells of it all. Whether an owner is left is for the caller to ask."""
    shown = await keys_of(changed.tx, member.id)
    commanded = await _vacate(changed, member.id, reason)
    await consumers.end(changed, "member", member.id)
    await members.vacate(changed.tx, member.id)
    await members.end(changed.tx, member.id)
    await timers.set_due(changed.tx, END_OF_MEMBERSHIP, member.id, None)
    removed = MemberRemoved(
        name=member.display_name,
        roles=tuple(member.roles),
        teams=tuple(text("team", team) for team in member.team_ids),
        commanded=tuple(commanded),
        keys=tuple(key.id for key in shown),
        reason=reason,
    )
    changed.happened(removed, member.id)


async def lapse(changed: Change, id: UUID) -> None:
    """End a membership whose time is up, as a removal would; nothing, where it was prolonged meanwhile, or
    ended otherwise before its time."""
    member = await members.lock_lapsed(changed.tx, id)
    if member is not None:
        await end(changed, member, "expired")


async def _vacate(changed: Change, id: UUID, reason: str) -> list[str]:
    """Leave every open incident that a member commands without a commander, each with an event on its
    timeline; those that are not private are returned."""
    vacate, vacated = VacateCommander(member=text("member", id), reason=reason), list[str]()
    while found := await members.commanded(changed.tx, id):
        locked = await incidents.load_for_update(changed.tx, [each.id for each in found])
        await execute(changed, [(incident, vacate) for incident in locked.values()])
        vacated += [text("incident", each.id) for each in found if not each.private]
    return vacated


async def keys_of(tx: Tx, member: UUID) -> list[Named]:
    """The API and integration keys whose secrets a member was shown, and that still work."""
    shown = await keys.shown_to(tx, text("member", member))
    return [Named(text(SUBJECTS[kind], subject), name) for kind, subject, name in shown]
