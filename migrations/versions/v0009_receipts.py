"""Requests are found by their id, and by the name that their sender has for what it reports.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEXES = {
    "inbox_request": "inbox (tenant_id, request_id)",
    "inbox_correlation": "inbox (tenant_id, correlation) WHERE correlation <> ''",
}


def upgrade() -> None:
    """A column with a default, and indexes; an older version makes no use of them."""
    op.execute("ALTER TABLE inbox ADD COLUMN correlation text NOT NULL DEFAULT ''")
    for name, of in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {of}")


def downgrade() -> None:
    """Forget them."""
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute("ALTER TABLE inbox DROP COLUMN correlation")
