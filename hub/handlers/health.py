"""Health: is the process alive, and may it be sent requests."""

from __future__ import annotations

from hub.door.request import Request
from hub.door.says import says
from hub.services import health


class Livez(Request):
    """`/livez`"""

    answers_while_closed = True

    @says(dict[str, str])
    def get(self) -> None:
        """200 as long as the loop turns; 503 for ten seconds after it has stood still for five."""
        is_stuck = self.desk.gate.pulse.is_stuck
        self.answer({"status": "stuck" if is_stuck else "alive"}, 503 if is_stuck else 200)


class Readyz(Request):
    """`/readyz`"""

    answers_while_closed = True

    @says(health.Readiness)
    async def get(self) -> None:
        """200, or 503 while the process drains, the database is away, or its schema or role is wrong."""
        readiness = await health.ready(self.desk.ports)
        is_ready = readiness.is_ready and self.desk.gate.is_open and not self.desk.gate.is_draining
        self.answer(readiness, 200 if is_ready else 503)
