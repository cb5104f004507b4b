"""The vendors' records behind each pull request, and what its figure leaves out."""

import sqlalchemy as sa
from alembic import op

from pr_cost_bot.ledger.money import Money

revision = "0004"
down_revision = "0003"

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_COUNTS = ("requests", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
_AMOUNTS = ("cost_usd", "low_usd", "high_usd", "billed_usd", "record_usd")


def upgrade() -> None:
    """Add their table and two columns; runs from now on fill them."""
    op.add_column("pr_costs", sa.Column("unpriced", sa.Text()))
    op.add_column("pr_costs", sa.Column("unmatched", sa.Text()))
    op.create_table(
        "pr_cost_records",
        sa.Column("repository", sa.String(255), primary_key=True, nullable=False),
        sa.Column("pr_number", _WHOLE, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("record_number", _WHOLE, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("product", sa.String(128), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("person", sa.String(255), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=False),
        sa.Column("commit_sha", sa.Text(), nullable=False),
        sa.Column("evidence", sa.String(16), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        *(sa.Column(name, _WHOLE, nullable=False) for name in _COUNTS),
        *(sa.Column(name, Money()) for name in _AMOUNTS),
        sa.Column("computed_at", _TIME, nullable=False),
    )
