"""FOCUS 1.x cost and usage data (CSV): https://focus.finops.org/focus-specification/.

Only charges for usage of AI services are read; purchases, taxes and credits are not usage. The person, the model and the token
classes have no columns in FOCUS: they are read from `Tags`, `SkuPriceDetails` and the `x_` columns that are in use.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pr_cost_bot.files.shapes import Cells, TableFormat, Usage
from pr_cost_bot.files.tags import tagged
from pr_cost_bot.files.values import BadValueError, count, fields, moment, name, usd
from pr_cost_bot.files.vendors import vendor_of_model, vendor_of_provider
from pr_cost_bot.model import Tokens, UsageRecord
from pr_cost_bot.sources.reading import record_id

_MODEL_COLUMNS = ("x_modelid", "x_aimodel", "x_model", "x_modelname")
_PERSON_COLUMNS = ("x_useremail", "x_user", "x_userid")
_PERSON_KEYS = ("user_email", "user.email", "email", "user", "developer", "owner")
_TOKEN_COLUMNS = (
    "x_inputtokens",
    "x_outputtokens",
    "x_cachereadtokens",
    "x_cachedtokens",
    "x_cachewritetokens",
    "x_reasoningtokens",
)
_AMOUNTS = (
    "billedcost",
    "effectivecost",
    "contractedcost",
    "listcost",
    "consumedquantity",
    "pricingquantity",
    "listunitprice",
    "contractedunitprice",
    "invoiceid",
    "x_requests",
    "x_totaltokens",
    *_TOKEN_COLUMNS,
)


def _matches(columns: frozenset[str]) -> bool:
    return {"billedcost", "chargeperiodstart", "chargeperiodend"} <= columns


def _usage(cells: Cells) -> Usage | None:
    if cells("chargecategory").lower() not in {"", "usage"} or not _is_ai(cells):
        return None
    if cells("billingcurrency").upper() not in {"", "USD"}:
        raise BadValueError("BillingCurrency", "USD")
    start, end = _period(cells)
    labels, details = _object(cells("tags"), "Tags"), _object(cells("skupricedetails", "x_skudetails"), "SkuPriceDetails")
    model = _model(cells, details)
    cost, listed = _cost(cells)
    names = _names(cells, labels)
    record = UsageRecord(
        id=record_id("focus-csv", *cells.key(*_AMOUNTS)),
        source=_vendor(cells, model),
        actor=names[0] if names else "",
        start=start,
        end=end,
        model=model or "unknown",
        tokens=_tokens(cells, details),
        requests=count(cells("x_requests"), "x_Requests"),
        cost_usd=cost,
        billed_usd=usd(cells("billedcost"), "BilledCost"),
        product=name(cells("servicename")).lower().replace(" ", "_"),
        listed=listed,
    )
    return Usage(tagged(record, labels), names[1:])


def _is_ai(cells: Cells) -> bool:
    if any(cells(column) for column in (*_MODEL_COLUMNS, *_TOKEN_COLUMNS)):
        return True
    category = cells("servicecategory").lower()
    known = vendor_of_provider(cells("servicename"), cells("serviceprovidername", "providername"), cells("publishername"))
    return category.startswith("ai and machine learning") or (not category and bool(known))


def _period(cells: Cells) -> tuple[datetime, datetime]:
    start = moment(cells("chargeperiodstart"), "ChargePeriodStart")
    end = moment(cells("chargeperiodend"), "ChargePeriodEnd")
    if end < start:
        raise BadValueError("ChargePeriodEnd", "a time after ChargePeriodStart")
    return start, end


def _cost(cells: Cells) -> tuple[Decimal | None, bool]:
    """What the use costs after discounts, and whether only a list price is known. Usage inside a subscription has no more."""
    for column, title in (
        ("effectivecost", "EffectiveCost"),
        ("contractedcost", "ContractedCost"),
        ("billedcost", "BilledCost"),
    ):
        if amount := usd(cells(column), title):
            return amount, False
    listed = usd(cells("listcost"), "ListCost")
    return (listed, True) if listed else (None if _has_tokens(cells) else listed, False)


def _has_tokens(cells: Cells) -> bool:
    return any(cells(column) for column in _TOKEN_COLUMNS) or "token" in cells("consumedunit").lower()


def _model(cells: Cells, details: Mapping[str, Any]) -> str:
    if found := name(cells(*_MODEL_COLUMNS)):
        return found
    plain = {key.lower().replace("_", "").removeprefix("x"): value for key, value in details.items()}
    said = (name(plain.get(key)) for key in ("modelid", "model", "modelname", "aimodel"))
    return next((text for text in said if text), "") or name(cells("skuid", "skumeter"))


def _vendor(cells: Cells, model: str) -> str:
    providers = (cells("servicename"), cells("serviceprovidername", "providername"), cells("publishername"))
    return vendor_of_provider(*providers) or vendor_of_model(model) or "focus"


def _names(cells: Cells, labels: Mapping[str, Any]) -> tuple[str, ...]:
    known = {key.lower().removeprefix("user:"): value for key, value in labels.items()}
    found = [name(cells(column)) for column in _PERSON_COLUMNS] + [name(known.get(key)) for key in _PERSON_KEYS]
    return tuple(dict.fromkeys(text for text in found if text))


def _tokens(cells: Cells, details: Mapping[str, Any]) -> Tokens:
    """The `x_` columns, or one quantity of one class. Token counts are apart unless the total says that they are not."""
    if any(cells(column) for column in _TOKEN_COLUMNS):
        plain, output = count(cells("x_inputtokens"), "x_InputTokens"), count(cells("x_outputtokens"), "x_OutputTokens")
        read = count(cells("x_cachereadtokens", "x_cachedtokens"), "x_CacheReadTokens")
        write = count(cells("x_cachewritetokens"), "x_CacheWriteTokens")
        inside = count(cells("x_totaltokens"), "x_TotalTokens") == plain + output and plain >= read + write
        return Tokens(plain if inside else plain + read + write, read, write, output)
    if "token" not in cells("consumedunit").lower():
        return Tokens()
    quantity = count(cells("consumedquantity"), "ConsumedQuantity")
    about = " ".join((cells("skumeter"), cells("chargedescription"), *(name(value) for value in details.values()))).lower()
    if "output" in about:
        return Tokens(output=quantity)
    if "cache" in about:
        return Tokens(quantity, cache_write=quantity) if "writ" in about or "creat" in about else Tokens(quantity, quantity)
    return Tokens(quantity)


def _object(text: str, column: str) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        return fields(json.loads(text, parse_float=Decimal))
    except (ValueError, RecursionError):
        raise BadValueError(column, "a JSON object") from None


FOCUS = TableFormat(name="focus-csv", title="FOCUS cost and usage data", matches=_matches, usage=_usage)
