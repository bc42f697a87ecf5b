"""The row-level-security table, what goes past policies: keys between tenants, sequences, sessions, pools."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa
from bouncer import Bouncer, bouncing
from scratch import A, B, ask, connection, spoiled
from servers import Database, Servers
from sqlalchemy.ext.asyncio import create_async_engine

from hub.contract import resources
from hub.contract.ids import TenantId
from hub.domain.errors import Broken
from hub.storage import people, services
from hub.storage.statement import Statement
from hub.storage.tx import Store

pytestmark = pytest.mark.gen_test(timeout=30)
ROOT = Path(__file__).resolve().parents[2]
LINK = """
CREATE TABLE scratch.link (tenant_id uuid NOT NULL,
  note_id uuid NOT NULL REFERENCES scratch.note (id) {more});
ALTER TABLE scratch.link OWNER TO hub_owner;
ALTER TABLE scratch.link ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON scratch.link USING (tenant_id = current_setting('hub.tenant')::uuid);
GRANT SELECT, INSERT ON scratch.link TO hub_runtime;
"""
WHOSE = "SELECT tenant_id FROM team"
TEAMS = Statement(sa.text(WHOSE))  # filters nothing: the policy has to
NAMES = Statement(sa.text("SELECT name FROM service"))


async def of(admin: asyncpg.Connection, table: str, tenant: UUID) -> UUID:
    """The id of a tenant's row."""
    found: UUID = await admin.fetchval(f"SELECT id FROM {table} WHERE tenant_id = $1", tenant)
    return found


async def test_a_foreign_key_without_the_tenant_takes_anothers_row_and_tells_that_it_is_there(
    place: Database,
) -> None:
    async with spoiled(place, LINK.format(more="")) as admin:
        insert = "INSERT INTO scratch.link VALUES ('%s', '%s') RETURNING tenant_id"
        assert await ask(admin, insert % (A, await of(admin, "scratch.note", B))) == [A]
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await ask(admin, insert % (A, uuid4()))
        for other in (await of(admin, "team", B), uuid4()):  # ours: foreign and missing are the same
            with pytest.raises(asyncpg.ForeignKeyViolationError) as caught:
                await ask(admin, f"UPDATE service SET team_id = '{other}' RETURNING tenant_id")
            assert caught.value.constraint_name == "service_tenant_id_team_id_fkey"


async def test_a_cascade_through_such_a_key_deletes_anothers_row_and_none_of_ours_cascades(
    place: Database,
) -> None:
    async with spoiled(place, LINK.format(more="ON DELETE CASCADE")) as admin:
        note = await of(admin, "scratch.note", A)
        await admin.execute(f"INSERT INTO scratch.link VALUES ('{B}', '{note}')")
        await ask(admin, "DELETE FROM scratch.note RETURNING tenant_id")
        assert await admin.fetchval("SELECT count(*) FROM scratch.link") == 0
        ours = (
            "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'f'"
        )
        assert await admin.fetch(ours)
        assert await admin.fetch(f"{ours} AND (confdeltype <> 'a' OR confupdtype <> 'a')") == []


async def test_a_name_that_is_unique_over_all_tells_who_else_has_it(place: Database) -> None:
    async with spoiled(place, "ALTER TABLE scratch.note ADD UNIQUE (name)") as admin:
        insert = (
            "INSERT INTO scratch.note (tenant_id, name, amount) VALUES ('%s', '%s', 1) %s RETURNING tenant_id"
        )
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(admin, insert % (A, "theirs", ""))
        change = "ON CONFLICT (name) DO UPDATE SET amount = 2"
        assert await ask(admin, insert % (A, "ours", change)) == [A]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ask(admin, insert % (A, "theirs", change))
        same = "INSERT INTO service (tenant_id, id, name, created_at)"
        same += f" VALUES ('{A}', gen_random_uuid(), 'Shop', now()) RETURNING tenant_id"
        assert await ask(admin, same) == [A]  # Globex has a Shop too
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(admin, same.replace("Shop", "Till"))


async def test_a_sequence_over_all_shows_how_much_the_others_write(place: Database) -> None:
    async with spoiled(
        place, "ALTER TABLE scratch.note ADD number bigint GENERATED ALWAYS AS IDENTITY"
    ) as admin:
        insert = "INSERT INTO scratch.note (tenant_id, name, amount) VALUES ('%s', 'x', 1) RETURNING number"
        [first] = await ask(admin, insert % A)
        for _ in range(3):
            await ask(admin, insert % B, tenant=B)
        [then] = await ask(admin, insert % A)
        assert int(str(then)) - int(str(first)) == 4
        # Ours has one, the order in which the inbox is worked off; it is never shown.
        sequences = await admin.fetch("SELECT relname::text FROM pg_class WHERE relkind = 'S'"
                                      " AND relnamespace = 'public'::regnamespace")  # fmt: skip
        assert [row[0] for row in sequences] == ["inbox_arrival_seq"]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ask(admin, "SELECT last_value FROM inbox_arrival_seq")
    shown = {
        field
        for each in vars(resources).values()
        if isinstance(each, type) and issubclass(each, msgspec.Struct)
        for field in each.__struct_fields__
    }
    assert "opened_at" in shown
    assert "arrival" not in shown


