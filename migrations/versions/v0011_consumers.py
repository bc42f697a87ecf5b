"""Durable consumers of the stream.

Revision ID: 0011
Revises: 0010
"""

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent / "v0011"


def upgrade() -> None:
    """One table more, behind the same wall, and two questions to the directory; an older version knows
    nothing of them."""
    script = (HERE / "consumers.sql").read_text()
    connection = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg_connection: asyncpg_connection.execute(script))


def downgrade() -> None:
    """Forget them, and with them everybody's place."""
    op.execute("DROP FUNCTION directory.consumers_lost(uuid[], uuid[], bigint[])")
    op.execute("DROP FUNCTION directory.consumer_gauges()")
    op.execute("DROP TABLE consumer")
