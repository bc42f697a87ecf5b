"""Heartbeats are disabled and enabled, and say which request was their last ping.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns with a default: an older version adds rows without them, and takes all for enabled."""
    op.execute(
        "ALTER TABLE heartbeat ADD COLUMN enabled boolean NOT NULL DEFAULT true,"
        " ADD COLUMN heard_in uuid, ADD COLUMN counts_from timestamptz"
    )


def downgrade() -> None:
    """Forget them."""
    op.execute("ALTER TABLE heartbeat DROP COLUMN enabled, DROP COLUMN heard_in, DROP COLUMN counts_from")
