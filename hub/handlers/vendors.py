"""Vendors' addresses beside the intake: what their tools ask for before or after they send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from hub import __version__
from hub.domain.errors import Unauthenticated
from hub.door.says import says
from hub.handlers.sender import Sender

STARTED: Final = datetime.now(UTC)


class AlertmanagerStatus(Sender):
    """`/api/v2/status` below an Alertmanager's prefix: amtool asks for it before each of its commands."""

    @says(dict[str, Any], may=(Unauthenticated,))
    async def get(self, integration: str) -> None:
        """What the API v2 wants to be told: our version, since when this process runs, and no cluster."""
        if await self.owner(self.presented(), integration) is None:
            raise Unauthenticated("The integration key is missing or unknown.")
        nothing = dict.fromkeys(("revision", "branch", "buildUser", "buildDate", "goVersion"), "")
        self.answer(
            {
                "cluster": {"status": "disabled"},
                "versionInfo": {"version": f"incidenthub-{__version__}", **nothing},
                "config": {"original": ""},
                "uptime": STARTED.isoformat(),
            }
        )
