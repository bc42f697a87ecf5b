"""Alembic's environment: one transaction, one migrator at a time, bounded waits, as hub_owner."""

import asyncio

from alembic import context
from sqlalchemy import pool, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

# PostgreSQL lets everybody make them, and a temporary table stands before one of ours of the same name. A
# right on the database itself, which no copy and no dump of it has: so after each migration.
NO_TEMPORARY_TABLES = """
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$
"""
LOCK = 7_261_440_001  # one number for all hubs: two migrators on one database wait for each other


def migrate(connection: Connection) -> None:
    """Run what is missing. The advisory lock ends with the transaction."""
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        connection.execute(text("SET LOCAL ROLE hub_owner"))
        context.run_migrations()
        connection.execute(text(NO_TEMPORARY_TABLES))


async def main() -> None:
    """Open one connection with the migrating role's address and migrate through it."""
    url = context.config.get_main_option("sqlalchemy.url")
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
