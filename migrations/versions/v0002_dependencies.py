"""Which service needs which.

Revision ID: 0002
Revises: 0001
"""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent / "v0002"


def upgrade() -> None:
    """One table more, behind the same wall; an older version knows nothing of it."""
    script = (HERE / "dependencies.sql").read_text()
    connection = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg_connection: asyncpg_connection.execute(script))


def downgrade() -> None:
    """Forget the graph."""
    op.execute("DROP TABLE service_dependency")
