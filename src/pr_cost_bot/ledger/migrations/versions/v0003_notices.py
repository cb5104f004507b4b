"""Which alerts and digests were told."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table of the notices."""
    op.create_table(
        "notices",
        sa.Column("key", sa.String(255), primary_key=True, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("unsent", sa.Text(), nullable=False),
    )
