"""Stream tickets: made here, presented where a stream begins."""

from __future__ import annotations

from hub.contract.tickets import TicketMade
from hub.door.request import Request
from hub.door.says import says
from hub.services import tickets


class StreamTickets(Request):
    """`/stream-tickets`"""

    @says(TicketMade, 201)
    async def post(self, org: str) -> None:
        """Make a ticket for one stream that can send neither a cookie nor a header."""
        self.answer(await tickets.make(self.desk.ports, self.grant, self.context), 201)
