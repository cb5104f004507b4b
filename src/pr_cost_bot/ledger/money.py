"""Money in the rows of a database: exact and readable."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pr_cost_bot.ledger.rows import exact_dollars


class _Untouched(sa.types.UserDefinedType[Decimal]):
    """`NUMERIC` for drivers that take and give decimals although SQLAlchemy turns them into floats for them (DuckDB's)."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "NUMERIC(38, 18)"


class Money(sa.types.TypeDecorator[Decimal]):
    """An exact decimal amount of US dollars: `NUMERIC`, or text in SQLite, whose `NUMERIC` is a binary float."""

    impl = sa.Numeric(38, 18)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.engine.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(64))
        return dialect.type_descriptor(sa.Numeric(38, 18)) if dialect.supports_native_decimal else _Untouched()

    def process_bind_param(self, value: Decimal | None, dialect: sa.engine.Dialect) -> Any:
        return exact_dollars(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.engine.Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)