async def test_injected_sql_switches_the_tenant_and_still_meets_no_row_of_theirs(place: Database) -> None:
    """Row-level security is no defence against SQL injection: parameters are, and each statement's own
    filter by tenant (C25)."""
    switch = Statement(sa.text(f"SELECT set_config('hub.tenant', '{B}', true)"))
    store = Store(place.url, 1)
    await store.open()
    try:
        async with store.begin(TenantId(A)) as tx:
            await tx.fetch(switch)
            assert [row["tenant_id"] for row in await tx.fetch(TEAMS)] == [B]  # the danger
            assert await people.this_organization(tx) is None  # a statement of ours
        async with store.begin(TenantId(A)) as tx:
            attack = f"x'; SET LOCAL hub.tenant = '{B}'; --"
            at = datetime(2026, 3, 1, tzinfo=UTC)
            await services.add(tx, services.Kept(id=uuid4(), name=attack, team_id=None, created_at=at))
            assert attack in {row["name"] for row in await tx.fetch(NAMES)}
            assert [row["tenant_id"] for row in await tx.fetch(TEAMS)] == [A]
    finally:
        await store.close()


async def test_notifications_cross_every_wall_and_nothing_of_ours_sends_one(place: Database) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with connection(place.url) as listener, connection(place.url) as runtime:
        await listener.add_listener("news", lambda *told: heard.put_nowait(told[3]))
        async with runtime.transaction():
            await runtime.execute(f"SET LOCAL hub.tenant = '{A}'; SELECT pg_notify('news', 'of Acme')")
        assert await asyncio.wait_for(heard.get(), 10) == "of Acme"
        await listener.execute("UNLISTEN *")
    async with connection(place.admin_url) as admin:
        bodies = await admin.fetch(
            "SELECT prosrc FROM pg_proc WHERE pronamespace IN"
            " ('public'::regnamespace, 'directory'::regnamespace)"
        )
    scripts = [
        path.read_text() for path in (ROOT / "migrations").rglob("*") if path.suffix in {".sql", ".py"}
    ]
    assert len(scripts) > 5
    for text in [row[0] for row in bodies] + scripts:
        assert "notify" not in text.lower()


@pytest.fixture(scope="module")
def narrow(servers: Servers) -> Iterator[Bouncer]:
    """A pgbouncer with a single server connection: the next client always gets it."""
    with bouncing(servers, size=1) as running:
        yield running


async def test_behind_a_pooler_the_next_client_has_what_a_session_set(
    place: Database, narrow: Bouncer
) -> None:
    url = narrow.url(place.url)
    async with connection(url) as first, connection(url) as second:
        await first.execute(f"SET hub.tenant = '{A}'")
        assert [row[0] for row in await second.fetch(WHOSE)] == [A]  # and it never said who it is
        # Ours refuses such a connection, and the server's end of it goes too.
        store = Store(url, 1, "transaction")
        await store.open()
        with pytest.raises(Broken):
            async with store.begin(TenantId(B)):
                pytest.fail("the connection still had another tenant")
        async with store.begin(TenantId(B)) as tx:
            assert [row["tenant_id"] for row in await tx.fetch(TEAMS)] == [B]
        await store.close()
        with pytest.raises((asyncpg.UndefinedObjectError, asyncpg.InvalidTextRepresentationError)):
            await second.fetch(WHOSE)  # SET LOCAL has left nothing behind


async def test_sqlalchemys_pool_hands_on_what_a_session_set_and_ours_would_refuse_it(place: Database) -> None:
    engine = create_async_engine(place.url.replace("postgresql://", "postgresql+asyncpg://"), pool_size=1)
    try:
        async with engine.begin() as session:
            await session.execute(sa.text(f"SET hub.tenant = '{A}'"))
        async with engine.begin() as session:
            assert (await session.execute(sa.text(WHOSE))).scalars().all() == [A]
    finally:
        await engine.dispose()
    source = "".join(path.read_text() for path in (ROOT / "hub").rglob("*.py"))
    assert "create_async_engine" not in source


async def test_asyncpgs_pool_resets_on_release_and_ours_which_does_not_refuses_what_is_left(
    place: Database,
) -> None:
    async with asyncpg.create_pool(place.url, min_size=0, max_size=1) as pool:
        async with pool.acquire() as session:
            await session.execute(f"SET hub.tenant = '{A}'")
            assert [row[0] for row in await session.fetch(WHOSE)] == [A]
        async with pool.acquire() as session:
            with pytest.raises((asyncpg.UndefinedObjectError, asyncpg.InvalidTextRepresentationError)):
                await session.fetch(WHOSE)
    store = Store(place.url, 1)
    await store.open()
    async with store.connection() as session:
        await session.execute(f"SET hub.tenant = '{A}'")
    with pytest.raises(Broken):
        async with store.begin(TenantId(B)):
            pytest.fail("the connection still had another tenant")
    await store.close()
