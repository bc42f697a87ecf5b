"""The row-level-security table, who sees what: each danger is shown to be real, and ours to be without it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest
from scratch import POLICY, A, B, ask, connection, spoiled
from servers import Database

from hub.embedded.home import binaries, unprivileged_user

pytestmark = pytest.mark.gen_test(timeout=30)
ROOT = Path(__file__).resolve().parents[2]
NOTES, TEAMS = "SELECT tenant_id FROM scratch.note", "SELECT tenant_id FROM team"
BARE, LEFT = asyncpg.UndefinedObjectError, asyncpg.InvalidTextRepresentationError  # 42704 and 22P02
DENIED = asyncpg.InsufficientPrivilegeError


async def test_an_owner_sees_all_tenants_where_security_is_enabled_and_not_forced(place: Database) -> None:
    async with spoiled(place, "ALTER TABLE scratch.note NO FORCE ROW LEVEL SECURITY") as admin:
        assert await ask(admin, NOTES, "hub_owner") == [A, B]
        assert await ask(admin, TEAMS, "hub_owner") == [A]


async def test_an_owner_under_force_sees_the_one_tenant(place: Database) -> None:
    async with spoiled(place) as admin:
        assert await ask(admin, NOTES, "hub_owner") == [A]
        assert await ask(admin, NOTES, "hub_owner", B) == [B]


async def test_a_role_with_bypassrls_sees_all_and_ours_has_it_not(place: Database) -> None:
    grant = "CREATE ROLE strong BYPASSRLS; GRANT SELECT ON team TO strong"
    async with spoiled(place, grant) as admin:
        assert await ask(admin, TEAMS, "strong") == [
            A,
            B,
        ]  # no table can defend itself: hence the start-up check
        assert not await ask(admin, "SELECT rolname FROM pg_roles WHERE rolbypassrls AND rolname ~ '^hub_'")


async def test_without_the_setting_there_is_an_error_or_lazily_nothing(place: Database) -> None:
    async with spoiled(place) as admin:
        for table in (NOTES, TEAMS):
            with pytest.raises(BARE):
                await ask(admin, table, tenant=None)
        await admin.execute("DELETE FROM scratch.note; SET LOCAL enable_indexscan = off")
        await admin.execute("SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off")
        assert await ask(admin, NOTES, tenant=None) == []  # the policy was never asked


async def test_after_set_local_the_setting_is_empty_and_the_cast_fails(place: Database) -> None:
    async with connection(place.url) as runtime:
        async with runtime.transaction():
            await runtime.execute(f"SET LOCAL hub.tenant = '{A}'")
            assert [row[0] for row in await runtime.fetch(TEAMS)] == [A]
        with pytest.raises(LEFT):
            await runtime.fetch(TEAMS)


async def test_two_permissive_policies_are_ored_and_ours_is_alone(place: Database) -> None:
    more = "CREATE POLICY more ON scratch.note USING (name = 'theirs')"
    async with spoiled(place, more) as admin:
        assert await ask(admin, NOTES) == [A, B]
        doubled = await admin.fetch(
            "SELECT tablename, cmd, unnest(roles) AS role FROM pg_policies WHERE schemaname = 'public'"
            " GROUP BY 1, 2, 3 HAVING count(*) > 1"
        )
        assert doubled == []


async def test_a_migration_changes_nothing_in_silence_where_the_owner_is_held_by_force(
    place: Database,
) -> None:
    async with spoiled(place, "SET LOCAL ROLE hub_owner", f"SET LOCAL hub.tenant = '{A}'") as admin:
        moved = f"UPDATE scratch.note SET name = 'x' WHERE tenant_id = '{B}'"
        assert await admin.execute(moved) == "UPDATE 0"
        await admin.execute("ALTER TABLE scratch.note NO FORCE ROW LEVEL SECURITY")
        assert await admin.execute(moved) == "UPDATE 1"


def test_a_migration_of_ours_that_moves_rows_or_adds_a_foreign_key_lifts_the_force() -> None:
    """Those of the first schema, which found no rows, are the only ones without."""
    for path in sorted((ROOT / "migrations" / "versions").rglob("*.*")):
        script = path.read_text() if path.suffix in {".py", ".sql"} else ""
        moves = re.search(
            r"^\s*(\"|')?(UPDATE \w+ SET|DELETE FROM)|ADD (CONSTRAINT \w+ )?FOREIGN KEY", script, re.M
        )
        if moves:
            assert "NO FORCE ROW LEVEL SECURITY" in script, path.name


def dumped(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What pg_dump says of the data."""
    program = binaries(unprivileged_user()) / "pg_dump"
    return subprocess.run(
        [program, "--data-only", "--table=team", *options, url],
        env={"PATH": os.defpath, "LC_ALL": "C"}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_pg_dump_fails_under_force_rather_than_leave_rows_out(place: Database) -> None:
    failed = dumped(place.owner_url, "--role=hub_owner")
    assert failed.returncode != 0
    assert "row-level security" in failed.stderr
    assert "Night" not in failed.stdout
    whole = dumped(place.admin_url)
    assert (whole.returncode, "Night" in whole.stdout, "Day" in whole.stdout) == (0, True, True)


VIEWS = {
    "a view of a superuser": ("CREATE VIEW scratch.all AS SELECT tenant_id FROM team", [A, B]),
    "a view with security_invoker": (
        "CREATE VIEW scratch.all WITH (security_invoker = true) AS SELECT tenant_id FROM team", [A]),
    "a materialized view": ("CREATE MATERIALIZED VIEW scratch.all AS SELECT tenant_id FROM team", [A, B]),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(VIEWS))
async def test_who_asks_gets_through(place: Database, kind: str) -> None:
    made, expected = VIEWS[kind]
    async with spoiled(place, made, "GRANT SELECT ON scratch.all TO hub_runtime") as admin:
        assert await ask(admin, "SELECT tenant_id FROM scratch.all") == expected


async def test_there_is_no_view_of_ours_materialized_or_not(place: Database) -> None:
    async with connection(place.admin_url) as admin:
        assert await admin.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace IN"
            " ('public'::regnamespace, 'directory'::regnamespace)"
        ) == []  # fmt: skip


