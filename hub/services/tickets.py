"""Stream tickets: for one minute and one stream, in the place of a cookie or header that cannot be sent."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from hub.contract.ids import TenantId, new
from hub.contract.tickets import TicketMade
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import Unauthenticated
from hub.services.change import change
from hub.services.credentials import find, hash_of
from hub.services.links import open_link, seal_link
from hub.services.ports import Ports, RequestContext
from hub.storage import credentials
from hub.storage.credentials import Credential

KIND: Final = "stream_ticket"
LASTS: Final = timedelta(minutes=1)


async def make(ports: Ports, grant: Grant, context: RequestContext) -> TicketMade:
    """A ticket for the actor of this Grant and its organization.

    No event tells of it: it gives nobody anything that its maker does not present with every request, and is
    nothing a minute later. Tickets of the same credential that nobody used are deleted on the way, so that
    there are never more than a minute's.
    """
    grant.require_somewhere(Action.STREAM_FOLLOW)
    if grant.credential is None:
        raise Unauthenticated
    token = secrets.token_urlsafe(32)
    async with change(ports, grant, context) as changed:
        ticket = Credential(
            tenant_id=grant.tenant,
            id=new(),
            kind=KIND,
            subject=grant.credential,
            scopes=(),
            expires_at=changed.now + LASTS,
            last_used_at=None,
            about={"slug": grant.slug, "owner": str(grant.person or grant.tenant)},
        )
        await credentials.forget(changed.tx, KIND, grant.credential)
        await credentials.add(changed.tx, hash_of(token), ticket, changed.now)
    return TicketMade(ticket=seal_link(ports.config, KIND, token), expires_at=changed.now + LASTS)


async def redeem(ports: Ports, presented: str) -> tuple[Credential, str]:
    """The session or API key that a ticket was made with, and the slug of the one organization that it is
    for. It is used up, wherever it was presented.

    Raise Unauthenticated for one that was used, is too old, is not ours, or whose session or key has ended.
    """
    token = open_link(ports.config, KIND, presented, LASTS)
    ticket = await find(ports, token) if token else None
    if ticket is None or ticket.kind != KIND:
        raise Unauthenticated("This stream ticket was used already, or has expired.")
    async with ports.store.begin(TenantId(ticket.tenant_id)) as tx:
        is_first = await credentials.end(tx, KIND, ticket.id)
    if not is_first:
        raise Unauthenticated("This stream ticket was used already, or has expired.")
    async with ports.store.reading(TenantId(UUID(ticket.about["owner"]))) as tx:
        credential = await credentials.standing(tx, ticket.subject)
    if credential is None:
        raise Unauthenticated("The session or key of this stream ticket has ended.")
    return credential, ticket.about["slug"]
