"""OpenAI's dashboard exports (CSV): completions usage in tokens, and costs in dollars.

Columns are those of https://platform.openai.com/docs/api-reference/usage; `input_tokens` is all input. Buckets without usage
are rows with nothing but times. Costs come by UTC day and mostly name nobody.
"""

from datetime import datetime

from pr_cost_bot.files.shapes import Cells, TableFormat, Usage
from pr_cost_bot.files.values import BadValueError, count, moment, name, usd
from pr_cost_bot.model import Terms, Tokens, UsageRecord, reference_of
from pr_cost_bot.sources.reading import record_id

_EXPORT = "openai-export"  # both halves are one reporter's: neither repeats the other


def _matches_usage(columns: frozenset[str]) -> bool:
    return bool(columns & {"start_time", "start_time_iso"}) and {"input_tokens", "output_tokens", "model"} <= columns


def _usage(cells: Cells) -> Usage | None:
    model = name(cells("model"))
    tokens = _tokens(cells)
    requests = count(cells("num_model_requests"), "num_model_requests")
    if not tokens and not requests:
        return None
    start, end = _bucket(cells)
    names = _names(cells)
    batch = cells("batch").lower() in {"true", "1"}
    tier = name(cells("service_tier"))
    record = UsageRecord(
        id=record_id(_EXPORT, "usage", start, end, model, tier, batch, name(cells("project_id", "project_name")), *names),
        source="openai",
        provider="openai",
        actor=names[0] if names else "",
        start=start,
        end=end,
        model=model or "unknown",
        tokens=tokens,
        requests=requests,
        terms=Terms(service_tier="batch" if batch else "" if tier in {"default", "standard"} else tier),
        reference=reference_of(service_tier=tier, batch=batch, project=name(cells("project_id", "project_name"))),
    )
    return Usage(record, names[1:])


def _tokens(cells: Cells) -> Tokens:
    read = count(cells("input_cached_tokens"), "input_cached_tokens")
    write = count(cells("input_cache_write_tokens"), "input_cache_write_tokens")
    total = count(cells("input_tokens"), "input_tokens")
    if read + write > total:
        raise BadValueError("input_cached_tokens", "no more than input_tokens")
    return Tokens(total, read, write, count(cells("output_tokens"), "output_tokens"))


def _matches_cost(columns: frozenset[str]) -> bool:
    return bool(columns & {"start_time", "start_time_iso"}) and "amount_value" in columns


def _cost(cells: Cells) -> Usage | None:
    amount = usd(cells("amount_value"), "amount_value")
    if not amount:
        return None
    if cells("amount_currency").lower() not in {"", "usd"}:
        raise BadValueError("amount_currency", "usd")
    start, end = _bucket(cells)
    names = _names(cells)
    item = name(cells("line_item"))
    record = UsageRecord(
        id=record_id(_EXPORT, "cost", start, end, item, name(cells("project_id", "project_name")), *names),
        source="openai",
        provider="openai",
        actor=names[0] if names else "",
        start=start,
        end=end,
        model=item.partition(",")[0] or "unknown",  # "gpt-5-mini-2025-08-07, input"
        cost_usd=amount,
        billed_usd=amount,
        reference=reference_of(line_item=item, project=name(cells("project_id", "project_name"))),
    )
    return Usage(record, names[1:])


def _bucket(cells: Cells) -> tuple[datetime, datetime]:
    start = moment(cells("start_time", "start_time_iso"), "start_time")
    end = moment(cells("end_time", "end_time_iso"), "end_time")
    if end < start:
        raise BadValueError("end_time", "a time after start_time")
    return start, end


def _names(cells: Cells) -> tuple[str, ...]:
    """Whose usage it is, the person before the key."""
    columns = ("user_email", "user_id", "api_key_id", "api_key_name")
    return tuple(dict.fromkeys(found for column in columns if (found := name(cells(column)))))


OPENAI_USAGE = TableFormat(name="openai-usage", title="OpenAI usage export", matches=_matches_usage, usage=_usage)
OPENAI_COST = TableFormat(name="openai-cost", title="OpenAI cost export", matches=_matches_cost, usage=_cost)
