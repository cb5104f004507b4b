"""Single pull requests by columns, costliest first: 50,000 of them in a few megabytes that a browser reads at once. Pure."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from pr_cost_bot.dashboard.entries import Entry
from pr_cost_bot.dashboard.figures import by_model
from pr_cost_bot.ledger.rows import exact_dollars
from pr_cost_bot.render.escape import clean
from pr_cost_bot.render.names import friendly

STATES = ("merged", "open", "closed")
_EPOCH = date(1970, 1, 1)
_PLAIN = re.compile(r"https?://[\w.~:/?#@!$&*+,;=%-]{1,2000}", re.ASCII)


class _Names:
    """Each name once, and a number that stands for it."""

    def __init__(self) -> None:
        self.found: dict[str, int] = {}

    def number(self, name: str) -> int:
        return self.found.setdefault(name, len(self.found))


def pull_columns(entries: Sequence[Entry], *, people: bool) -> dict[str, Any]:
    """`entries` by falling cost. `day` counts from 1970-01-01; `urls` are those that do not follow from `prefixes`."""
    repositories, models, labels, authors = _Names(), _Names(), _Names(), _Names()
    prefixes: dict[str, str] = {}
    urls: dict[str, str] = {}
    columns: dict[str, list[Any]] = {name: [] for name in ("repository", "number", "title", "state", "day", "cost", "commits")}
    columns |= {name: [] for name in ("input", "output", "model", "label", "ticket", "author", "flags")}
    for at, entry in enumerate(entries):
        repository = clean(entry.repository, 120)
        url = web_address(entry.url)
        prefix, matched = url.removesuffix(str(entry.pr_number)), url.endswith(f"/{entry.pr_number}")
        if not (matched and prefixes.setdefault(repository, prefix) == prefix):
            urls[str(at)] = url
        values = {
            "repository": repositories.number(repository),
            "number": entry.pr_number,
            "title": clean(entry.title, 200),
            "state": STATES.index(entry.state),
            "day": (entry.day - _EPOCH).days,
            "cost": exact_dollars(entry.cost_usd),
            "commits": entry.commits,
            "input": entry.input_tokens,
            "output": entry.output_tokens,
            "model": models.number(_costliest(entry)),
            "label": labels.number(clean(entry.cost_label or "", 50)),
            "ticket": clean(entry.ticket or "", 100),
            "author": authors.number(clean(entry.author, 60)),
            "flags": _flags(entry),
        }
        for name, value in values.items():
            columns[name].append(value)
    if not people:
        del columns["author"]
    return {
        "states": STATES,
        "repositories": list(repositories.found),
        "prefixes": [prefixes.get(name, "") for name in repositories.found],
        "models": list(models.found),
        "labels": list(labels.found),
        "authors": list(authors.found) if people else [],
        "urls": urls,
        "columns": columns,
    }


def _flags(entry: Entry) -> int:
    """1: a source did not answer in full. 2: settled, or open. 4: a model without a price is in no figure."""
    settled = entry.settled or entry.state == "open"
    return (0 if entry.complete else 1) | (2 if settled else 0) | (4 if entry.unpriced else 0)


def web_address(url: str) -> str:
    """The address if a browser may be sent there and every character of it is plain; else nothing."""
    if not _PLAIN.fullmatch(url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.netloc else ""


def _costliest(entry: Entry) -> str:
    """The model that most of the money went to."""
    costs = by_model([entry], str)
    return clean(friendly(max(costs, key=lambda model: (costs[model], model))), 60) if costs else ""
