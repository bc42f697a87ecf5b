"""Opsgenie's addresses: alerts made, acted upon and read by the key of the integration that sends them."""

from __future__ import annotations

from typing import Any, Final

from hub.contract.signals import Fault
from hub.domain.errors import Forbidden, HubError, Invalid, NotAllowedNow, NotFound, Unauthenticated
from hub.door.problems import TooLarge, faults
from hub.door.says import says
from hub.handlers.intake import Keeper
from hub.services import opsgenie_alerts
from hub.services.grants import IntegrationRef
from hub.sources import opsgenie
from hub.sources.base import Reply

IDENTIFIERS: Final = {"id", "alias", "tiny"}
REFUSED: Final = {
    Unauthenticated: 401, Forbidden: 403, NotFound: 404, TooLarge: 413, Invalid: 422, NotAllowedNow: 422
}  # fmt: skip


class Genie(Keeper):
    """A request of an Opsgenie client, and answers as it expects them: with its headers, and the request's id
    in each."""

    def reply(self, reply: Reply) -> None:
        """Send it with the headers that the vendor's answers have."""
        self.set_header("X-Response-Time", f"{self.request.request_time():.3f}")
        if isinstance(reply.body, dict) and not reply.body.get("requestId"):
            reply.body["requestId"] = self.request_id
        super().reply(reply)

    def refuse(self, error: HubError) -> None:
        """The vendor's own shape for what its clients can meet."""
        status = REFUSED.get(type(error))
        if status is None:
            super().refuse(error)
            return
        self.problem_code = error.code
        bad = {fault.pointer.removeprefix("/"): fault.detail for fault in faults(error)}
        headers = opsgenie.CHALLENGE if status == 401 else None
        self.reply(opsgenie.told(status, error.detail, headers=headers, errors=bad or None))
        self.finish()

    def tell(self, data: object, **more: object) -> None:
        """Answer a question."""
        body = {"data": data, "took": round(self.request.request_time(), 3), **more}
        self.reply(Reply(status=200, body=body, headers=opsgenie.UNTHROTTLED))

    async def asker(self, integration: str) -> IntegrationRef:
        """Whose key it is; raise Unauthenticated."""
        owner = await self.owner(self.presented(), integration)
        if owner is None:
            raise Unauthenticated("Could not authenticate")
        return owner

    def by(self) -> str:
        """What the identifier in the path is: `id` unless the query says `alias` or `tiny`."""
        by = self.get_query_argument("identifierType", "id")
        if by not in IDENTIFIERS:
            raise _invalid("identifierType", "identifierType is one of: id, alias, tiny.")
        return by

    def is_open(self) -> bool | None:
        """Which alerts a query is for, as far as it is understood: those of a status, else all."""
        words = self.get_query_argument("query", "").lower().replace(" ", "")
        found = [
            word == "open" for word in ("open", "closed") if words in {f"status:{word}", f"status={word}"}
        ]
        return found[0] if found else None

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number of the query, at most `most`."""
        value = self.get_query_argument(name, str(default))
        if not (value.isascii() and value.isdigit() and len(value) < 9 and int(value) <= most):
            raise _invalid(name, f"{name} is a whole number up to {most}.")
        return int(value)

    async def act(self, integration: str, identifier: str, verb: str, name: str = "") -> None:
        """Keep an act with the alias of its alert."""
        if verb not in opsgenie.ACTS:
            raise NotFound(f"There is no act {verb[:32]} of an alert.")
        owner = await self.asker(integration)
        alias = await opsgenie_alerts.alias_of(self.desk.ports, owner, self.by(), identifier)
        await self.take(opsgenie.envelope(verb, alias, self.request.body, name), integration)


class Alerts(Genie):
    """`/v2/alerts`"""

    @says(dict[str, Any], 202, takes=Any, may=(Unauthenticated, Invalid))
    async def post(self, integration: str = "") -> None:
        """202 with the request's id after COMMIT."""
        await self.take(opsgenie.envelope(opsgenie.CREATE, "", self.request.body), integration)

    @says(dict[str, Any], may=(Unauthenticated, Invalid))
    async def get(self, integration: str = "") -> None:
        """The alerts that this integration sent, newest first."""
        owner = await self.asker(integration)
        limit = self.number("limit", 20, opsgenie_alerts.LIMIT_MAX)
        offset = self.number("offset", 0, opsgenie_alerts.OFFSET_MAX)
        self.tell(
            await opsgenie_alerts.page(self.desk.ports, owner, self.is_open(), limit, offset), paging={}
        )


