"""The tables of the database: the three of docs/ledger.md, and the usage behind them.

Usage is kept as a star, because there is much of it: a share names its account (a person at a source), its item (product and
model) and its place (pull request, evidence, reason) by numbers. The view `usage` shows it in words and dollars.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from pr_cost_bot.ledger.dialects import keeps_zones
from pr_cost_bot.ledger.money import Money
from pr_cost_bot.ledger.records import RECORD_FIELDS, RECORD_KEY
from pr_cost_bot.ledger.units import DIGITS
from pr_cost_bot.row_file import LINE_FIELDS, ROW_FIELDS

REVISIONS = ("0001", "0002", "0003", "0004")
"""The schema's versions, oldest first; `ledger/migrations/versions` holds the way from each to the next."""

WHOLE_DAY = -1
"""`hour` of a share whose bucket is a day."""


class Moment(sa.types.TypeDecorator[datetime]):
    """UTC, whatever the database does with zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.engine.Dialect) -> datetime | None:
        if value is None or keeps_zones(dialect.name):
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.engine.Dialect) -> datetime | None:
        return None if value is None else (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


_WHOLE = {"record_number", "pr_number", "commits", "additions", "deletions", "schema_version", "requests"}
_FLAGS = {"complete", "settled"}
_OPTIONAL = {"first_commit_at", "merged_at", "closed_at", "ticket", "purpose", "billed_usd", "cost_label", "estimate_usd"}
_NAMES = {"repository": 255, "source": 64, "product": 128, "model": 255, "person": 255, "evidence": 16}


def whole_number() -> sa.types.TypeEngine[Any]:
    """64 bits; in SQLite plain INTEGER, which has them and takes no more room than a number needs."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _column(name: str, key: Iterable[str], optional: Iterable[str] = _OPTIONAL) -> sa.Column[Any]:
    kind: sa.types.TypeEngine[Any]
    if name.endswith("_usd"):
        kind = Money()
    elif name.endswith("_at"):
        kind = Moment()
    elif name in _FLAGS:
        kind = sa.Boolean()
    elif name in _WHOLE or name.endswith("_tokens"):
        kind = whole_number()
    else:
        kind = sa.String(_NAMES[name]) if name in _NAMES else sa.Text()
    return sa.Column(name, kind, primary_key=name in key, nullable=name in optional, autoincrement=False)


METADATA = sa.MetaData()
PR_COSTS = sa.Table(
    "pr_costs",
    METADATA,
    *(_column(name, ("repository", "pr_number")) for name in ROW_FIELDS),
    # JSON, null where there is nothing to say:
    sa.Column("ci_usage", sa.Text, nullable=True),  # what AI cost in CI, kept from run to run
    sa.Column("unpriced", sa.Text, nullable=True),  # tokens by source and model for which no price is known
    sa.Column("unmatched", sa.Text, nullable=True),  # how many of its authors no active source knows
)
PR_COST_LINES = sa.Table(
    "pr_cost_lines",
    METADATA,
    *(_column(name, ("repository", "pr_number", "source", "product", "model", "person", "evidence")) for name in LINE_FIELDS),
)
PR_COST_RECORDS = sa.Table(
    "pr_cost_records",
    METADATA,
    *(_column(name, RECORD_KEY, [name for name in RECORD_FIELDS if name.endswith("_usd")]) for name in RECORD_FIELDS),
)


def _named(table: str, **lengths: int) -> sa.Table:
    """A table of names: a number for each different row."""
    names = [sa.Column(name, sa.String(length), nullable=False) for name, length in lengths.items()]
    unique = sa.UniqueConstraint(*lengths, name=f"{table}_key")
    return sa.Table(table, METADATA, sa.Column("id", sa.Integer, primary_key=True), *names, unique)


