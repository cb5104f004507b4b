"""The result file of anthropics/claude-code-action: the exact cost of one CI run (a review, a task) on a pull request.

`claude-execution-output.json` is a list of messages (or a line for each); the last of them is
`{"type":"result","total_cost_usd",
"session_id","usage":{…},"modelUsage":{"<model>":{"inputTokens","outputTokens","cacheReadInputTokens","cacheCreationInputTokens",
"costUSD"}}}`. The amount is Claude Code's list price. It is a line of its own: product `ci`.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from pr_cost_bot.model import RECEIPT_SOURCE, Tokens, UsageRecord, reference_of
from pr_cost_bot.receipts.amounts import AmountError, amount, count, mapping, split, text, without_noise

PRODUCT = "ci"


def read_result(file: str, *, repository: str, pr_number: int, when: datetime, run: str) -> tuple[UsageRecord, ...]:
    """Usage of one CI run, by model, on the pull request it ran for; empty when the file holds no result with an amount.

    `run` makes the ids unique where the file has no session id (the workflow run's id will do).
    """
    results = [message for message in _messages(file) if message.get("type") == "result"]
    result = results[-1] if results else {}
    try:
        total = without_noise(amount(result.get("total_cost_usd")))
        parts = _parts(result, total)
    except AmountError:
        return ()
    session = text(result.get("session_id"))
    return tuple(
        UsageRecord(
            id=f"{RECEIPT_SOURCE}:{PRODUCT}:{session or run}:{model}",
            source=RECEIPT_SOURCE,
            product=PRODUCT,
            actor="",
            start=when,
            end=when,
            model=model or "unknown",
            tokens=tokens,
            cost_usd=cost,
            provider="anthropic",
            repository=repository,
            pr_number=pr_number,
            session=session or None,
            reference=reference_of(session_id=session, run="" if session else run),
        )
        for model, tokens, cost in parts
        if cost or tokens
    )


def _parts(result: dict[str, Any], total: Decimal) -> list[tuple[str, Tokens, Decimal]]:
    """Model, tokens, dollars; the total stands even where the models' amounts do not sum to it."""
    models = {text(name): mapping(usage) for name, usage in mapping(result.get("modelUsage")).items()}
    if models:
        costs = [without_noise(amount(usage.get("costUSD", 0))) for usage in models.values()]
        parts = split(total, costs)
        return [(model, _by_model(models[model]), part) for model, part in zip(models, parts, strict=True)]
    return [("", _overall(mapping(result.get("usage"))), total)]


def _by_model(usage: dict[str, Any]) -> Tokens:
    read, write = count(usage.get("cacheReadInputTokens")), count(usage.get("cacheCreationInputTokens"))
    return Tokens(count(usage.get("inputTokens")) + read + write, read, write, count(usage.get("outputTokens")))


def _overall(usage: dict[str, Any]) -> Tokens:
    read, write = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    return Tokens(count(usage.get("input_tokens")) + read + write, read, write, count(usage.get("output_tokens")))


def _messages(file: str) -> Iterator[dict[str, Any]]:
    try:
        whole = _json(file)
    except (ValueError, RecursionError, ArithmeticError):
        for line in file.split("\n"):
            try:
                yield mapping(_json(line))
            except (ValueError, RecursionError, ArithmeticError):
                continue
        return
    yield from map(mapping, whole if isinstance(whole, list) else [whole])


def _json(part: str) -> object:
    parsed: object = json.loads(part, parse_float=Decimal, parse_constant=str)
    return parsed
