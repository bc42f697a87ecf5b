"""Heartbeats, and since when the hub listens.

Revision ID: 0010
Revises: 0009
"""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent / "v0010"


def upgrade() -> None:
    """Two tables more, behind the same wall; an older version knows nothing of them."""
    script = (HERE / "heartbeats.sql").read_text()
    connection = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg_connection: asyncpg_connection.execute(script))


def downgrade() -> None:
    """Forget them: nobody is told of a silence any more."""
    op.execute("DROP TABLE heartbeat, listening")
