"""Services have links, beside their runbook.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column with a default; an older version makes no use of it."""
    op.execute("ALTER TABLE service ADD COLUMN links jsonb NOT NULL DEFAULT '[]'")


def downgrade() -> None:
    """Forget them."""
    op.execute("ALTER TABLE service DROP COLUMN links")
