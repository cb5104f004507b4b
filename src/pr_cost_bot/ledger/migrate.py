"""From the tables of an older version to those of this one, with Alembic (the extra `sql`; the Action does without)."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.dialects import alone
from pr_cost_bot.ledger.tables import REVISIONS
from pr_cost_bot.ledger.versions import changing, is_newer, needs_alembic, other_version, schema_version
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError


def migrate(url: str) -> tuple[str | None, str]:
    """Bring the tables to this program's version, or make them. Returns the versions before and after. Raises PublishError."""
    database = Database(url)
    before = database.version()
    if is_newer(before):
        raise PublishError(other_version(before))
    if before is not None and before != REVISIONS[-1] and (_has_alembic() or needs_alembic(before)):
        with database.changing() as connection:
            _upgrade(connection)
    database.until_nobody_else_does(lambda _: None)  # makes the tables, or adds what is missing
    return before, REVISIONS[-1]


def _has_alembic() -> bool:
    try:
        import alembic  # noqa: F401, PLC0415 - an extra
    except ImportError:
        return False
    return True


def _upgrade(connection: Connection) -> None:
    if not _has_alembic():
        raise PublishError(
            Problem(
                "Alembic is not installed, which changes the tables.",
                "It is part of an extra, for the Action does without it.",
                "Install it beside the program: pip install alembic",
            )
        )
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    alone(connection)
    before = schema_version(connection)  # a writer may have been here meanwhile
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    with changing(before):
        if not sa.inspect(connection).has_table("alembic_version"):
            command.stamp(config, before or REVISIONS[0])
        command.upgrade(config, "head")
