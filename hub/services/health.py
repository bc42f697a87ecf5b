"""Health: whether this process may serve, and what waits in the inbox."""

from __future__ import annotations

import msgspec

from hub.domain.errors import HubError, Unavailable
from hub.services.ports import Ports
from hub.storage import directory
from hub.storage.directory import Gauge as Gauge

SCHEMA = "0014"  # what this version needs; newer ones only expand it


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Each check in a word: `ok`, or what is wrong."""

    database: str
    schema: str
    role: str

    @property
    def is_ready(self) -> bool:
        """Whether requests may come."""
        return self.database == self.schema == self.role == "ok"


class Unsafe(HubError):
    """The database role could go round the wall between organizations."""

    code = "unsafe"


async def ready(ports: Ports) -> Readiness:
    """Ask the database; never raises."""
    try:
        facts = await directory.facts(ports.store)
    except Unavailable:
        return Readiness(database="away", schema="unknown", role="unknown")
    return Readiness(
        database="ok",
        schema="ok" if facts.schema >= SCHEMA else f"{facts.schema or 'none'}, needs {SCHEMA}",
        role="unsafe" if facts.can_bypass else "ok",
    )


async def check_start(ports: Ports) -> None:
    """Raise Unsafe where the role owns tables, may make or truncate some, is a superuser, has BYPASSRLS, or
    may become one that can, or where a pooler stands between that the configuration does not speak of:
    such a process must not start. Raise Unavailable while the database is away."""
    if not ports.config.database_pooler and await directory.is_relayed(ports.store):
        raise Unsafe(
            "A pooler stands before the database: prepared statements of others could be run there;"
            " set HUB_DATABASE_POOLER to transaction or session, as the pooler's mode is."
        )
    facts = await directory.facts(ports.store)
    if facts.can_bypass:
        raise Unsafe(
            f"The database role {facts.role} could bypass row-level security;"
            " connect as hub_runtime (migrations/roles.sql)."
        )
    if facts.settings.get("synchronous_commit") == "off":
        raise Unsafe("synchronous_commit is off: an accepted alert could be lost.")


async def gauges(ports: Ports) -> list[Gauge]:
    """The inbox by organization: waiting, running, dead, oldest."""
    return await directory.gauges(ports.store)


async def consumers(ports: Ports) -> directory.Consumers:
    """All consumers, in three numbers."""
    return await directory.consumers(ports.store)
