"""The reports from before the analytics pair: tokens per account and key, and where these name nobody, Claude Code by day."""

from datetime import timedelta
from functools import partial

import msgspec

from pr_cost_bot.http import HttpSession, SourceError
from pr_cost_bot.model import UsageRecord
from pr_cost_bot.sources.anthropic import claude_code, messages, reports
from pr_cost_bot.sources.anthropic.directory import Ids
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Tally
from pr_cost_bot.sources.spans import Span

LAG = timedelta(minutes=5)
SETTLES_AFTER = timedelta(days=1)


class Older(msgspec.Struct, frozen=True):
    """What the older reports gave. `keys`: API keys of the query's people."""

    records: tuple[UsageRecord, ...]
    tally: Tally
    keys: tuple[str, ...] = ()
    by_day: bool = False


def read(session: HttpSession, names: Names, ids: Ids, span: Span) -> Older:
    """Read hours of accounts and keys; days of Claude Code where nobody is named and nothing else went wrong."""
    tally = Tally()
    (listed, *_), asked = session.both(
        [partial(reports.api_keys, session)], [partial(messages.ask_accounts, session, ids.accounts, [span], "1h")]
    )
    by_account = [bucket for each in asked for bucket in tally.rows([each] if isinstance(each, SourceError) else each)]
    found = messages.learn_keys(tally.side([listed]), names)
    keys = tuple(dict.fromkeys((*found, *(name for name in ids.others if name.startswith("apikey_")))))
    by_key = tally.rows(messages.ask_keys(session, keys, [span], "1h"))
    records = messages.records(by_account, by_key, names)
    if records or any(error.status not in {403, 404} for error in tally.errors):
        return Older(records, tally, keys)
    days = Tally()
    records = claude_code.records(days.rows(claude_code.ask(session, span)), names)
    if records or not tally.errors:
        return Older(records, days, keys, by_day=bool(records))
    return Older((), tally, keys)
