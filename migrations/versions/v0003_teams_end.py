"""A team can be deleted: nothing but rows that go with it points at one for good.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One right more; an older version makes no use of it."""
    op.execute("GRANT DELETE ON team TO hub_runtime")


def downgrade() -> None:
    """Take the right back."""
    op.execute("REVOKE DELETE ON team FROM hub_runtime")
