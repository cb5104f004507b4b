"""FOCUS 1.3, the FinOps Open Cost and Usage Specification (focus.finops.org), with its columns for split cost allocation.

Every row is an allocated charge: the share of one hour's (or day's) usage of one model that lies on one pull request, or on
none. The rows of one origin charge (`ResourceId`) add up to it. What the usage cannot know is said in docs/reports.md.
"""

import csv
import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TextIO

from pr_cost_bot.exports.charges import Charge
from pr_cost_bot.ledger.files import cell
from pr_cost_bot.ledger.rows import exact_dollars, rfc3339

VERSION = "1.3"
_TITLES = {
    "anthropic": "Anthropic",
    "openai": "OpenAI",
    "cursor": "Cursor",
    "copilot": "GitHub",
    "openrouter": "OpenRouter",
}
_TAG_PREFIX = "pr-cost-bot/"


def write_focus(found: Iterable[Charge], account: str, out: TextIO) -> int:
    """Write the rows as CSV. `account`: what to put into BillingAccountId. Returns how many there were."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for charge in found:
        row = focus_row(charge, account)
        writer.writerow([cell(row[column]) for column in COLUMNS])
        count += 1
    return count


def focus_row(charge: Charge, account: str) -> dict[str, str | int | None]:
    """One charge by FOCUS column. None is null."""
    return {**_money(charge), **_time(charge, account), **_service(charge), **_allocation(charge), **_own(charge)}


def _money(charge: Charge) -> dict[str, str | int | None]:
    cost = exact_dollars(charge.cost_usd)
    return {
        "BilledCost": exact_dollars(charge.billed_usd or Decimal(0)),  # must not be null; x_BilledCostKnown tells
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "ListCost": cost,
        "BillingCurrency": "USD",
        "ConsumedQuantity": charge.input_tokens + charge.output_tokens,
        "ConsumedUnit": "Tokens",
        "PricingQuantity": None,
        "PricingUnit": None,
        "PricingCategory": "Standard",
    }


def _time(charge: Charge, account: str) -> dict[str, str | int | None]:
    month = charge.start.replace(day=1, hour=0)
    return {
        "BillingAccountId": account,
        "BillingAccountName": account,
        "InvoiceId": None,  # the vendors' usage does not tell on which invoice it will be
        "BillingPeriodStart": rfc3339(month),
        "BillingPeriodEnd": rfc3339(_next_month(month)),
        "ChargePeriodStart": rfc3339(charge.start),
        "ChargePeriodEnd": rfc3339(charge.end),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"{charge.model} by {_TITLES.get(charge.source, charge.source)}",
    }


def _service(charge: Charge) -> dict[str, str | int | None]:
    vendor = _TITLES.get(charge.source, charge.source)
    return {
        "ServiceProviderName": vendor,
        "HostProviderName": vendor,
        "InvoiceIssuerName": vendor,
        "ProviderName": vendor,
        "PublisherName": vendor,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": charge.product or vendor,
        "SkuId": charge.model,
        "SkuMeter": "Tokens",
        "SkuPriceId": None,
        "ResourceId": f"{charge.source}/{charge.product}/{charge.model}/{charge.person}",
        "ResourceName": charge.model,
        "ResourceType": "Model",
        "Tags": json.dumps({f"{_TAG_PREFIX}person": charge.person}) if charge.person else None,
    }


def _allocation(charge: Charge) -> dict[str, str | int | None]:
    """Null where nothing is allocated: the unallocated part of its origin charge."""
    if charge.pr_number is None:
        return dict.fromkeys(
            ("AllocatedMethodId", "AllocatedMethodDetails", "AllocatedResourceId", "AllocatedResourceName", "AllocatedTags")
        )
    name = f"{charge.repository}#{charge.pr_number}"
    tags = {
        "repository": charge.repository,
        "pull_request": name,
        "ticket": charge.ticket,
        "purpose": charge.purpose,
        "label": charge.cost_label,
    }
    return {
        "AllocatedMethodId": charge.evidence,
        "AllocatedMethodDetails": None,
        "AllocatedResourceId": name,
        "AllocatedResourceName": name,
        "AllocatedTags": json.dumps({_TAG_PREFIX + key: value for key, value in tags.items() if value}),
    }


def _own(charge: Charge) -> dict[str, str | int | None]:
    return {
        "x_BilledCostKnown": str(charge.billed_usd is not None).lower(),
        "x_UnattributedReason": charge.reason or None,
        "x_Requests": charge.requests,
        "x_InputTokens": charge.input_tokens,
        "x_CacheReadTokens": charge.cache_read_tokens,
        "x_CacheWriteTokens": charge.cache_write_tokens,
        "x_OutputTokens": charge.output_tokens,
        "x_PriceKnown": str(charge.priced).lower(),  # EffectiveCost must not be null
    }


def _next_month(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


COLUMNS = (
    *("BilledCost", "EffectiveCost", "ContractedCost", "ListCost", "BillingCurrency", "ConsumedQuantity", "ConsumedUnit"),
    *("PricingQuantity", "PricingUnit", "PricingCategory", "BillingAccountId", "BillingAccountName", "InvoiceId"),
    *("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ChargeClass"),
    *("ChargeFrequency", "ChargeDescription", "ServiceProviderName", "HostProviderName", "InvoiceIssuerName"),
    *("ProviderName", "PublisherName", "ServiceCategory", "ServiceSubcategory", "ServiceName", "SkuId", "SkuMeter"),
    *("SkuPriceId", "ResourceId", "ResourceName", "ResourceType", "Tags", "AllocatedMethodId", "AllocatedMethodDetails"),
    *("AllocatedResourceId", "AllocatedResourceName", "AllocatedTags", "x_BilledCostKnown", "x_UnattributedReason"),
    *("x_Requests", "x_InputTokens", "x_CacheReadTokens", "x_CacheWriteTokens", "x_OutputTokens", "x_PriceKnown"),
)
"""In the order in which they are written."""
