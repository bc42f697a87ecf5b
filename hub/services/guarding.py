"""Write the folded refusals into the logs that they belong to, as `system:guard`."""

from __future__ import annotations

from hub.contract.administration import RequestRefused
from hub.contract.words import Action
from hub.domain.errors import Unavailable
from hub.services.access import system
from hub.services.change import change
from hub.services.ports import Ports, RequestContext
from hub.services.refusals import Refusal


async def write_refusals(ports: Ports, everything: bool = False) -> int:
    """Write what is due, or all of it at the end of the process; how many entries. What cannot be written
    while the database is away is kept for the next time."""
    due = ports.refusals.take(ports.clock(), everything)
    for index, refusal in enumerate(due):
        try:
            await _write(ports, refusal)
        except Unavailable:
            ports.refusals.keep(due[index:])
            return index
        except Exception:
            ports.refusals.keep(due[index + 1 :])  # one that cannot be written must not take the others along
            raise
    return len(due)


async def _write(ports: Ports, refusal: Refusal) -> None:
    grant = system("guard", refusal.tenant)
    grant.require(Action.REFUSAL_RECORD)
    context = RequestContext(request_id=refusal.request_id, address=refusal.address)
    async with change(ports, grant, context) as changed:
        changed.happened(
            RequestRefused(
                who=refusal.who,
                action=refusal.action,
                target=refusal.target,
                count=refusal.count,
                first_at=refusal.first_at,
                last_at=refusal.last_at,
            ),
            refusal.tenant,
        )
