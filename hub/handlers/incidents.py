"""Incidents: list, open by hand, show, timeline, and the one door for commands."""

from __future__ import annotations

from typing import Final

from hub.contract.commands import COMMANDS
from hub.contract.requests import OpenIncident
from hub.contract.resources import IncidentPage, IncidentResource, Performed, TimelinePage
from hub.domain import query
from hub.domain.errors import Conflict, NotAllowedNow
from hub.door.request import Request
from hub.door.says import says
from hub.services import incidents

STATUS: Final = "`open`, `all`, or statuses, comma separated; all unless given."
Q: Final = "`status:triggered service:checkout severity:<=2 text`: of one name any, of words each must hold."


class Incidents(Request):
    """`/incidents`"""

    @says(IncidentPage, query={"status": STATUS, "q": Q})
    async def get(self, org: str) -> None:
        """A page, newest first; with `q` it may be short, or empty, and still have a next one."""
        limit, cursor = self.page()
        words = [word for each in self.get_query_arguments("status") for word in each.split(",")]
        asked = query.EVERYTHING
        with self.faults.collected():
            asked = query.read(" ".join(self.get_query_arguments("q")), words)
        self.answer_page(await incidents.page(self.desk.ports, self.grant, asked, limit, cursor))

    @says(IncidentResource, 201, takes=OpenIncident, once=True)
    async def post(self, org: str) -> None:
        """Open one by hand."""
        asked, key = self.read(OpenIncident), self.idempotency_key()
        opened = await incidents.open_by_hand(self.desk.ports, self.grant, asked, key, self.context)
        self.set_header("Location", f"/api/v1/orgs/{self.grant.slug}/incidents/{opened.incident.id}")
        self.answer_once(opened.incident, opened.replayed, 201)


class Incident(Request):
    """`/incidents/{incident}`"""

    @says(IncidentResource, versioned=True, kept=True)
    async def get(self, org: str, incident: str) -> None:
        """One incident by id or number; its ETag is its version."""
        shown = await incidents.show(self.desk.ports, self.grant, incident)
        self.answer_version(shown, shown.version)


class Timeline(Request):
    """`/incidents/{incident}/timeline`"""

    @says(TimelinePage)
    async def get(self, org: str, incident: str) -> None:
        """A page of its events, oldest first."""
        limit, cursor = self.page()
        self.answer_page(await incidents.timeline(self.desk.ports, self.grant, incident, limit, cursor))


class Command(Request):
    """`/incidents/{incident}/{command}`; the guard has asked for the action of the command."""

    @says(Performed, once=True, may=(Conflict, NotAllowedNow))
    async def post(self, org: str, incident: str, command: str) -> None:
        """Do it, once for each Idempotency-Key."""
        asked, key = self.read(COMMANDS[command]), self.idempotency_key()
        done = await incidents.perform(
            self.desk.ports, self.grant, incident, command, asked, key, self.context
        )
        self.answer_once(done.performed, done.replayed)
