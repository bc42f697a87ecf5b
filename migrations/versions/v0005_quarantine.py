"""Who has used an integration, and which of its requests wait, without a look at the whole inbox.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = {
    "inbox_arrival": "inbox (tenant_id, integration_id, arrival)",
    "inbox_quarantined": "inbox (tenant_id, integration_id, arrival) WHERE state = 'quarantined'",
    "request_key_age": "request_key (tenant_id, created_at)",
    "credential_end": "credential (tenant_id, expires_at) WHERE expires_at IS NOT NULL",
}


def upgrade() -> None:
    """Four indexes more; an older version makes no use of them."""
    for name, of in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {of}")


def downgrade() -> None:
    """Forget them."""
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
