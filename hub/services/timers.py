"""Timers fire: what becomes of a membership whose end has come, and of who was not heard of."""

from __future__ import annotations

from hub.contract.ids import TenantId
from hub.contract.words import Action
from hub.services import listening, silence, watching
from hub.services.access import system
from hub.services.change import change
from hub.services.commanding import END_OF_MEMBERSHIP
from hub.services.ending import lapse
from hub.services.expecting import TIMER
from hub.services.ports import Ports, RequestContext
from hub.storage import timers

TIMERS = 20  # of one transaction


async def fire(ports: Ports, tenant: TenantId) -> bool:
    """Fire a tenant's next timers; whether there may be more. Doing it twice changes nothing: each deed asks
    whether it is still to be done, under a lock of its own."""
    grant = system("sweeper", tenant)
    grant.require(Action.TIMER_FIRE)
    heard = await listening.heard(ports)
    async with change(ports, grant, RequestContext(request_id="")) as changed:
        due = await timers.due(changed.tx, TIMERS)
        for timer in due:
            if timer.kind == END_OF_MEMBERSHIP:
                await lapse(changed, timer.subject)
            elif timer.kind == TIMER:
                again = await watching.watch(changed, timer.subject, heard)
                if again is not None:
                    await timers.set_due(changed.tx, timer.kind, timer.subject, again)
            elif timer.kind in silence.SWEEPS:
                again = await silence.SWEEPS[timer.kind](changed, timer.subject, heard)
                if again is not None:
                    await timers.set_due(changed.tx, timer.kind, timer.subject, again)
            await timers.fired(changed.tx, timer)
    return len(due) == TIMERS
