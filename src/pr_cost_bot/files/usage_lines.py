"""The program's own JSON Lines of usage (docs/attribution.md): read them, and write them for `attribute`."""

import json
from typing import Any

from pr_cost_bot.files.shapes import JsonFormat, Usage, whole
from pr_cost_bot.files.values import BadValueError, count, fields, moment, name, usd
from pr_cost_bot.model import Tokens, UsageRecord, reference_of

_COUNTS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
_LONGEST_ID = 500


def _matches(value: Any) -> bool:
    return {"id", "start", "end", "model"} <= fields(value).keys()


def _usage(part: Any) -> Usage | None:
    line = fields(part)
    identifier = name(line.get("id"), _LONGEST_ID)
    if not identifier:
        raise BadValueError("id", "a text")
    start, end = moment(line.get("start"), "start"), moment(line.get("end"), "end")
    if end < start:
        raise BadValueError("end", "a time not before start")
    record = UsageRecord(
        id=identifier,
        source=name(line.get("source")) or "usage",
        actor=name(line.get("person")),
        start=start,
        end=end,
        model=name(line.get("model")) or "unknown",
        tokens=_tokens(line),
        requests=count(line.get("requests"), "requests"),
        cost_usd=usd(line.get("cost_usd"), "cost_usd"),
        billed_usd=usd(line.get("billed_usd"), "billed_usd"),
        product=name(line.get("product")),
        repository=name(line.get("repository")) or None,
        branch=name(line.get("branch"), 255) or None,
        pr_number=count(line.get("pr_number"), "pr_number") or None,
        commit=name(line.get("commit")) or None,
        session=name(line.get("session")) or None,
        reference=reference_of(id=identifier),
    )
    return Usage(record)


def _tokens(line: Any) -> Tokens:
    total, read, write, output = (count(line.get(key), key) for key in _COUNTS)
    if read + write > total:
        raise BadValueError("input_tokens", "all input, cache reads and writes included")
    return Tokens(total, read, write, output)


def encode(record: UsageRecord) -> str:
    """One line. Money is a string of decimal dollars; what is not known is left out."""
    tokens = record.tokens
    line: dict[str, Any] = {
        "id": record.id,
        "source": record.source,
        "person": record.person or record.actor,
        "start": record.start.isoformat().replace("+00:00", "Z"),
        "end": record.end.isoformat().replace("+00:00", "Z"),
        "model": record.model,
        **dict(zip(_COUNTS, (tokens.input, tokens.cache_read, tokens.cache_write, tokens.output), strict=True)),
        "requests": record.requests,
    }
    for key in ("cost_usd", "billed_usd"):
        amount = getattr(record, key)
        if amount is not None:
            line[key] = f"{amount:f}"
    for key in ("product", "repository", "branch", "pr_number", "commit", "session"):
        if value := getattr(record, key):
            line[key] = value
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


USAGE_LINES = JsonFormat(name="usage-jsonl", title="usage as JSON Lines", matches=_matches, parts=whole, usage=_usage)
