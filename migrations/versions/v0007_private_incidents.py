"""Private incidents: numbers of their own, and who is named, without a look at all roles.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column with a default, and an index; an older version makes no use of them."""
    op.execute("ALTER TABLE counter ADD COLUMN private_incidents bigint NOT NULL DEFAULT 0")
    op.execute(
        "CREATE INDEX role_binding_incident ON role_binding (tenant_id, scope_id)"
        " WHERE scope_kind = 'incident'"
    )


def downgrade() -> None:
    """Forget them. Incidents keep the numbers that they have."""
    op.execute("DROP INDEX role_binding_incident")
    op.execute("ALTER TABLE counter DROP COLUMN private_incidents")
