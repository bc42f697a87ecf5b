"""The first schema: tenants, people, catalogue, incidents, the log, the inbox, the wall, the directory.

Revision ID: 0001
Revises:
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HERE = Path(__file__).parent / "v0001"
FILES = ("people", "incidents", "log", "wall")


def upgrade() -> None:
    """Create everything as hub_owner, and the directory's functions as hub_directory."""
    for name in FILES:
        run((HERE / f"{name}.sql").read_text())
    run("RESET ROLE; CREATE SCHEMA directory AUTHORIZATION hub_directory; SET LOCAL ROLE hub_directory")
    run("GRANT USAGE ON SCHEMA directory TO hub_runtime")
    run((HERE / "directory.sql").read_text())
    run("RESET ROLE; SET LOCAL ROLE hub_owner")
    # The installation's own log: what has no organization and no person. It must exist before any request.
    run(
        "SET LOCAL hub.tenant = '00000000-0000-0000-0000-000000000000';"
        "INSERT INTO head (tenant_id, server) SELECT '00000000-0000-0000-0000-000000000000',"
        " system_identifier || '-' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
        " FROM pg_control_system()"
    )


def downgrade() -> None:
    """There is nothing before the first schema."""
    raise NotImplementedError("The first migration is not undone; drop the database instead.")


def run(script: str) -> None:
    """Run a script of several statements on the migration's own connection and transaction."""
    connection = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg_connection: asyncpg_connection.execute(script))
