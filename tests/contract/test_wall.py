"""The wall between organizations, compared with the catalog; and each hole that the comparison must see."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest
import wall
from servers import Database, Servers, wait
from sqlalchemy.dialects import postgresql

from hub.cli.admin import migrate
from hub.storage.tables import METADATA

FORGERIES = {
    "a table without a tenant": "CREATE TABLE loose (id uuid)",
    "a table without a policy": "CREATE TABLE loose (tenant_id uuid NOT NULL);"
    "ALTER TABLE loose OWNER TO hub_owner; ALTER TABLE loose ENABLE ROW LEVEL SECURITY;"
    "ALTER TABLE loose FORCE ROW LEVEL SECURITY",
    "row-level security switched off": "ALTER TABLE incident DISABLE ROW LEVEL SECURITY",
    "security that the owner passes": "ALTER TABLE incident NO FORCE ROW LEVEL SECURITY",
    "a table of another owner": "ALTER TABLE team OWNER TO hub_runtime",
    "a tenant that may be null": "ALTER TABLE task DROP CONSTRAINT task_pkey;"
    "ALTER TABLE task ALTER tenant_id DROP NOT NULL",
    "a second policy, which is ORed": "CREATE POLICY more ON alert FOR SELECT TO hub_runtime USING (true)",
    "a policy of another text": "ALTER POLICY tenant ON alert USING (true)",
    "a policy that checks nothing": "ALTER POLICY tenant ON alert WITH CHECK (true)",
    "a policy for everybody": "ALTER POLICY tenant ON alert TO PUBLIC",
    "a policy that is gone": "DROP POLICY tenant ON event_body",
    "the inbox read by all": "ALTER POLICY tenant_read ON inbox USING (true)",
    "the directory on one more table": "CREATE POLICY directory ON person FOR SELECT"
    " TO hub_directory USING (true)",
    "the directory reading a secret": "GRANT SELECT (secret) ON identity TO hub_directory",
    "the directory reading bodies": "GRANT SELECT ON inbox TO hub_directory",
    "a policy that narrows": "CREATE POLICY less ON alert AS RESTRICTIVE TO hub_runtime USING (true)",
    "a policy for one command": "CREATE POLICY more ON alert FOR DELETE TO hub_runtime USING (true)",
    "the inbox changed by all": "ALTER POLICY tenant_change ON inbox WITH CHECK (true)",
    "a view": "CREATE VIEW all_incidents AS SELECT * FROM incident",
    "a view that asks as its caller": "CREATE VIEW all_incidents WITH (security_invoker = true)"
    " AS SELECT * FROM incident",
    "a rule": "CREATE RULE sly AS ON INSERT TO team DO ALSO SELECT * FROM incident",
    "a materialized view": "CREATE MATERIALIZED VIEW all_incidents AS SELECT * FROM incident",
    "a partition": "CREATE TABLE big (tenant_id uuid NOT NULL) PARTITION BY HASH (tenant_id)",
    "a partition of one's own": "CREATE TABLE big (tenant_id uuid NOT NULL) PARTITION BY HASH (tenant_id);"
    "CREATE TABLE big_0 PARTITION OF big FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
    "a table that inherits": "CREATE TABLE heir () INHERITS (incident)",
    "a foreign table": "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far;"
    "CREATE FOREIGN TABLE afar (tenant_id uuid NOT NULL) SERVER far",
    "a server elsewhere": "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far",
    "a publication": "CREATE PUBLICATION news FOR TABLE incident",
    "a large object": "SELECT lo_create(0)",
    "a schema of somebody's": "CREATE SCHEMA attic",
    "a function outside the list": "CREATE FUNCTION public.peek() RETURNS bigint LANGUAGE sql"
    " SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT count(*) FROM public.incident'",
    "a function in the directory": "CREATE FUNCTION directory.peek() RETURNS bigint LANGUAGE sql"
    " SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT count(*) FROM public.incident'",
    "a function of a superuser": "ALTER FUNCTION directory.gauges() OWNER TO CURRENT_USER",
    "a function that searches elsewhere": "ALTER FUNCTION directory.gauges() SET search_path = public",
    "a function that searches temporary tables first": "ALTER FUNCTION directory.gauges()"
    " SET search_path = pg_catalog",
    "a function with more rights": "ALTER FUNCTION directory.server() SECURITY DEFINER",
    "a function for everybody": "GRANT EXECUTE ON FUNCTION directory.gauges() TO PUBLIC",
    "a function that may look below policies": "ALTER FUNCTION directory.server() LEAKPROOF",
    "a procedure": "CREATE PROCEDURE public.move() LANGUAGE sql AS ''",
    "a function that is gone": "DROP FUNCTION directory.gauges()",
    "a key across tenants": "ALTER TABLE team ADD UNIQUE (name)",
    "an index across tenants": "CREATE UNIQUE INDEX ON service (name)",
    "a foreign key without the tenant": "ALTER TABLE person ADD UNIQUE (tenant_id, email);"
    "CREATE UNIQUE INDEX alert_id ON alert (id); ALTER TABLE task ADD FOREIGN KEY (id) REFERENCES alert (id)",
    "a foreign key that cascades": "ALTER TABLE task DROP CONSTRAINT task_tenant_id_incident_id_fkey;"
    "ALTER TABLE task ADD FOREIGN KEY (tenant_id, incident_id) REFERENCES incident ON DELETE CASCADE",
    "truncating": "GRANT TRUNCATE ON incident_event TO hub_runtime",
    "changing the log": "GRANT UPDATE ON incident_event TO hub_runtime",
    "deleting from the log": "GRANT DELETE ON audit_log TO hub_runtime",
    "one column of the log": "GRANT UPDATE (at) ON incident_event TO hub_runtime",
    "everybody reading": "GRANT SELECT ON head TO PUBLIC",
    "passing a right on": "GRANT SELECT ON team TO hub_runtime WITH GRANT OPTION",
    "the order of all requests": "GRANT SELECT ON SEQUENCE inbox_arrival_seq TO hub_runtime",
    "creating schemas": "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO hub_runtime',"
    " current_database()); END $$",
    "temporary tables of everybody": "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC',"
    " current_database()); END $$",
    "temporary tables of the process": "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO"
    " hub_runtime', current_database()); END $$",
    "temporary tables before ours": "ALTER ROLE hub_runtime RESET search_path",
    "creating tables": "GRANT CREATE ON SCHEMA public TO hub_runtime",
    "rights on tables to come": "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO hub_runtime",
    "a log without its trigger": "DROP TRIGGER immutable ON audit_log",
    "a log whose trigger sleeps": "ALTER TABLE incident_event DISABLE TRIGGER immutable",
    "a trigger of somebody's": "CREATE TRIGGER sly BEFORE INSERT ON head EXECUTE FUNCTION refuse_change()",
    "an event trigger": "CREATE FUNCTION public.peek() RETURNS event_trigger LANGUAGE plpgsql AS"
    " 'BEGIN END'; CREATE EVENT TRIGGER sly ON ddl_command_end EXECUTE FUNCTION peek()",
    "a role that sees past everything": "ALTER ROLE hub_runtime BYPASSRLS",
    "a role that may become the owner": "GRANT hub_owner TO hub_runtime",
    "a role that may become the directory": "GRANT hub_directory TO hub_runtime",
    "a role that reads everything": "GRANT pg_read_all_data TO hub_runtime",
    "a migrator that reads everything": "GRANT pg_read_all_data TO hub_migrator",
    "a role of a new name": "CREATE ROLE hub_guest LOGIN",
    "a stranger who may become the owner": "CREATE ROLE guest LOGIN; GRANT hub_owner TO guest",
    "a stranger who may become the process": "CREATE ROLE guest LOGIN; GRANT hub_runtime TO guest",
    "a tenant for every session": "ALTER ROLE hub_runtime SET hub.tenant ="
    " '00000000-0000-0000-0000-000000000000'",
    "security that sessions switch off": "ALTER ROLE hub_runtime SET row_security = off",
    "another schema first": "ALTER ROLE hub_runtime SET search_path = directory, public",
    "an owner that can sign in": "ALTER ROLE hub_owner LOGIN",
}  # fmt: skip


@pytest.fixture(scope="module")
def scratch(servers: Servers) -> Iterator[Database]:
    """One migrated database for all: whatever is forged is rolled back."""
    made = servers.create_database("hub_template")
    migrate({"HUB_DATABASE_OWNER_URL": made.owner_url})  # a right on a database is not copied with it
    yield made
    servers.drop_database(made)


async def faults_after(database: Database, forgery: str = "") -> list[str]:
    connection = await asyncpg.connect(database.admin_url, timeout=10)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(forgery or "SELECT")
        found = await wall.faults(connection)
        await transaction.rollback()
    finally:
        await connection.close()
    return found


def test_the_wall_stands(scratch: Database) -> None:
    assert wait(faults_after(scratch)) == []


@pytest.mark.parametrize("hole", sorted(FORGERIES))
def test_a_hole_is_seen(scratch: Database, hole: str) -> None:
    assert wait(faults_after(scratch, FORGERIES[hole]))


async def _columns(database: Database) -> dict[str, dict[str, str]]:
    connection = await asyncpg.connect(database.admin_url, timeout=10)
    try:
        rows = await connection.fetch(
            """
            SELECT c.relname AS name, a.attname AS attribute, format_type(a.atttypid, a.atttypmod) AS type
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
              AND NOT a.attisdropped AND c.relname <> 'alembic_version'
            """
        )
    finally:
        await connection.close()
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["name"], {})[row["attribute"]] = row["type"]
    return found


def test_the_tables_of_storage_are_those_of_the_database(scratch: Database) -> None:
    dialect = postgresql.dialect()
    known = {
        table.name: {column.name: column.type.compile(dialect).lower() for column in table.c}
        for table in METADATA.sorted_tables
    }
    assert known == wait(_columns(scratch))
