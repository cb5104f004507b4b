"""`pr-cost-bot backfill`: the pull requests of the last months into the table, without a comment or a label."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from pr_cost_bot import github, sources
from pr_cost_bot.ci_usage import with_kept
from pr_cost_bot.config import Config
from pr_cost_bot.database_option import add_database_option
from pr_cost_bot.doctor import at_a_terminal
from pr_cost_bot.ledger.backfill import backfill
from pr_cost_bot.model import Problem
from pr_cost_bot.pipeline import Collaborators, compute
from pr_cost_bot.ports import PublishError, ReadError
from pr_cost_bot.progress import on_terminal
from pr_cost_bot.publish import Known, records_to_write, row_to_write
from pr_cost_bot.render.numbers import exact_plural
from pr_cost_bot.runs import client_of
from pr_cost_bot.settings import Settings, SettingsError, clock, read_settings
from pr_cost_bot.silence import with_what_is_kept
from pr_cost_bot.sources.cache import cached
from pr_cost_bot.table import Table

OK, UNREADABLE, WRONG = 0, 1, 2


def run(arguments: Sequence[str], environ: Mapping[str, str] = os.environ, stdout: TextIO = sys.stdout) -> int:
    """Go through the pull requests, the oldest first. Can be stopped and started again. Returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings, now = read_settings(at_a_terminal(environ, options.database)), clock(environ)
        chunks = _Chunks(settings, now, options.cache)
        numbers = chunks.client.recent_pull_requests(now - timedelta(days=options.since))
        with on_terminal(len(numbers), "Backfilling") as progress:
            state = backfill(numbers, chunks.settled, chunks.compute, lambda reached: progress(reached.done))
    except SettingsError as error:
        sys.stderr.write(f"{error.problem}\n")
        return WRONG
    except (ReadError, PublishError) as error:
        sys.stderr.write(f"{error.problem}\n")
        return UNREADABLE
    for problem in state.problems:
        sys.stderr.write(f"{problem}\n")
    pulls = f"{exact_plural(state.total, 'pull request')} {'is' if state.total == 1 else 'are'}"
    stdout.write(
        f"{state.done:,} of {pulls} in the table; {state.skipped:,} {'was' if state.skipped == 1 else 'were'} settled before.\n"
    )
    return UNREADABLE if state.failed else OK


class _Chunks:
    """Computes a few pull requests at a time and writes their rows and usage."""

    def __init__(self, settings: Settings, now: datetime, cache: Path) -> None:
        self.client = client_of(settings)
        self._settings, self._now = settings, now
        self._config = _configuration(self.client, settings)
        self._table = Table(settings, self.client, self._config)
        active = sources.active_sources(settings.keys, self._config.sources)
        self._outside = Collaborators(
            github=self.client,
            sources=cached(active, cache, now),
            unread=sources.unread(settings.keys, self._config.sources),
        )

    def settled(self) -> frozenset[int]:
        """Numbers whose rows are final, where the table can tell at once."""
        return self._table.settled()

    def compute(self, numbers: Sequence[int], /) -> tuple[Problem, ...]:
        """See ledger.backfill.Chunk."""
        facts = self.client.pull_requests(numbers, self._settings.config_path)
        rows = self._table.rows(facts)
        due = [fact for fact in facts if (rows.get(fact.pull.number) or {}).get("settled") is not True]
        repository = self._settings.repository
        in_ci = {fact.pull.number: with_kept(rows.get(fact.pull.number), (), repository, fact.pull.number) for fact in due}
        given = [record for records in in_ci.values() for record in records]
        computation = compute(due, self._config, self._outside, self._now, given)
        known = [
            Known(
                facts=fact,
                row=(row := rows.get(fact.pull.number)),
                cost=with_what_is_kept(cost, row, told, self._config.sources),
                ci_usage=in_ci[fact.pull.number],
            )
            for fact, cost, told in zip(due, computation.costs, computation.told, strict=True)
        ]
        new = [row for one in known if (row := row_to_write(one, self._config)) is not None]
        self._table.write(new, records_to_write(known), computation.usage)
        return (*self._table.problems, *computation.problems)


def _configuration(client: github.GitHubClient, settings: Settings) -> Config:
    from pr_cost_bot.config_file import ConfigError, parse_config  # noqa: PLC0415 - YAML is slow to import

    text = client.configuration(settings.config_path).text
    try:
        return Config() if text is None else parse_config(text, settings.config_path)
    except ConfigError as error:
        raise SettingsError(error.problem) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pr-cost-bot backfill",
        description="The pull requests of the last months into the table, without a comment or a label. Set GITHUB_REPOSITORY, "
        "GITHUB_TOKEN and the vendors' keys by their inputs' names in upper case.",
    )
    add_database_option(parser)
    parser.add_argument("--since", type=_days, default=90, metavar="90d", help="closed in the last so many days (90d)")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pr-cost-bot",
        metavar="DIR",
        help="where closed days of the vendors' answers are kept; one folder for each set of keys",
    )
    return parser


def _days(text: str) -> int:
    number = text.strip().removesuffix("d")
    if not number.isdecimal() or not 1 <= int(number) <= 365:
        raise argparse.ArgumentTypeError("expected days such as 90d, at most 365d")
    return int(number)
