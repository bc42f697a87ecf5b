"""Failed sign-ins are found by their account, however many others there were.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index of those events alone; an older version makes no use of it."""
    op.execute(
        "CREATE INDEX incident_event_failures ON incident_event (tenant_id, subject, position)"
        " WHERE kind = 'sign_in.failed'"
    )


def downgrade() -> None:
    """Forget it."""
    op.execute("DROP INDEX incident_event_failures")
