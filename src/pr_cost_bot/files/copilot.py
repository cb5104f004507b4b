"""GitHub's billing reports (CSV) for Copilot: credits or premium requests per person, model and UTC day.

Source: https://docs.github.com/billing/reference/billing-reports and a real export, see tests/fixtures/files/README.md. SKU
and unit are open lists, so both are matched loosely. `gross_amount` is the cost of use; `net_amount` is what is paid, 0 inside
the pool.
"""

from decimal import Decimal

from pr_cost_bot.files.shapes import Cells, TableFormat, Usage
from pr_cost_bot.files.tags import tagged
from pr_cost_bot.files.values import count, name, number, period, usd
from pr_cost_bot.model import Tokens, UsageRecord
from pr_cost_bot.sources.reading import record_id

_CREDIT = Decimal("0.01")  # dollars
_AMOUNTS = (
    "quantity",
    "applied_cost_per_quantity",
    "gross_amount",
    "discount_amount",
    "net_amount",
    "total_monthly_quota",
    "aic_quantity",
    "aic_gross_amount",
    "input",
    "output",
    "cache_read",
    "cache_write",
)


def _matches(columns: frozenset[str]) -> bool:
    return {"date", "sku", "quantity"} <= columns and bool(columns & {"gross_amount", "net_amount", "aic_quantity"})


def _usage(cells: Cells) -> Usage | None:
    sku, unit = _plain(cells("sku")), _plain(cells("unit_type", "unittype"))
    in_credits = "aicredit" in sku or "aiunit" in sku or unit in {"aicredits", "aiunits", "credits", "aicredit", "credit"}
    if not in_credits and not ("request" in unit or "premiumrequest" in sku):
        return None  # seats, Actions minutes, storage: no usage of a model
    start, end = period(cells("date"), "date")
    model = name(cells("model")).removeprefix("Auto: ")
    organization, repository = name(cells("organization")), name(cells("repository"))
    record = UsageRecord(
        id=record_id("copilot-csv", *cells.key(*_AMOUNTS)),
        source="copilot",
        actor=name(cells("username", "user")),
        start=start,
        end=end,
        model=model or "unknown",
        tokens=_tokens(cells),
        cost_usd=_cost(cells, in_credits=in_credits),
        billed_usd=usd(cells("net_amount"), "net_amount"),
        product=_product(sku, model),
    )
    full = repository if "/" in repository else f"{organization}/{repository}" if organization and repository else ""
    return Usage(tagged(record, {"repository": full}))


def _cost(cells: Cells, *, in_credits: bool) -> Decimal | None:
    """Dollars. Rows of premium requests may have their amount in `aic_*`, what the same use costs in credits."""
    gross = usd(cells("gross_amount"), "gross_amount")
    if gross:
        return gross
    quantity = number(cells("quantity"), "quantity")
    if in_credits and quantity:
        return quantity * _CREDIT
    ours = usd(cells("aic_gross_amount"), "aic_gross_amount")
    held = number(cells("aic_quantity"), "aic_quantity")
    if ours or held:
        return ours or (held or Decimal(0)) * _CREDIT
    return gross if gross is not None else Decimal(0) if quantity == 0 else None


def _tokens(cells: Cells) -> Tokens:
    """Newer reports have tokens. As in Copilot's other figures, `input` holds the cache reads."""
    read, write = count(cells("cache_read"), "cache_read"), count(cells("cache_write"), "cache_write")
    return Tokens(max(count(cells("input"), "input"), read + write), read, write, count(cells("output"), "output"))


def _product(sku: str, model: str) -> str:
    if sku.startswith("codingagent") or model == "Coding Agent model":
        return "coding_agent"
    if model == "Code Review model":
        return "code_review"
    return "spark" if sku.startswith("spark") else ""


def _plain(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


COPILOT = TableFormat(name="copilot-csv", title="GitHub Copilot billing report", matches=_matches, usage=_usage)
