"""The audit log for reviewers: the tenant's whole log with its seals, newest first."""

from __future__ import annotations

import msgspec

from hub.contract.ids import text
from hub.contract.resources import AuditEntry, AuditPage, Named
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.services import paging
from hub.services.change import read
from hub.services.ports import Ports
from hub.services.views import view
from hub.storage import log
from hub.storage.log import Audited


class Body(msgspec.Struct, frozen=True):
    """What the audit log takes out of an envelope."""

    actorname: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


def _entry(audited: Audited) -> AuditEntry:
    body = msgspec.json.decode(audited.body, type=Body) if audited.body else Body()
    return AuditEntry(
        id=text("event", audited.id),
        at=audited.at,
        actor=Named(audited.actor, body.actorname),
        action=audited.kind,
        target=audited.subject,
        address=audited.address,
        request_id=audited.request_id,
        data=msgspec.Raw(bytes(body.data)),
        sealed=audited.hash is not None,
        hash=audited.hash.hex() if audited.hash else None,
    )


async def page(ports: Ports, grant: Grant, limit: int, cursor: str | None) -> AuditPage:
    """A page of the log of an organization (for owners and admins) or of one's own."""
    grant.require(Action.SELF_READ if grant.person == grant.tenant else Action.AUDIT_READ)
    before = paging.number_place(ports, grant, "audit", cursor, log.HIGHEST)
    async with read(ports, grant) as tx:
        found = await log.audit(tx, before, limit + 1)
    last = found[limit - 1].position if len(found) > limit else None
    sees = view(grant).sees
    return AuditPage(
        [_entry(audited) for audited in found[:limit] if sees(audited)],
        paging.next_cursor(ports, grant, "audit", len(found) > limit, last),
    )
