"""Our own trailers: `AI-Model` and `AI-Cost-Estimate`, a pair for each model. See `write` for the other direction."""

from pr_cost_bot.receipts.amounts import AmountError, amount, text
from pr_cost_bot.receipts.claims import Claim, Refusals
from pr_cost_bot.receipts.messages import Block, Trailer

MODEL = "AI-Model"
COST = "AI-Cost-Estimate"
FORMAT = "ai-cost-estimate"
_KEYS = (MODEL.lower(), COST.lower())


def read(block: Block, refused: Refusals) -> list[Claim]:
    """One claim for each amount. An amount beside several models is theirs together: its model stays empty."""
    trailers = [trailer for trailer in block if trailer.key in _KEYS]
    claims: list[Claim] = []
    for models, cost in _groups(trailers):
        try:
            claim = Claim(format=FORMAT, model=models[0] if len(models) == 1 else "", cost_usd=amount(cost))
        except AmountError as reason:
            refused.append(f"{COST} {reason}")
            continue
        if claim in claims:
            refused.append(f"{COST} stands there twice for the same model")
        elif claim:
            claims.append(claim)
    return claims


def _groups(trailers: list[Trailer]) -> list[tuple[list[str], str]]:
    """Models with their amount. Whichever key comes first begins every group."""
    if not trailers:
        return []
    starts_with_cost = trailers[0].key == _KEYS[1]
    groups: list[tuple[list[str], list[str]]] = []
    last = ""
    for trailer in trailers:
        first_key = trailer.key == _KEYS[starts_with_cost]
        if not groups or (first_key and (starts_with_cost or last != trailer.key)):
            groups.append(([], []))
        groups[-1][trailer.key == _KEYS[1]].append(trailer.value)
        last = trailer.key
    return [([text(model) for model in models], cost) for models, costs in groups for cost in costs]
