"""Alerts fall silent, and incidents fold into a storm.

Revision ID: 0012
Revises: 0011
"""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent / "v0012"


def upgrade() -> None:
    """Columns with defaults, an index and a table; an older version makes no use of them."""
    script = (HERE / "silence.sql").read_text()
    connection = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg_connection: asyncpg_connection.execute(script))


def downgrade() -> None:
    """Forget them: silence means nothing, and every group opens its own incident."""
    op.execute("DROP TABLE flow")
    op.execute("DROP INDEX alert_fresh")
    op.execute("ALTER TABLE service DROP COLUMN storm_after")
    op.execute("ALTER TABLE integration DROP COLUMN stale_after")
    op.execute("ALTER TABLE incident DROP COLUMN stale, DROP COLUMN reopens")
    op.execute("ALTER TABLE alert DROP COLUMN fresh_for, DROP COLUMN group_key")