# `scope`: empty; the repository of receipts, for a run sees only those of the repositories it reads; or the pull request of CI.
ACCOUNTS = _named("usage_accounts", person=255, source=64, scope=255)
ITEMS = _named("usage_items", product=128, model=255)
PLACES = sa.Table(
    "usage_places",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("repository", sa.String(255), nullable=False),  # empty: unknown
    sa.Column("pr_number", whole_number(), nullable=False),  # 0: on no pull request
    sa.Column("evidence", sa.String(16), nullable=False),  # empty: unattributed
    sa.Column("reason", sa.String(128), nullable=False),  # why it is unattributed
    sa.UniqueConstraint("repository", "pr_number", "evidence", "reason", name="usage_places_key"),
)
MEASURES = (
    "requests",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "cost_units",
    "billed_units",
)
KEY = ("account_id", "item_id", "day", "hour", "place_id")
SHARES = sa.Table(
    "usage_shares",
    METADATA,
    *(sa.Column(name, sa.Integer, primary_key=True, autoincrement=False) for name in KEY),  # day: since 1970-01-01
    sa.Column("attributed", sa.Integer, nullable=False),  # 1: on a pull request
    *(sa.Column(name, whole_number(), nullable=name == "billed_units") for name in MEASURES),
    sa.Column("computed_at", whole_number(), nullable=False),  # seconds since 1970-01-01
    sqlite_with_rowid=False,
)
NOTICES = sa.Table(
    "notices",
    METADATA,
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("at", Moment(), nullable=False, quote=True),  # a word of DuckDB's own
    sa.Column("run", sa.String(64), nullable=False),
    sa.Column("unsent", sa.Text, nullable=False),  # services, one a line
)
"""Which alerts and digests were told (`ports.NoticeRecord`)."""

_BY_PLACE = ("place_id", "account_id", "day")
# In SQLite, grouping needs rows in order, so this index carries what reports add up; elsewhere it only finds a place's rows.
sa.Index("usage_shares_by_place", *(SHARES.c[name] for name in (*_BY_PLACE, "attributed", *MEASURES))).ddl_if(dialect="sqlite")
sa.Index("usage_shares_of_place", *(SHARES.c[name] for name in _BY_PLACE)).ddl_if(
    callable_=lambda *_, **context: _has_hashing(**context)
)


def _has_hashing(dialect: sa.engine.Dialect, **_: Any) -> bool:
    """Whether the database groups rows in any order."""
    return dialect.name != "sqlite"


def _exact_text(column: str) -> str:
    """SQLite: units as decimal dollars in text, as `pr_costs` has them."""
    digits = f"printf('%d.%0{DIGITS}d', abs({column}) / {10**DIGITS}, abs({column}) % {10**DIGITS})"
    return f"CASE WHEN {column} < 0 THEN '-' ELSE '' END || rtrim(rtrim({digits}, '0'), '.')"


def usage_view(dialect: str) -> str:
    """The statement that makes the view `usage`."""
    if dialect == "sqlite":
        clock = "CASE WHEN s.hour < 0 THEN 0 ELSE s.hour END"
        start = f"strftime('%Y-%m-%dT%H:%M:%SZ', s.day * 86400 + ({clock}) * 3600, 'unixepoch')"
        computed = "strftime('%Y-%m-%dT%H:%M:%SZ', s.computed_at, 'unixepoch')"
        cost, billed = (
            _exact_text("s.cost_units"),
            f"CASE WHEN s.billed_units IS NULL THEN NULL ELSE {_exact_text('s.billed_units')} END",
        )
    else:
        start = "to_timestamp(CAST(s.day AS BIGINT) * 86400 + CASE WHEN s.hour < 0 THEN 0 ELSE s.hour END * 3600)"
        computed = "to_timestamp(s.computed_at)"
        smallest = f"CAST('{10**-DIGITS:.{DIGITS}f}' AS NUMERIC)"
        cost, billed = f"s.cost_units * {smallest}", f"s.billed_units * {smallest}"
    return f"""
CREATE VIEW usage AS
SELECT a.person, a.source, i.product, i.model, {start} AS bucket_start,
       CASE WHEN s.hour < 0 THEN 'day' ELSE 'hour' END AS grain,
       NULLIF(p.repository, '') AS repository, NULLIF(p.pr_number, 0) AS pr_number, p.evidence, p.reason,
       s.attributed, s.requests, s.input_tokens, s.cache_read_tokens, s.cache_write_tokens, s.output_tokens,
       {cost} AS cost_usd, {billed} AS billed_usd, {computed} AS computed_at
FROM usage_shares s
JOIN usage_accounts a ON a.id = s.account_id
JOIN usage_items i ON i.id = s.item_id
JOIN usage_places p ON p.id = s.place_id
""".strip()  # noqa: S608 - made of this module's own constants


@sa.event.listens_for(METADATA, "after_create")
def _make_view(_target: sa.MetaData, connection: sa.Connection, **_: Any) -> None:
    if connection.dialect.name in {"sqlite", "postgresql"}:
        connection.exec_driver_sql(usage_view(connection.dialect.name))
