"""Every answer of `report` over the generated organisation, in plain Python: nothing of the program's is called.

Rows are dictionaries with the columns of the answer, in its order.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from statistics import median

from tests.organisation import COMPUTED, NOW, organisation

ZERO = Decimal(0)
NO_PULL, NONE, NO_REPOSITORY = "(no pull request)", "(none)", "(no repository)"
TIMES = {"day", "week", "month"}
MEASURES = ("cost", "on", "billed", "unknown", "requests", "input", "read", "write", "output")
MONEY = MEASURES[:4]
PRICES = {"fresh": Decimal("3e-6"), "read": Decimal("3e-7"), "write": Decimal("3.75e-6"), "output": Decimal("15e-6")}
UNPRICED = "composer-2"


def tickets(pull):
    return pull.ticket.split(", ") if pull.ticket else []


def part(one, whole):
    return Decimal(one) / Decimal(whole) if whole else None


def measures(shares):
    return {
        "cost": sum((s.cost for s in shares), ZERO),
        "on": sum((s.cost for s in shares if s.pr_number), ZERO),
        "billed": sum((s.billed for s in shares if s.billed is not None), ZERO),
        "unknown": sum((s.cost for s in shares if s.billed is None), ZERO),
        "requests": sum(s.requests for s in shares),
        "input": sum(s.tokens.input for s in shares),
        "read": sum(s.tokens.cache_read for s in shares),
        "write": sum(s.tokens.cache_write for s in shares),
        "output": sum(s.tokens.output for s in shares),
    }


def known(billed, unknown):
    """What is known of a bill: all of it, a part of it, nothing."""
    if not unknown:
        return billed
    return f"at least ${billed.quantize(Decimal('0.01'), ROUND_HALF_UP):,}" if billed >= Decimal("0.01") else None


def columns(found, whole):
    """As a grouping shows them."""
    return {
        "cost_usd": found["cost"],
        "share": part(found["cost"], whole),
        "attributed_usd": found["on"],
        "billed_usd": known(found["billed"], found["unknown"]),
        "requests": found["requests"],
        "input_tokens": found["input"],
        "cache_hit_rate": part(found["read"], found["input"]),
        "output_tokens": found["output"],
    }


@cache
def _by_pull():
    """Pull requests, their shares and their labels."""
    org, parts = organisation(), defaultdict(list)
    for share in org.shares:
        parts[share.repository, share.pr_number].append(share)
    pulls = {(pull.repository, pull.number): pull for pull in org.pulls}
    costs = {key: sum((share.cost for share in parts[key]), ZERO) for key in pulls}
    label = {
        key: None if not c else "cost:low" if c < 2 else "cost:medium" if c < 20 else "cost:high" for key, c in costs.items()
    }
    return pulls, parts, label


class Expected:
    """What is to come out for days from `start` to before `end`. `filters`: as `report` has them. `team`: a person's."""

    def __init__(self, start, end, filters=None, team=None):
        self.start, self.end, self.filters, self.team = start, end, filters or {}, team
        self.pulls, self.parts, self.label = _by_pull()
        self.shares = [share for day, share in self._dated() if start <= day < end]

    def day(self, share):
        """On which it counts; None: on none."""
        return share.start.date()

    def _dated(self):
        return [(day, share) for share in organisation().shares if (day := self.day(share)) and self._wants(share)]

    def before(self):
        return type(self)(self.start - (self.end - self.start), self.start, self.filters, self.team)

    def pull_of(self, share):
        return self.pulls.get((share.repository, share.pr_number))

    def _wants(self, share):
        names = {name: self.name(share, name.replace("_", "-")).split(", ") for name in self.filters}
        return all(set(names[name]) & set(values) for name, values in self.filters.items())

    def _is(self, pull, name, values):
        if name in {"source", "product", "model"}:
            return True  # these take a part of it
        own = {"developer": pull.author, "repository": pull.repository, "pull_request": f"{pull.repository}#{pull.number}"}
        own |= {"purpose": pull.purpose, "label": self.label[pull.repository, pull.number], "ticket": pull.ticket}
        return bool(set((own[name] or NONE).split(", ")) & set(values))

    def cost(self, pull):
        """What counts of it, whenever it was used."""
        narrow = {name: values for name, values in self.filters.items() if name in {"source", "product", "model"}}
        shares = self.parts[pull.repository, pull.number]
        return sum((s.cost for s in shares if all(getattr(s, name) in values for name, values in narrow.items())), ZERO)

    def ended(self, moment):
        """Pull requests whose `moment` is in the period."""
        wanted = (pull for pull in organisation().pulls if all(self._is(pull, name, v) for name, v in self.filters.items()))
        return [pull for pull in wanted if moment(pull) and self.start <= moment(pull).date() < self.end]

    def merged(self):
        return self.ended(lambda pull: pull.merged_at)

    # Spend

    def name(self, share, dimension):
        day, pull = self.day(share), self.pull_of(share)
        if dimension in {"source", "product", "model"}:
            return getattr(share, dimension) or NONE
        if dimension in TIMES:
            first = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}
            return f"{first[dimension]}"
        if dimension in {"developer", "team"}:
            return share.person if dimension == "developer" else self.team(share.person)
        if dimension == "repository":
            return share.repository or NO_REPOSITORY
        if pull is None:
            return NO_PULL
        return {
            "pull-request": f"{pull.repository}#{pull.number}",
            "ticket": pull.ticket or NONE,
            "purpose": pull.purpose or NONE,
            "label": self.label[pull.repository, pull.number] or NONE,
        }[dimension]

    def groups(self, *dimensions):
        shares = defaultdict(list)
        for share in self.shares:
            shares[tuple(self.name(share, dimension) for dimension in dimensions)].append(share)
        found = {key: measures(some) for key, some in shares.items()}
        return self._split(found, dimensions.index("ticket")) if "ticket" in dimensions else found

    def _split(self, found, at):
        """Equal parts for each ticket; what does not divide goes to the first ones."""
        merged = defaultdict(lambda: dict.fromkeys(MEASURES, ZERO))
        for key, whole in found.items():
            names = key[at].split(", ")
            for place, name in enumerate(names):
                if name not in self.filters.get("ticket", [name]):
                    continue
                kept = merged[*key[:at], name, *key[at + 1 :]]
                for measure, value in whole.items():
                    units = int(value.scaleb(12)) if measure in MONEY else int(value)
                    one = units // len(names) + (place < units % len(names))
                    kept[measure] += Decimal(one).scaleb(-12) if measure in MONEY else one
        return merged

    def by(self, *dimensions):
        """Rows and the total."""
        found = self.groups(*dimensions)
        whole = {name: sum(one[name] for one in found.values()) for name in MEASURES}
        times = [at for at, name in enumerate(dimensions) if name in TIMES]
        ordered = sorted(found, key=lambda key: ([key[at] for at in times], -found[key]["cost"], key))
        rows = [{**dict(zip(dimensions, key, strict=True)), **columns(found[key], whole["cost"])} for key in ordered]
        return rows, columns(whole, whole["cost"])

    # The headline

    def figures(self):
        merged = self.merged()
        costs = [self.cost(pull) for pull in merged]
        total, spent = sum(costs, ZERO), measures(self.shares)
        commits = sum(pull.commits for pull in merged)
        by_ticket = defaultdict(Decimal)
        for pull, cost in zip(merged, costs, strict=True):
            for name in tickets(pull):
                if name in self.filters.get("ticket", [name]):
                    by_ticket[name] += cost / len(tickets(pull))
        of_tickets = list(by_ticket.values())
        found = [
            part(total, len(merged)),
            median(costs) if costs else None,
            part(spent["cost"], len(merged)),
            part(total, commits),
            part(sum(of_tickets, ZERO), len(of_tickets)),
            median(of_tickets) if of_tickets else None,
            total,
            spent["cost"],
            spent["cost"] - spent["on"],
            known(spent["billed"], spent["unknown"]),
        ]
        return found, (len(merged), commits, len(of_tickets))

    def overview(self):
        pairs = zip(self.figures()[0], self.before().figures()[0], strict=True)
        return [{"now": now, "before": old, "change": self._change(now, old)} for now, old in pairs]

    def _change(self, now, old):
        if isinstance(now, str) or isinstance(old, str):
            return None
        return now / old - 1 if old and now is not None else None

    # What drives it

    def concentration(self):
        rows = []
        for kind, nobody in (("repository", NO_REPOSITORY), ("pull-request", NO_PULL), ("developer", "")):
            costs = {key: found["cost"] for (key,), found in self.groups(kind).items() if key != nobody and found["cost"] > 0}
            ranked = sorted(costs, key=lambda name: (-costs[name], name))
            total, count = sum(costs.values(), ZERO), len(costs)
            top = (count + 9) // 10
            half = next(n for n in range(count + 1) if 2 * sum((costs[name] for name in ranked[:n]), ZERO) >= total)
            rows.append(
                {
                    "by": kind,
                    "count": count,
                    "top": top,
                    "top_share": part(sum((costs[name] for name in ranked[:top]), ZERO), total),
                    "half": half,
                    "half_part": part(half, count),
                    "names": ", ".join(ranked[: min(half, 3)]),
                }
            )
        return rows

    def caching(self):
        rows = []
        for row in self.by("model")[0]:
            found = self.groups("model")[row["model"],]
            saved = found["read"] * (PRICES["fresh"] - PRICES["read"]) + found["write"] * (PRICES["fresh"] - PRICES["write"])
            known = None if row["model"] == UNPRICED else saved
            rows.append({**row, "cache_read_tokens": found["read"], "saved_usd": known})
        return rows

    def mix(self):
        weeks = defaultdict(lambda: defaultdict(Decimal))
        for share in self.shares:
            weeks[date.fromisoformat(self.name(share, "week"))][share.model] += share.cost
        rows = []
        for week in sorted(weeks):
            here, old = weeks[week], weeks.get(week - timedelta(days=7))
            total = sum(here.values())
            for model in sorted({*here, *(old or {})}, key=lambda model: (-here.get(model, ZERO), model)):
                share = here.get(model, ZERO) / total
                change = None if old is None else share - old.get(model, ZERO) / sum(old.values())
                rows.append({"week": week, "model": model, "cost_usd": here.get(model, ZERO), "share": share, "change": change})
        return rows

    def reasons(self, name):
        """By `name(share)`; what it gives no name to is left out."""
        costs = defaultdict(Decimal)
        for share in self.shares:
            costs[name(share)] += share.cost
        total = sum(costs.values())
        ordered = sorted((key for key in costs if key), key=lambda key: (-costs[key], key))
        return [{"reason": key, "cost_usd": costs[key], "share": part(costs[key], total)} for key in ordered]

    def unmerged(self):
        told = {"open": "on open pull requests", "closed": "on pull requests closed without a merge", "merged": ""}
        return self.reasons(lambda share: told[self.pull_of(share).state] if self.pull_of(share) else share.reason)

    def unattributed(self):
        return self.reasons(lambda share: share.reason)

    def billed(self):
        rows = []
        for row in self.by("source")[0]:
            shares = [s for s in self.shares if s.source == row["source"]]
            found, priced = measures(shares), measures([s for s in shares if s.model != UNPRICED])
            fresh = priced["input"] - priced["read"] - priced["write"]
            listed = sum(({"fresh": fresh, **priced}[kind] * price for kind, price in PRICES.items()), ZERO)
            some = any(s.model != UNPRICED for s in shares)
            told = any(s.billed is not None for s in shares)
            rows.append(
                {
                    "source": row["source"],
                    "list_usd": listed if some else None,
                    "cost_usd": found["cost"],
                    "billed_usd": found["billed"] if told else None,
                    "included_usd": sum((s.cost - s.billed for s in shares if s.billed is not None), ZERO) if told else None,
                    "unknown_usd": found["unknown"],
                }
            )
        return rows

    # Pull requests and months

    def outliers(self):
        def end(pull):
            return pull.merged_at or pull.closed_at or COMPUTED

        parts = {name: values for name, values in self.filters.items() if name in {"source", "product", "model"}}
        ended, usual = self.ended(end), defaultdict(list)
        for pull in type(self)(self.start, self.end, parts, self.team).ended(end):  # filters leave what is usual as it is
            if pull.state == "merged" and self.cost(pull) > 0:
                usual[pull.repository].append(self.cost(pull))
        everybody = [cost for costs in usual.values() for cost in costs]
        rows = []
        for pull in ended if everybody else []:
            own = usual[pull.repository]
            middle, cost = median(own if len(own) >= 5 else everybody), self.cost(pull)
            if cost >= 8 * middle:
                rows.append(
                    {
                        "pull_request": f"{pull.repository}#{pull.number}",
                        "title": f"Change {pull.number}",
                        "author": pull.author,
                        "state": pull.state,
                        "cost_usd": cost,
                        "times": cost / middle,
                        "median_usd": middle,
                    }
                )
        return sorted(rows, key=lambda row: (-row["times"], row["pull_request"]))

    def forecast(self):
        by_day = defaultdict(Decimal)
        for day, share in self._dated():
            by_day[day] += share.cost
        first = min(by_day, default=NOW.date())
        rows = [_forecast(by_day, first, NOW.date())]
        for month in (10, 9, 8):
            if date(2026, month, 1) > first:
                row = _forecast(by_day, first, date(2026, month, NOW.day))
                actual = sum((cost for day, cost in by_day.items() if (day.year, day.month) == (2026, month)), ZERO)
                del row["so_far_usd"]
                rows.append({**row, "actual_usd": actual, "error": row["forecast_usd"] / actual - 1 if actual else None})
        return rows

    def estimates(self, by):
        groups = defaultdict(list)
        for pull in self.merged():
            if pull.estimate:
                own = {"developer": pull.author, "repository": pull.repository, "purpose": pull.purpose or NONE}
                groups[self.team(pull.author) if by == "team" else own[by]].append((pull.estimate, self.cost(pull)))
        rows = [
            {
                by: name,
                "count": len(pairs),
                "estimated_usd": sum(estimate for estimate, _ in pairs),
                "actual_usd": sum(actual for _, actual in pairs),
                "typical": median(actual / estimate for estimate, actual in pairs),
                "close": Decimal(sum(4 * abs(actual - estimate) <= estimate for estimate, actual in pairs)) / len(pairs),
                "over": sum(actual > estimate for estimate, actual in pairs),
            }
            for name, pairs in groups.items()
        ]
        return sorted(rows, key=lambda row: (-row["count"], row[by]))


def _forecast(by_day, first, today):
    """A day to come costs the mean of its weekday in the four weeks before, as far back as there is anything."""
    month_end = date(today.year, today.month % 12 + 1, 1)
    so_far = sum((cost for day, cost in by_day.items() if day.replace(day=1) == today.replace(day=1) and day < today), ZERO)
    past = [today - timedelta(days=back) for back in range(1, 29) if today - timedelta(days=back) >= first]
    to_come = ZERO
    for ahead in range((month_end - today).days):
        weekday = (today + timedelta(days=ahead)).weekday()
        days = [day for day in past if day.weekday() == weekday] or past
        to_come += sum((by_day.get(day, ZERO) for day in days), ZERO) / len(days) if days else ZERO
    return {"month": f"{today:%Y-%m}", "so_far_usd": so_far, "forecast_usd": so_far + to_come}
