"""Health: a process whose role could go round the wall does not start, and readiness says what is wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from bouncer import Bouncer
from line import connected
from servers import Database, Servers

from hub.config import assets
from hub.domain.errors import Unavailable
from hub.services import health
from hub.services.health import Unsafe
from hub.services.ports import Ports
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=30)
RUNTIME = "GRANT USAGE ON SCHEMA public TO probe; GRANT SELECT ON ALL TABLES IN SCHEMA public TO probe;"
UNSAFE = {
    "a superuser": "ALTER ROLE probe SUPERUSER",
    "a role with BYPASSRLS": "ALTER ROLE probe BYPASSRLS",
    "a member of the owner": "GRANT hub_owner TO probe",
    "a member of the directory": "GRANT hub_directory TO probe",
    "a member of the eraser": "GRANT hub_eraser TO probe",
    "a member of the migrating role": "GRANT hub_migrator TO probe",
    "a member that would have to say so": "GRANT hub_owner TO probe WITH INHERIT FALSE",
    "a member of a superuser": "GRANT postgres TO probe WITH INHERIT FALSE",
    "a member of a role with BYPASSRLS": "CREATE ROLE strong BYPASSRLS; GRANT strong TO probe",
    "the owner of one table": "ALTER TABLE team OWNER TO probe",
    "one that may make tables": "GRANT CREATE ON SCHEMA public TO probe",
    "one that may make functions of the directory": "GRANT CREATE ON SCHEMA directory TO probe",
    "one that may truncate": "GRANT TRUNCATE ON inbox TO probe",
    "one whose commits are not durable": "ALTER ROLE probe SET synchronous_commit = off",
}


@asynccontextmanager
async def probing(database: Database, ports: Ports, change: str = "") -> AsyncIterator[Ports]:
    """Ports that sign in as the role `probe`, made like hub_runtime and then changed."""
    async with connected(database.admin_url) as admin:
        await admin.execute(f"CREATE ROLE probe LOGIN PASSWORD 'probe'; {RUNTIME} {change}")
        store = Store(re.sub(r"//hub_runtime:[^@]+@", "//probe:probe@", database.url), size=1)
        await store.open()
        try:
            yield dataclasses.replace(ports, store=store)
        finally:
            await store.close()
            await admin.execute("REASSIGN OWNED BY probe TO hub_owner; DROP OWNED BY probe")
            await admin.execute("DROP ROLE probe; DROP ROLE IF EXISTS strong")


async def test_the_runtime_role_may_start(ports: Ports) -> None:
    await health.check_start(ports)
    assert (await health.ready(ports)).is_ready


async def test_a_role_made_alike_may_start(ports: Ports, database: Database) -> None:
    async with probing(database, ports) as probe:
        await health.check_start(probe)
        assert (await health.ready(probe)).is_ready


@pytest.mark.parametrize("who", sorted(UNSAFE))
async def test_it_refuses_to_start_as(ports: Ports, database: Database, who: str) -> None:
    async with probing(database, ports, UNSAFE[who]) as probe:
        with pytest.raises(Unsafe) as caught:
            await health.check_start(probe)
    assert caught.value.detail.endswith((".", "lost."))
    assert "probe" in caught.value.detail or "synchronous_commit" in caught.value.detail


@pytest.mark.parametrize("role", ["owner_url", "admin_url"])
async def test_the_migrating_role_and_the_superuser_may_not_serve(
    ports: Ports, database: Database, role: str
) -> None:
    store = Store(getattr(database, role), size=1)
    await store.open()
    other = dataclasses.replace(ports, store=store)
    with pytest.raises(Unsafe):
        await health.check_start(other)
    assert (await health.ready(other)).role == "unsafe"
    await store.close()


@pytest.mark.parametrize(("version", "is_ready"), [("0012", False), (health.SCHEMA, True), ("9999", True)])
async def test_an_older_schema_is_not_served_and_a_newer_one_is(
    ports: Ports, database: Database, version: str, is_ready: bool
) -> None:
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE alembic_version SET version_num = $1", version)
    assert (await health.ready(ports)).is_ready is is_ready


def test_the_newest_migration_is_what_this_version_needs() -> None:
    newest = max(file.name for file in (assets("migrations") / "versions").glob("v*.py"))
    assert newest.startswith(f"v{health.SCHEMA}_")


async def test_a_pooler_that_nobody_spoke_of_is_no_place_to_start(
    ports: Ports, database: Database, bouncer: Bouncer
) -> None:
    """Its clients would keep prepared statements under names that others on the connection use too."""
    for url, mode, may_start in (
        (bouncer.url(database.url), "", False),
        (bouncer.url(database.url), "transaction", True),
        (database.url, "", True),
    ):
        store = Store(url, 1, mode)
        await store.open()
        config = msgspec.structs.replace(ports.config, database_pooler=mode)
        behind = dataclasses.replace(ports, store=store, config=config)
        with contextlib.nullcontext() if may_start else pytest.raises(Unsafe, match="HUB_DATABASE_POOLER"):
            await health.check_start(behind)
        await store.close()


@pytest.fixture
def empty(servers: Servers) -> Iterator[Database]:
    made = servers.create_database()
    yield made
    servers.drop_database(made)


async def test_a_database_without_our_schema_is_not_ready(ports: Ports, empty: Database) -> None:
    store = Store(empty.url, size=1)
    await store.open()
    readiness = await health.ready(dataclasses.replace(ports, store=store))
    await store.close()
    assert not readiness.is_ready
    assert readiness.database == "ok"


async def test_a_database_that_is_away_is_not_ready_and_nothing_is_raised(ports: Ports) -> None:
    away = dataclasses.replace(ports, store=Store("postgresql://nobody@127.0.0.1:1/none"))
    await away.store.open()
    readiness = await health.ready(away)
    assert (readiness.database, readiness.is_ready) == ("away", False)
    with pytest.raises(Unavailable):
        await health.check_start(away)
