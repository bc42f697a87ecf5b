"""What tests do to the line: put requests in, let the worker's work be done, act, and look."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from orgs import Org
from servers import Database

from hub.contract.commands import COMMANDS
from hub.contract.ids import TenantId, new, parse, text
from hub.contract.receipts import ReceiptResource
from hub.contract.resources import IncidentResource
from hub.contract.words import Action
from hub.domain import query
from hub.domain.access import Grant
from hub.services import access, incidents, receipts, work
from hub.services.ports import Ports, RequestContext
from hub.services.receive import Receiver, row_id
from hub.storage import inbox
from hub.storage.inbox import InboxRow
from hub.storage.tx import Store

CONTEXT = RequestContext(request_id="req-of-a-test", address="192.0.2.7", device="a test")


def row(
    ports: Ports, org: Org, body: object, delivery: str | None = None, format: str = "generic"
) -> InboxRow:
    """One stored request; a body that is not bytes goes as JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return InboxRow(
        tenant_id=org.tenant,
        id=row_id(org.integration_id, format, delivery, raw),
        integration_id=org.integration_id,
        format=format,
        body=raw,
        received_at=ports.clock(),
        request_id=f"req-{new().hex[:12]}",
        address="192.0.2.7",
    )


def alarm(key: str | None, action: str = "trigger", **fields: object) -> dict[str, object]:
    """One generic event."""
    about = (
        {"title": f"{key} is broken", "severity": "critical", "source": "db-1"} if action == "trigger" else {}
    )
    return about | {"action": action} | ({"dedup_key": key} if key else {}) | fields


async def post(
    ports: Ports, org: Org, body: object, delivery: str | None = None, format: str = "generic"
) -> str:
    """Keep one request as the door does; its receipt."""
    kept = row(ports, org, body, delivery, format)
    await Receiver(ports).keep(kept)
    return text("receipt", kept.id)


async def put(ports: Ports, *rows: InboxRow) -> list[str]:
    """Put rows into the inbox in this order; their receipts."""
    for one in rows:
        await inbox.put_many(ports.store, [one])
    return [text("receipt", one.id) for one in rows]


async def drain(ports: Ports, *orgs: Org, kind: str = "inbox") -> None:
    """Do all that is due for some organizations."""
    assert await work.drain(ports, kind, [org.tenant for org in orgs]) == []


async def fire(ports: Ports, org: Org, *bodies: object) -> None:
    """Post and process, one after the other."""
    for body in bodies:
        await post(ports, org, body)
        await drain(ports, org)


async def granted(ports: Ports, org: Org, action: Action = Action.INCIDENT_READ) -> Grant:
    """A Grant of the organization's API key."""
    return await access.authorize(ports, org.key, org.slug, action, CONTEXT)


async def do(
    ports: Ports, grant: Grant, reference: str, name: str, key: str | None = None, **arguments: Any
) -> incidents.Done:
    """One command to one incident, as the command route does it."""
    command = msgspec.convert(arguments, COMMANDS[name])
    return await incidents.perform(ports, grant, reference, name, command, key, CONTEXT)


async def shown(ports: Ports, org: Org) -> list[IncidentResource]:
    """All incidents of an organization, oldest first."""
    page = await incidents.page(ports, await granted(ports, org), query.EVERYTHING, 200, None)
    return page.data[::-1]


async def kinds(ports: Ports, org: Org, reference: str) -> list[str]:
    """The kinds of an incident's events, oldest first."""
    page = await incidents.timeline(ports, await granted(ports, org), reference, 200, None)
    return [msgspec.json.decode(event)["type"] for event in page.data]


@asynccontextmanager
async def connected(url: str, tenant: UUID | None = None) -> AsyncIterator[asyncpg.Connection]:
    """A connection past the hub; with a tenant, inside a transaction of that tenant that is rolled back."""
    connection = await asyncpg.connect(url, timeout=10, statement_cache_size=0)  # none, for poolers
    try:
        if tenant is None:
            yield connection
            return
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"SET LOCAL hub.tenant = '{TenantId(tenant)}'")
        yield connection
        await transaction.rollback()
    finally:
        await connection.close(timeout=5)


@asynccontextmanager
async def trap(database: Database, deed: str) -> AsyncIterator[None]:
    """While the block runs, saving an alert whose title begins with `poison` does a deed in the database:
    `RAISE EXCEPTION 'no'`, or ends its own backend, or takes too long. A bug, without a mock."""
    async with connected(database.admin_url) as admin:
        await admin.execute(
            f"""
            CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN IF NEW.title LIKE 'poison%' THEN {deed}; END IF; RETURN NEW; END $$;
            CREATE TRIGGER trap BEFORE INSERT OR UPDATE ON alert FOR EACH ROW EXECUTE FUNCTION trap()
            """
        )
        try:
            yield
        finally:
            await admin.execute("DROP TRIGGER trap ON alert; DROP FUNCTION trap()")


async def receipt(ports: Ports, org: Org, reference: str) -> ReceiptResource:
    """What became of a request."""
    return await receipts.show(ports, await granted(ports, org), reference)


async def states(ports: Ports, org: Org, references: list[str]) -> list[str]:
    """The states of some requests."""
    return [(await receipt(ports, org, reference)).state.value for reference in references]


async def attempts(database: Database) -> int:
    """How many lanes have an attempt left behind."""
    async with connected(database.admin_url) as admin:
        count: int = await admin.fetchval("SELECT count(*) FROM attempt")
        return count


async def tries(database: Database, reference: str) -> int:
    """How often a request was tried alone."""
    async with connected(database.admin_url) as admin:
        found: int = await admin.fetchval(
            "SELECT tries FROM inbox WHERE id = $1", parse("receipt", reference)
        )
        return found


@asynccontextmanager
async def impatient(ports: Ports, database: Database, setting: str) -> AsyncIterator[Ports]:
    """The same ports where the database waits less long, as its role's `setting` says."""
    async with connected(database.admin_url) as admin:
        await admin.execute(f'ALTER ROLE hub_runtime IN DATABASE "{database.name}" SET {setting}')
    config = ports.config
    short = dataclasses.replace(ports, store=Store(config.database_url, 3, config.database_pooler))
    await short.store.open()
    yield short
    await short.store.close()


async def until(holds: Callable[[], object]) -> None:
    """Let the others run until something holds, or until the test's own time-out. What holds may be asked
    of a server, and is then awaited."""
    while True:
        found = holds()
        if inspect.isawaitable(found):
            found = await found
            await asyncio.sleep(0.005)
        if found:
            return
        await asyncio.sleep(0)
