"""The organisation's figures in plain Python, by other ways than the program's."""

import statistics
from collections import defaultdict
from decimal import Decimal

from tests.organisation import END, START

from pr_cost_bot.reports.scope import Period

WHOLE = Period(START.date(), END.date())


def cost_by_pull(org):
    cost = defaultdict(Decimal)
    for share in org.shares:
        if share.pr_number is not None:
            cost[share.repository, share.pr_number] += share.cost
    return cost


def merged(org, period):
    return [pull for pull in org.pulls if pull.merged_at and period.start <= pull.merged_at.date() < period.end]


def costs_of(org, pulls):
    cost = cost_by_pull(org)
    return [cost[pull.repository, pull.number] for pull in pulls]


def middle(values):
    return statistics.median(values)
