"""Trailers of the VS Code extension Copilot Budget, all versions (github.com/mooracle/copilot-budget, README and changelog).

2.0 and 1.0: `Copilot-AI-Credits: 42.31` (1 credit = $0.01), `Copilot-AI-Credits-Models: Claude Sonnet
4.6=40.81,GPT-4.1=1.50`, `Copilot-Est-Cost: 0.42` (1.0 with `$`, credits with `~`). Before: `Copilot-Premium-Requests: 15.00`,
`Copilot-Est-Cost: $0.60`, `Copilot-Model: claude_sonnet_4 1250/3800/1.00` (input/output/premium requests; tokens estimated
from characters), and the same under `AI-Premium-Requests`, `AI-Est-Cost`, `AI-Model`. They speak of the same usage: the most
precise unit counts. The extension's squash hook sums the credits and leaves the other lines, so the unit is chosen once for
the whole message.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from pr_cost_bot.model import NO_TOKENS, Tokens
from pr_cost_bot.receipts.amounts import ABSURD_USD, AmountError, amount, count, split, text
from pr_cost_bot.receipts.claims import Claim, Refusals
from pr_cost_bot.receipts.messages import Block

FORMAT = "copilot-budget"
TOOL = "copilot"
_USD_PER_CREDIT = Decimal("0.01")
_USD_PER_REQUEST = Decimal("0.04")  # GitHub's price of a premium request, until June 2026
_CREDITS_LIMIT = ABSURD_USD / _USD_PER_CREDIT

_CREDITS, _CREDITS_BY_MODEL = "copilot-ai-credits", "copilot-ai-credits-models"
_COST = ("copilot-est-cost", "ai-est-cost")
_REQUESTS = ("copilot-premium-requests", "ai-premium-requests")
_MODELS = ("copilot-model", "ai-model")


class _Share(msgspec.Struct, frozen=True):
    model: str
    weight: Decimal
    tokens: Tokens = NO_TOKENS


class _Budget(msgspec.Struct, frozen=True):
    """One block's amounts in dollars, None where the unit is absent, and how its models share them."""

    by_credits: Decimal | None
    by_cost: Decimal | None
    by_requests: Decimal | None
    shares: tuple[_Share, ...]

    def claims(self, dollars: Decimal) -> list[Claim]:
        shares = self.shares or (_Share("", Decimal(1)),)
        parts = split(dollars, [share.weight for share in shares]) if len(shares) > 1 else (dollars,)
        return [
            Claim(format=FORMAT, tool=TOOL, model=share.model, tokens=share.tokens, cost_usd=part)
            for share, part in zip(shares, parts, strict=True)
            if part
        ]


def read(blocks: Sequence[Block], refused: Refusals) -> list[list[Claim]]:
    """The claims of each block."""
    budgets = [_budget(block, refused) for block in blocks]
    units: tuple[Callable[[_Budget], Decimal | None], ...] = (
        lambda budget: budget.by_credits,
        lambda budget: budget.by_cost,
        lambda budget: budget.by_requests,
    )
    for unit in units:
        if any(unit(budget) is not None for budget in budgets):
            return [budget.claims(unit(budget) or Decimal(0)) for budget in budgets]
    return [[] for _ in budgets]


def is_legacy(block: Block) -> bool:
    """Whether `AI-Model` in this block is Copilot Budget's and not ours."""
    return any(trailer.key in {"ai-est-cost", "ai-premium-requests"} for trailer in block)


def _budget(block: Block, refused: Refusals) -> _Budget:
    values = {key: [t.value for t in block if t.key == key] for key in {trailer.key for trailer in block}}

    def dollars(keys: Sequence[str], usd_per_unit: Decimal) -> Decimal | None:
        found = [number for key in keys for number in _numbers(key, values.get(key, []), ABSURD_USD / usd_per_unit, refused)]
        return sum(found, Decimal(0)) * usd_per_unit if found else None

    by_model = _credits_by_model(values.get(_CREDITS_BY_MODEL, []), refused)
    legacy = _legacy_models(
        [value for key in _MODELS if key != "ai-model" or is_legacy(block) for value in values.get(key, [])]
    )
    by_credits = dollars([_CREDITS], _USD_PER_CREDIT)
    if by_credits is None and by_model:
        by_credits = sum((share.weight for share in by_model), Decimal(0))
    by_requests = dollars(_REQUESTS, _USD_PER_REQUEST)
    if by_requests is None and any(share.weight for share in legacy):
        by_requests = sum((share.weight for share in legacy), Decimal(0)) * _USD_PER_REQUEST
    return _Budget(by_credits, dollars(_COST, Decimal(1)), by_requests, by_model or legacy)


def _numbers(key: str, values: Sequence[str], limit: Decimal, refused: Refusals) -> list[Decimal]:
    found: list[Decimal] = []
    for value in values:
        try:
            number = amount(value, limit=limit)
        except AmountError as reason:
            refused.append(f"{key} {reason}")
            continue
        if number in found:
            refused.append(f"{key} stands there twice with the same amount")
        else:
            found.append(number)
    return found


def _credits_by_model(values: Sequence[str], refused: Refusals) -> tuple[_Share, ...]:
    """`Claude Sonnet 4.6=40.81,GPT-4.1=1.50`, in dollars."""
    shares: dict[str, Decimal] = {}
    for pair in ",".join(dict.fromkeys(values)).split(",")[:200]:
        name, separator, value = pair.rpartition("=")
        if not separator:
            continue
        try:
            dollars = amount(value, limit=_CREDITS_LIMIT) * _USD_PER_CREDIT
        except AmountError as reason:
            refused.append(f"{_CREDITS_BY_MODEL} {reason}")
            continue
        shares[text(name)] = shares.get(text(name), Decimal(0)) + dollars
    return tuple(_Share(model, dollars) for model, dollars in shares.items() if dollars)


def _legacy_models(values: Sequence[str]) -> tuple[_Share, ...]:
    """`claude_sonnet_4 1250/3800/1.00`; a bare name is a model without figures."""
    shares = []
    for value in values[:50]:
        name, _, figures = value.strip().rpartition(" ")
        parts = figures.split("/")
        try:
            tokens = Tokens(input=count(parts[0]), output=count(parts[1]))
            requests = amount(parts[2])
        except (IndexError, AmountError):
            name, tokens, requests = value, NO_TOKENS, Decimal(0)
        shares.append(_Share(text(name).replace("_", "-"), requests, tokens))
    return tuple(shares)
