"""Opsgenie's heartbeats: listed, made, changed and deleted by the key of the integration that pings them."""

from __future__ import annotations

from typing import Any

from hub.contract.signals import Fault, Unreadable
from hub.domain.errors import Forbidden, Invalid, NotFound, SignatureRefused, Unauthenticated
from hub.door.says import says
from hub.handlers.opsgenie import Genie
from hub.services import genie_beats as beats
from hub.services.grants import IntegrationRef
from hub.sources import genie_beats, opsgenie
from hub.sources.base import Reply
from hub.sources.genie_beats import Asked, shown


class Beats(Genie):
    """A request about heartbeats."""

    async def changer(self, integration: str) -> IntegrationRef:
        """Whose key it is, of who asks for a change: counted like what is sent, and never by a signature,
        which would not cover the address."""
        owner = await self.asker(integration)
        if owner.is_signed:
            raise SignatureRefused("missing", "A signature does not cover the address.")
        self.meter(owner)
        return owner

    def asked(self) -> Asked:
        """What the body says; raise Invalid."""
        try:
            found = genie_beats.read(self.request.body)
        except Unreadable as error:
            raise Invalid([Fault(pointer="/body", code="invalid_json", detail=str(error))]) from None
        if isinstance(found, list):
            raise Invalid(found)
        return found

    def done(self, result: str, data: object, status: int = 200) -> None:
        """Say what was done."""
        body = {"result": result, "took": round(self.request.request_time(), 3), "data": data}
        self.reply(Reply(status=status, body=body, headers=opsgenie.UNTHROTTLED))


class Heartbeats(Beats):
    """`/v2/heartbeats`"""

    @says(dict[str, Any], may=(Unauthenticated,))
    async def get(self, integration: str = "") -> None:
        """The heartbeats of this integration."""
        owner = await self.asker(integration)
        self.tell({"heartbeats": [shown(each) for each in await beats.all_of(self.desk.ports, owner)]})

    @says(dict[str, Any], 201, takes=Any, may=(Unauthenticated, Forbidden, Invalid))
    async def post(self, integration: str = "") -> None:
        """Expect pings of a name."""
        owner, asked = await self.changer(integration), self.asked()
        missing = {"name": asked.name, "interval": asked.interval_seconds}
        if asked.name is None or asked.interval_seconds is None:
            raise Invalid(
                [
                    Fault(pointer=f"/{name}", code="required", detail="may not be empty")
                    for name, value in missing.items()
                    if value is None
                ]
            )
        made = await beats.make(self.desk.ports, owner, asked.name, asked.interval_seconds, self.context)
        self.done("Heartbeat created", shown(made), 201)


class Heartbeat(Beats):
    """`/v2/heartbeats/{beat}`"""

    @says(dict[str, Any], may=(Unauthenticated, NotFound))
    async def get(self, beat: str, integration: str = "") -> None:
        """One heartbeat of this integration."""
        self.tell(shown(await beats.find(self.desk.ports, await self.asker(integration), beat)))

    @says(dict[str, Any], takes=Any, may=(Unauthenticated, Forbidden, NotFound, Invalid))
    async def patch(self, beat: str, integration: str = "") -> None:
        """Another interval."""
        owner, seconds = await self.changer(integration), self.asked().interval_seconds
        changed = await beats.change(self.desk.ports, owner, beat, seconds, self.context)
        self.done("Heartbeat updated", shown(changed))

    @says(dict[str, Any], may=(Unauthenticated, Forbidden, NotFound))
    async def delete(self, beat: str, integration: str = "") -> None:
        """Expect nothing any more."""
        await beats.delete(self.desk.ports, await self.changer(integration), beat, self.context)
        self.done("Deleted", {"name": beat})


class Enable(Beats):
    """`/v2/heartbeats/{beat}/enable`: what is there is enabled."""

    @says(dict[str, Any], may=(Unauthenticated, NotFound))
    async def post(self, beat: str, integration: str = "") -> None:
        """Say that it is."""
        found = await beats.find(self.desk.ports, await self.asker(integration), beat)
        self.done("Heartbeat enabled", shown(found))
