"""Which database a command works with: `--database`, else the environment. One way for all commands."""

import argparse
from collections.abc import Mapping

VARIABLE = "PR_COST_BOT_DATABASE_URL"
OLDER_VARIABLE = "DATABASE_URL"
"""As `backfill` and `doctor` had it first. Other commands never took it: many a program sets it for its own."""


def add_database_option(parser: argparse.ArgumentParser) -> None:
    """Add `--database URL`."""
    parser.add_argument("--database", metavar="URL", help=f"SQLAlchemy URL; default: ${VARIABLE}")


def named_database(options: argparse.Namespace, environ: Mapping[str, str]) -> str | None:
    """The URL that is named; None when none is."""
    return str(options.database or "").strip() or environ.get(VARIABLE, "").strip() or None


def with_database(environ: Mapping[str, str], named: str | None) -> dict[str, str]:
    """The environment of a command that takes what the Action takes, with its input `database_url`."""
    url = named or environ.get("INPUT_DATABASE_URL") or environ.get(VARIABLE) or environ.get(OLDER_VARIABLE) or ""
    return {**environ, "INPUT_DATABASE_URL": url}
