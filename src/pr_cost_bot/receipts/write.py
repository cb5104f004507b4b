"""Our own trailers for a commit message: what `own.read` reads."""

from collections.abc import Iterable
from decimal import Decimal

from pr_cost_bot.receipts.amounts import ABSURD_USD
from pr_cost_bot.receipts.messages import trailer_blocks
from pr_cost_bot.receipts.own import COST, MODEL


def trailers(costs: Iterable[tuple[str, Decimal]]) -> str:
    """Lines for models and their dollars, ending in a line feed; empty when nothing was spent.

    Raises: ValueError for an amount that no reader would believe (negative, not finite, above $10,000).
    """
    lines = []
    for model, dollars in costs:
        if not dollars.is_finite() or not 0 <= dollars <= ABSURD_USD:
            raise ValueError(f"{dollars} is no amount for a receipt.")
        if dollars:
            name = " ".join("".join(c if c.isprintable() else " " for c in model).split())[:200].strip()
            lines += [f"{MODEL}: {name or 'unknown'}", f"{COST}: {dollars:f}"]
    return "".join(f"{line}\n" for line in lines)


def append(message: str, costs: Iterable[tuple[str, Decimal]]) -> str:
    """The message with our trailers at its end, in its block of trailers where it has one.

    Raises: ValueError for an unbelievable amount, or for a message without a title: git knows no trailers there.
    """
    block = trailers(costs)
    if not message.strip():
        raise ValueError("A commit message needs a title before its trailers.")
    if not block:
        return message
    body = message.rstrip()
    joined = f"{body}\n{block}"
    last = trailer_blocks(joined)[-1:] if trailer_blocks(body) else ()
    return joined if last and last[0][-1].key == COST.lower() else f"{body}\n\n{block}"
