"""Secrets that must be read again, sealed.

Revision ID: 0006
Revises: 0005
"""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent / "v0006"


def upgrade() -> None:
    """One table more, behind the same wall; an older version knows nothing of it."""
    script = (HERE / "secrets.sql").read_text()
    connection = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda asyncpg_connection: asyncpg_connection.execute(script))


def downgrade() -> None:
    """Forget the secrets; what was signed with them is taken unsigned again."""
    op.execute("DROP TABLE sealed_secret")