class Count(Genie):
    """`/v2/alerts/count`"""

    @says(dict[str, Any], may=(Unauthenticated,))
    async def get(self, integration: str = "") -> None:
        """How many alerts this integration sent."""
        owner = await self.asker(integration)
        self.tell({"count": await opsgenie_alerts.count(self.desk.ports, owner, self.is_open())})


class Outcome(Genie):
    """`/v2/alerts/requests/{request}`"""

    @says(dict[str, Any], may=(Unauthenticated, NotFound))
    async def get(self, request: str, integration: str = "") -> None:
        """What became of a request, once it is processed."""
        self.tell(await opsgenie_alerts.outcome(self.desk.ports, await self.asker(integration), request))


class Alert(Genie):
    """`/v2/alerts/{identifier}`"""

    @says(dict[str, Any], may=(Unauthenticated, NotFound, Invalid))
    async def get(self, identifier: str, integration: str = "") -> None:
        """One alert of this integration."""
        owner = await self.asker(integration)
        self.tell(await opsgenie_alerts.find(self.desk.ports, owner, self.by(), identifier))


class Act(Genie):
    """`/v2/alerts/{identifier}/{verb}`"""

    @says(dict[str, Any], may=(Unauthenticated, NotFound, Invalid))
    async def get(self, identifier: str, verb: str, integration: str = "") -> None:
        """The `notes` that this integration wrote, or the `logs` of what it did, newest first."""
        owner, by = await self.asker(integration), self.by()
        if verb not in opsgenie_alerts.STORIES:
            raise NotFound(f"There is nothing to read called {verb[:32]}.")
        limit = self.number("limit", 100, opsgenie_alerts.LIMIT_MAX)
        self.tell(await opsgenie_alerts.story(self.desk.ports, owner, by, identifier, verb, limit), paging={})

    @says(dict[str, Any], 202, takes=Any, may=(Unauthenticated, NotFound, Invalid))
    async def post(self, identifier: str, verb: str, integration: str = "") -> None:
        """202 with the request's id after COMMIT."""
        await self.act(integration, identifier, verb)

    @says(dict[str, Any], 202, takes=Any, may=(Unauthenticated, NotFound, Invalid))
    async def put(self, identifier: str, verb: str, integration: str = "") -> None:
        """The same: message, description and priority are put."""
        await self.act(integration, identifier, verb)


class CustomAct(Genie):
    """`/v2/alerts/{identifier}/actions/{name}`"""

    @says(dict[str, Any], 202, takes=Any, may=(Unauthenticated, NotFound, Invalid))
    async def post(self, identifier: str, name: str, integration: str = "") -> None:
        """202: a note of it is on the timeline, since nothing of ours is run."""
        await self.act(integration, identifier, "action", name)


class Ping(Genie):
    """`/v2/heartbeats/{beat}/ping`"""

    def reply(self, reply: Reply) -> None:
        """A ping that is kept has a word of its own."""
        if reply.status == 202 and isinstance(reply.body, dict):
            reply.body["result"] = "PONG - Heartbeat received"
        super().reply(reply)

    @says(dict[str, Any], 202, may=(Unauthenticated, Invalid))
    async def get(self, beat: str, integration: str = "") -> None:
        """202 after COMMIT; a name that no heartbeat has is told of in the receipt."""
        await self.take(opsgenie.envelope(opsgenie.PING, beat, b""), integration)

    @says(dict[str, Any], 202, takes=Any, may=(Unauthenticated, Invalid))
    async def post(self, beat: str, integration: str = "") -> None:
        """The same; whatever the body says is not looked at."""
        await self.get(beat, integration)

    @says(dict[str, Any], 202, takes=Any, may=(Unauthenticated, Invalid))
    async def put(self, beat: str, integration: str = "") -> None:
        """The same."""
        await self.get(beat, integration)

    @says(dict[str, Any], 202, takes=Any, may=(Unauthenticated, Invalid))
    async def patch(self, beat: str, integration: str = "") -> None:
        """The same."""
        await self.get(beat, integration)


def _invalid(name: str, detail: str) -> Invalid:
    return Invalid([Fault(pointer=f"/{name}", code="invalid", detail=detail)])
