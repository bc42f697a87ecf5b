"""Where the attack happens: one hub, two organizations with everything in them, and eyes on the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from caller import Caller
from estate import Estate, Visitor
from line import connected
from servers import Database

from hub.services.ports import Ports
from hub.storage.tx import Store


@dataclass
class Watch:
    """The statements that were sent to the database, in their order."""

    statements: list[str] = field(default_factory=list)

    def on(self, store: Store) -> None:
        """Note all that goes over the connections of a store from now on."""
        plain = store.take

        async def take() -> Any:
            connection = await plain()
            connection.add_query_logger(self._note)  # once, however often it is taken
            return connection

        vars(store)["take"] = take

    def _note(self, sent: Any) -> None:
        self.statements.append(sent.query)

    def take(self) -> list[str]:
        """What was sent since the last time."""
        taken, self.statements = self.statements, []
        return taken


@dataclass
class Scene:
    """Two organizations that must never learn of each other, and somebody who owns both."""

    call: Caller
    ports: Ports
    database: Database
    acme: Estate
    globex: Estate
    both: Visitor
    watch: Watch

    async def heads(self) -> dict[str, int]:
        """How long the log of every tenant is: nothing happens without an entry."""
        async with connected(self.database.admin_url) as admin:
            rows = await admin.fetch("SELECT tenant_id::text, position FROM head")
        return {row["tenant_id"]: row["position"] for row in rows}
