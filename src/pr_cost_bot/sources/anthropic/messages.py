"""`usage_report/messages` (the older report): tokens per account or key, to the minute, without money.

Source: https://platform.claude.com/docs/en/manage-claude/usage-cost-api. `account_id` is filled for OAuth requests only, all
others carry the key alone. `limit` counts buckets: 168 hours or 1440 minutes. `speed` needs a beta header of its own.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from pr_cost_bot.http import HttpSession, SourceError
from pr_cost_bot.model import NO_TOKENS, Terms, Tokens, UsageRecord, reference_of
from pr_cost_bot.sources.anthropic.analytics import Width, tokens_of
from pr_cost_bot.sources.anthropic.reports import ORGANIZATION, report, stamp
from pr_cost_bot.sources.anthropic.shapes import ApiKey, Bucket, MessagesResult, Page
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, record_id, utc
from pr_cost_bot.sources.spans import Span, windows

SPEED_BETA = "fast-mode-2026-02-01"
LIMIT = {"1h": 168, "1m": 1440}
WIDEST = {"1h": timedelta(hours=168), "1m": timedelta(minutes=1440)}
_IDS_PER_REQUEST = 50
_DIMENSIONS = ("account_id", "api_key_id", "model", "service_tier", "context_window", "inference_geo")

Answers = list[Chunk[Bucket] | SourceError]
Key = tuple[str, datetime, datetime, str, str, str, str, str]


def learn_keys(keys: Iterable[ApiKey], names: Names) -> tuple[str, ...]:
    """Learn whose keys these are and return the ids of our people's. A personal key's owner goes before its creator."""
    listed = list(keys)
    counts: dict[str, int] = {}
    for key in listed:
        counts[key.name or ""] = counts.get(key.name or "", 0) + 1
    for key in listed:
        creator = key.created_by.id if key.created_by and key.created_by.type in {None, "user"} else None
        owner = key.principal.user_id if key.principal else None
        names.learn(key.id, owner or creator)
        if key.name and counts[key.name] == 1:
            names.learn(key.name, key.id)
    return tuple(key.id for key in listed if names.actor(key.id))


def ask_accounts(session: HttpSession, accounts: Sequence[str], spans: Iterable[Span], width: Width) -> Answers:
    """The usage of accounts: requests made with OAuth."""
    return _ask(session, "account_ids[]", accounts, spans, width)


def ask_keys(session: HttpSession, keys: Sequence[str], spans: Iterable[Span], width: Width) -> Answers:
    """The usage of API keys."""
    return _ask(session, "api_key_ids[]", keys, spans, width)


def _ask(session: HttpSession, name: str, ids: Sequence[str], spans: Iterable[Span], width: Width) -> Answers:
    groups = [[(name, each) for each in ids[i : i + _IDS_PER_REQUEST]] for i in range(0, len(ids), _IDS_PER_REQUEST)]
    pieces = [piece for span in spans for piece in windows(span, WIDEST[width])]
    return session.gather([partial(_read, session, group, piece, width) for piece in pieces for group in groups])


def probe(session: HttpSession, now: datetime) -> Page[Bucket]:
    """One bucket, to see whether the key may read. Raises: SourceError."""
    params = [("starting_at", stamp(now - timedelta(hours=1))), ("bucket_width", "1h"), ("limit", "1")]
    return session.get(ORGANIZATION + "/usage_report/messages", Page[Bucket], params)


def _read(session: HttpSession, filters: list[tuple[str, str]], span: Span, width: Width) -> Chunk[Bucket]:
    params = [
        ("starting_at", stamp(span.start)),
        ("ending_at", stamp(span.end)),
        ("bucket_width", width),
        ("limit", str(LIMIT[width])),
        *filters,
        *(("group_by[]", dimension) for dimension in _DIMENSIONS),
    ]
    path, shape = "/usage_report/messages", Page[Bucket]
    try:
        chunk = report(session, path, shape, [*params, ("group_by[]", "speed")], {"anthropic-beta": SPEED_BETA}, _check)
    except SourceError as error:
        if error.status != 400:
            raise
        chunk = report(session, path, shape, params, {}, _check)  # an organisation without fast mode
    inside = [bucket for bucket in chunk.rows if span.start <= utc(bucket.starting_at) < span.end]
    return Chunk(inside, chunk.error)


def _check(bucket: Bucket) -> None:
    if utc(bucket.ending_at) < utc(bucket.starting_at):
        raise ValueError("a bucket that ends before it starts")


def records(by_account: Iterable[Bucket], by_key: Iterable[Bucket], names: Names) -> tuple[UsageRecord, ...]:
    """Records of the query's people. A result with an account counts for the account only, whichever request brought it."""
    found: dict[Key, tuple[Tokens, int]] = {}
    for buckets, of_account in ((by_account, True), (by_key, False)):
        for bucket in buckets:
            for result in bucket.results:
                name = names.actor(result.account_id if of_account else result.api_key_id)
                if name and of_account == (result.account_id is not None):
                    key = _key(name, bucket, result)
                    before, hour_before = found.get(key, (NO_TOKENS, 0))
                    more, hour_more = tokens_of(result)
                    found[key] = before + more, hour_before + hour_more
    return tuple(_record(key, *found[key]) for key in sorted(found, key=lambda key: (key[1], key)) if found[key][0])


def _key(name: str, bucket: Bucket, result: MessagesResult) -> Key:
    return (
        name,
        utc(bucket.starting_at),
        utc(bucket.ending_at),
        result.model or "unknown",
        result.service_tier or "",
        result.context_window or "",
        result.inference_geo or "",
        result.speed or "",
    )


def _record(key: Key, tokens: Tokens, one_hour: int) -> UsageRecord:
    actor, start, end, model, tier, window, geo, speed = key
    terms = Terms(
        cache_write_1h=one_hour,
        service_tier="" if tier == "standard" else tier,
        speed=speed if speed == "fast" else "",
        inference_geo=geo if geo == "us" else "",
        long_context=window == "200k-1M",
    )
    return UsageRecord(
        id=record_id("anthropic", "messages", *key),
        source="anthropic",
        actor=actor,
        start=start,
        end=end,
        model=model,
        tokens=tokens,
        provider="anthropic",
        terms=terms,
        reference=reference_of(service_tier=tier, context_window=window, inference_geo=geo, speed=speed),
    )