async def test_a_definers_function_of_a_superuser_gives_all_and_none_of_ours_is_one(place: Database) -> None:
    function = """CREATE FUNCTION scratch.peek() RETURNS SETOF uuid LANGUAGE sql SECURITY DEFINER
      AS 'SELECT tenant_id FROM public.team'"""
    async with spoiled(place, function) as admin:
        assert await ask(admin, "SELECT scratch.peek()") == [A, B]
        definers = await admin.fetch(
            "SELECT DISTINCT n.nspname, r.rolname, r.rolsuper OR r.rolbypassrls AS strong FROM pg_proc p"
            " JOIN pg_namespace n ON n.oid = pronamespace JOIN pg_roles r ON r.oid = proowner"
            " WHERE prosecdef AND n.nspname <> 'scratch'"
        )
        assert [tuple(row) for row in definers] == [("directory", "hub_directory", False)]


async def test_a_leaky_predicate_is_not_asked_about_foreign_rows(place: Database) -> None:
    async with spoiled(place, f"UPDATE organization SET version = 5 WHERE tenant_id = '{B}'") as admin:
        for table, column in (("scratch.note", "amount"), ("organization", "version")):
            leaky = f"SELECT tenant_id FROM {table} WHERE 1 / ({column} - 5) <> 7"
            assert await ask(admin, leaky) == [A]
            with pytest.raises(asyncpg.DivisionByZeroError):
                await ask(admin, leaky, "postgres")


PARTITIONED = f"""
CREATE TABLE scratch.big (tenant_id uuid NOT NULL) PARTITION BY HASH (tenant_id);
CREATE TABLE scratch.big_0 PARTITION OF scratch.big FOR VALUES WITH (MODULUS 1, REMAINDER 0);
ALTER TABLE scratch.big ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON scratch.big USING ({POLICY});
GRANT SELECT ON scratch.big, scratch.big_0 TO hub_runtime;
INSERT INTO scratch.big VALUES ('{A}'), ('{B}');
"""


async def test_a_partition_read_directly_passes_its_parents_policy_and_we_have_none(place: Database) -> None:
    async with spoiled(place, PARTITIONED) as admin:
        assert await ask(admin, "SELECT tenant_id FROM scratch.big") == [A]
        assert await ask(admin, "SELECT tenant_id FROM scratch.big_0") == [A, B]
        assert not await admin.fetch(
            "SELECT relname FROM pg_class WHERE relispartition AND relnamespace = 'public'::regnamespace"
        )


async def test_statistics_of_guarded_tables_are_hidden(place: Database) -> None:
    values = "SELECT tablename FROM pg_stats WHERE schemaname IN ('public', 'scratch')"
    async with spoiled(place, "ANALYZE scratch.note", "ANALYZE team", "ANALYZE service") as admin:
        assert await ask(admin, values, "postgres")
        assert set(await ask(admin, values)) <= {"alembic_version"}
        await admin.execute("ALTER TABLE scratch.note DISABLE ROW LEVEL SECURITY")
        assert "note" in await ask(admin, values)


async def test_truncate_ignores_the_wall_and_nobody_of_ours_may(place: Database) -> None:
    async with spoiled(place, "GRANT TRUNCATE ON scratch.note TO hub_runtime") as admin:
        async with admin.transaction():
            await admin.execute(f"SET LOCAL hub.tenant = '{A}'; SET LOCAL ROLE hub_runtime")
            await admin.execute("TRUNCATE scratch.note; SET LOCAL ROLE NONE")
        assert await ask(admin, NOTES, "postgres") == []
        assert await may_truncate(admin, "public") == []
        assert await may_truncate(admin, "scratch") == ["note"]


async def may_truncate(admin: asyncpg.Connection, schema: str) -> Sequence[str]:
    rows = await admin.fetch(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = $1::regnamespace"
        " AND (has_table_privilege('hub_runtime', oid, 'TRUNCATE')"
        " OR has_table_privilege('hub_directory', oid, 'TRUNCATE'))",
        schema,
    )
    return [row[0] for row in rows]


async def test_an_update_that_moves_a_row_to_another_tenant_is_refused_by_the_check(place: Database) -> None:
    async with spoiled(place) as admin:
        for table in ("scratch.note", "team", "service"):
            with pytest.raises(DENIED, match="row-level security"):
                await ask(admin, f"UPDATE {table} SET tenant_id = '{B}' RETURNING tenant_id")
        await admin.execute("ALTER POLICY tenant ON scratch.note USING (true) WITH CHECK (true)")
        assert await ask(admin, f"UPDATE scratch.note SET tenant_id = '{B}' RETURNING tenant_id") == [B, B]
