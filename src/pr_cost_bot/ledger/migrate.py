"""From the tables of an older version to those of this one, with Alembic (the extra `sql`; the Action does without)."""

from pathlib import Path

import sqlalchemy as sa

from pr_cost_bot.ledger.database import Database, in_words, other_version, plain_engine, schema_version
from pr_cost_bot.ledger.tables import REVISIONS
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError


def migrate(url: str) -> tuple[str | None, str]:
    """Bring the tables to this program's version, or make them. Returns the versions before and after. Raises PublishError."""
    database = Database(url)
    with in_words("The database's tables could not be changed"):
        before = _version(url)
        if before is None:
            database.until_nobody_else_does(lambda _: None)
        elif before not in REVISIONS:
            raise other_version(before)
        elif before != REVISIONS[-1]:
            _upgrade(url, before)
    return before, REVISIONS[-1]


def _version(url: str) -> str | None:
    with plain_engine(url).connect() as connection:
        return schema_version(connection)


def _upgrade(url: str, before: str) -> None:
    try:
        from alembic import command  # noqa: PLC0415 - an extra
        from alembic.config import Config  # noqa: PLC0415
    except ImportError:
        raise PublishError(
            Problem(
                "Alembic is not installed, which changes the tables.",
                "It is part of an extra, for the Action does without it.",
                "Install it beside the program: pip install alembic",
            )
        ) from None
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with plain_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        if not sa.inspect(connection).has_table("alembic_version"):
            command.stamp(config, before)
        command.upgrade(config, "head")
