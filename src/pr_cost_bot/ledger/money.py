"""Money in the rows of a database: exact and readable."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pr_cost_bot.ledger.rows import dollars


class Money(sa.types.TypeDecorator[Decimal]):
    """An exact decimal amount of US dollars: `NUMERIC`, or text in SQLite, whose `NUMERIC` is a binary float."""

    impl = sa.Numeric(38, 18)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.engine.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(64) if dialect.name == "sqlite" else sa.Numeric(38, 18))

    def process_bind_param(self, value: Decimal | None, dialect: sa.engine.Dialect) -> Any:
        return dollars(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: sa.engine.Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)
