"""Opsgenie's heartbeats: listed, made, changed and deleted by the key of the integration that pings them."""

from __future__ import annotations

from typing import Any

from hub.contract.signals import Fault, Unreadable
from hub.domain.errors import Forbidden, Invalid, NotAllowedNow, NotFound, SignatureRefused, Unauthenticated
from hub.door.says import says
from hub.handlers.opsgenie import Genie
from hub.services import opsgenie_heartbeats as beats
from hub.services.grants import IntegrationRef
from hub.sources import opsgenie, opsgenie_heartbeats
from hub.sources.base import Reply
from hub.sources.opsgenie_heartbeats import Asked, shown


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
            found = opsgenie_heartbeats.read(self.request.body)
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
        made = await beats.make(
            self.desk.ports,
            owner,
            asked.name,
            asked.interval_seconds,
            asked.enabled is not False,
            self.context,
        )
        self.done("Heartbeat created", shown(made), 201)


class Heartbeat(Beats):
    """`/v2/heartbeats/{beat}`"""

    @says(dict[str, Any], may=(Unauthenticated, NotFound))
    async def get(self, beat: str, integration: str = "") -> None:
        """One heartbeat of this integration."""
        self.tell(shown(await beats.find(self.desk.ports, await self.asker(integration), beat)))

    @says(dict[str, Any], takes=Any, may=(Unauthenticated, Forbidden, NotFound, Invalid))
    async def patch(self, beat: str, integration: str = "") -> None:
        """Another interval, or enabled or not."""
        owner, asked = await self.changer(integration), self.asked()
        changed = await beats.alter(
            self.desk.ports, owner, beat, asked.interval_seconds, asked.enabled, self.context
        )
        self.done("Heartbeat updated", shown(changed))

    @says(dict[str, Any], may=(Unauthenticated, Forbidden, NotFound))
    async def delete(self, beat: str, integration: str = "") -> None:
        """Expect nothing any more."""
        await beats.delete(self.desk.ports, await self.changer(integration), beat, self.context)
        self.done("Deleted", {"name": beat})


class Enable(Beats):
    """`/v2/heartbeats/{beat}/enable`"""

    is_enabled = True

    async def switch(self, beat: str, integration: str) -> None:
        """Expect pings, or none; said again, it changes nothing."""
        owner = await self.changer(integration)
        found = await beats.alter(self.desk.ports, owner, beat, None, self.is_enabled, self.context)
        self.done(f"Heartbeat {'enabled' if self.is_enabled else 'disabled'}", shown(found))

    @says(dict[str, Any], takes=Any, may=(Unauthenticated, Forbidden, NotFound, NotAllowedNow))
    async def post(self, beat: str, integration: str = "") -> None:
        """Expect pings again, its whole time from now on; what the body says is not looked at."""
        await self.switch(beat, integration)

    @says(dict[str, Any], takes=Any, may=(Unauthenticated, Forbidden, NotFound, NotAllowedNow))
    async def put(self, beat: str, integration: str = "") -> None:
        """The same."""
        await self.switch(beat, integration)

    @says(dict[str, Any], takes=Any, may=(Unauthenticated, Forbidden, NotFound, NotAllowedNow))
    async def patch(self, beat: str, integration: str = "") -> None:
        """The same."""
        await self.switch(beat, integration)


class Disable(Enable):
    """`/v2/heartbeats/{beat}/disable`"""

    is_enabled = False

    @says(dict[str, Any], takes=Any, may=(Unauthenticated, Forbidden, NotFound, NotAllowedNow))
    async def post(self, beat: str, integration: str = "") -> None:
        """Expect nothing until it is enabled; if it was late, its alert clears."""
        await self.switch(beat, integration)
