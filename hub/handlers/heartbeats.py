"""Heartbeats: list, make, show, change and delete, for people; pings are the intake's."""

from __future__ import annotations

from hub.contract.heartbeats import HeartbeatPage, HeartbeatPatch, HeartbeatResource, NewHeartbeat
from hub.domain.errors import NotAllowedNow
from hub.door.request import Request
from hub.door.says import says
from hub.services import heartbeats


class Heartbeats(Request):
    """`/heartbeats`"""

    @says(HeartbeatPage)
    async def get(self, org: str) -> None:
        """A page of heartbeats, in the order in which they were made."""
        self.answer_page(await heartbeats.page(self.desk.ports, self.grant, *self.page()))

    @says(HeartbeatResource, 201, takes=NewHeartbeat, once=True, may=(NotAllowedNow,))
    async def post(self, org: str) -> None:
        """Expect somebody to be heard of; nothing is before the first ping."""
        asked, key = self.read(NewHeartbeat), self.idempotency_key()
        made, replayed = await heartbeats.add(self.desk.ports, self.grant, asked, key, self.context)
        self.set_header("Location", f"/api/v1/orgs/{self.grant.slug}/heartbeats/{made.id}")
        self.answer_once(made, replayed, 201)


class Heartbeat(Request):
    """`/heartbeats/{heartbeat}`"""

    @says(HeartbeatResource, versioned=True)
    async def get(self, org: str, heartbeat: str) -> None:
        """One heartbeat; its ETag is the version of its settings."""
        shown = await heartbeats.show(self.desk.ports, self.grant, heartbeat)
        self.answer_current(shown, shown.version)

    @says(HeartbeatResource, takes=HeartbeatPatch, versioned=True)
    async def patch(self, org: str, heartbeat: str) -> None:
        """Change what the body names."""
        asked, expected = self.read(HeartbeatPatch), self.if_match()
        changed = await heartbeats.patch(
            self.desk.ports, self.grant, heartbeat, asked, expected, self.context
        )
        self.answer_current(changed, changed.version)

    @says(status=204, versioned=True, may=(NotAllowedNow,))
    async def delete(self, org: str, heartbeat: str) -> None:
        """Expect nothing any more."""
        await heartbeats.delete(self.desk.ports, self.grant, heartbeat, self.if_match(), self.context)
        self.set_status(204)
