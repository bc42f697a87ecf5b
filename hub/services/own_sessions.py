"""One's own sessions: where a person is signed in, and ending one of them or all others."""

from __future__ import annotations

from uuid import UUID

from hub.contract.administration import SessionEnded
from hub.contract.ids import parse, text
from hub.contract.sessions import SessionPage, SessionResource
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import NotFound
from hub.services import paging
from hub.services.change import Change, change, read
from hub.services.ports import Ports, RequestContext
from hub.services.sessions import IDLE
from hub.storage import credentials
from hub.storage import sessions as stored


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> SessionPage:
    """A page of the sessions that still live, newest first."""
    grant.require(Action.SELF_READ)
    before = paging.id_place(ports, grant, "sessions", cursor, paging.NEWEST)
    now = ports.clock()
    async with read(ports, grant) as tx:
        found = await stored.page(tx, now, now - IDLE, before, limit + 1)
    shown = [
        SessionResource(
            id=text("session", session.id),
            device=session.device,
            address=session.address,
            started_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            current=session.id == grant.session,
        )
        for session in found[:limit]
    ]
    last = found[limit - 1].id if len(found) > limit else None
    return SessionPage(shown, paging.next_cursor(ports, grant, "sessions", len(found) > limit, last))


async def end(ports: Ports, grant: Grant, reference: str, context: RequestContext) -> bool:
    """End one session and its streams; whether it was the one that asked. Raise NotFound for one that is
    over, another person's or none, alike."""
    grant.require(Action.SELF_MANAGE)
    id = parse("session", reference)
    if id is None:
        raise NotFound
    async with change(ports, grant, context) as changed:
        if not await credentials.end(changed.tx, "session", id):
            raise NotFound
        changed.happened(SessionEnded(reason="ended_by_person"), id)
    return id == grant.session


async def end_others(ports: Ports, grant: Grant, context: RequestContext) -> None:
    """End all sessions but the one that asks, and their streams."""
    grant.require(Action.SELF_MANAGE)
    async with change(ports, grant, context) as changed:
        await end_but(changed, grant.session, "ended_by_person")


async def end_but(changed: Change, kept: UUID | None, reason: str) -> None:
    """End all sessions but one in a change that is under way: each is an event, which ends its streams."""
    for id in await stored.end_others(changed.tx, kept):
        changed.happened(SessionEnded(reason=reason), id)
