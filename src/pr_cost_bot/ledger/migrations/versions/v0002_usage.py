"""The usage behind the pull requests, and what AI cost in CI, kept from run to run."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from pr_cost_bot.ledger.tables import usage_view

revision = "0002"
down_revision = "0001"

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEY = ("account_id", "item_id", "day", "hour", "place_id")
_COUNTS = ("requests", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
_BY_PLACE = ("place_id", "account_id", "day")


def upgrade() -> None:
    """Add the tables of the usage with their view."""
    op.add_column("pr_costs", sa.Column("ci_usage", sa.Text()))
    _make_names("usage_accounts", person=sa.String(255), source=sa.String(64), scope=sa.String(255))
    _make_names("usage_items", product=sa.String(128), model=sa.String(255))
    place: dict[str, Any] = {"evidence": sa.String(16), "reason": sa.String(128)}
    _make_names("usage_places", repository=sa.String(255), pr_number=_WHOLE, **place)
    op.create_table(
        "usage_shares",
        *(sa.Column(name, sa.Integer, primary_key=True, nullable=False, autoincrement=False) for name in _KEY),
        sa.Column("attributed", sa.Integer, nullable=False),
        *(sa.Column(name, _WHOLE, nullable=False) for name in (*_COUNTS, "cost_units")),
        sa.Column("billed_units", _WHOLE),
        sa.Column("computed_at", _WHOLE, nullable=False),
        sqlite_with_rowid=False,
    )
    dialect = op.get_bind().dialect.name
    if dialect == "sqlite":
        op.create_index(
            "usage_shares_by_place", "usage_shares", [*_BY_PLACE, "attributed", *_COUNTS, "cost_units", "billed_units"]
        )
    else:
        op.create_index("usage_shares_of_place", "usage_shares", list(_BY_PLACE))
    if dialect in {"sqlite", "postgresql"}:
        op.get_bind().exec_driver_sql(usage_view(dialect))


def _make_names(table: str, **columns: Any) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in columns.items()),
        sa.UniqueConstraint(*columns, name=f"{table}_key"),
    )
