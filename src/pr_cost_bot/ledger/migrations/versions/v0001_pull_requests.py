"""What pull requests cost: `pr_costs` and `pr_cost_lines`."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MONEY = sa.Numeric(38, 18).with_variant(sa.String(64), "sqlite")
_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")


def upgrade() -> None:
    """Make the two tables."""
    _make_rows()
    _make_lines()


def _make_rows() -> None:
    text = ("title", "url", "author", "state", "base_ref", "head_ref", "head_sha")
    op.create_table(
        "pr_costs",
        sa.Column("repository", sa.String(255), primary_key=True, nullable=False),
        sa.Column("pr_number", _WHOLE, primary_key=True, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in text),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("first_commit_at", "merged_at", "closed_at")),
        *(sa.Column(name, _WHOLE, nullable=False) for name in ("commits", "additions", "deletions")),
        *(sa.Column(name, sa.Text()) for name in ("ticket", "purpose")),
        *(sa.Column(name, _MONEY, nullable=name == "billed_usd") for name in ("cost_usd", "billed_usd", "low_usd", "high_usd")),
        *(sa.Column(name, _WHOLE, nullable=False) for name in _TOKENS),
        sa.Column("cost_label", sa.Text()),
        sa.Column("estimate_usd", _MONEY),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("complete", "settled")),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("schema_version", _WHOLE, nullable=False),
    )


def _make_lines() -> None:
    names = {"source": 64, "product": 128, "model": 255, "person": 255, "evidence": 16}
    op.create_table(
        "pr_cost_lines",
        sa.Column("repository", sa.String(255), primary_key=True, nullable=False),
        sa.Column("pr_number", _WHOLE, primary_key=True, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.String(length), primary_key=True, nullable=False) for name, length in names.items()),
        *(sa.Column(name, _WHOLE, nullable=False) for name in ("requests", *_TOKENS)),
        sa.Column("cost_usd", _MONEY, nullable=False),
        sa.Column("billed_usd", _MONEY),
    )
