"""What the digest's figures leave out or count as free, and that it says so."""

import html
from decimal import Decimal

from tests.unit.dashboard.rows import row
from tests.unit.digest.test_digest import MOMENT, made

from pr_cost_bot.dashboard.series import DayUsage
from pr_cost_bot.digest.advice import advice
from pr_cost_bot.digest.message import compose


def test_what_the_mean_counts_as_free_stands_beside_it():
    table = [
        row(1, "5"),
        row(2, "0", input_tokens=0, output_tokens=0, unmatched=1),
        row(3, "0", input_tokens=0, output_tokens=0),
    ]
    one = compose(made(*table))
    said = "2 of 3 merged pull requests show no usage; of 1 of them an author is not matched to any vendor's account"
    assert all(said in plain(body) for body in one.bodies.values())
    assert "show no usage" not in compose(made(row(1, "5"))).bodies["text"]


def test_models_without_a_price_are_named_with_their_tokens():
    house = [{"source": "openai", "model": "house-9", "input_tokens": 1_200_000, "output_tokens": 0}]
    one = made(row(1, "5"), row(2, "0", unpriced=house))
    assert "1.2M tokens of house-9 have no known price" in " ".join(advice(one))
    assert "1 of 2 merged pull requests has usage without a known price." in compose(one).bodies["text"]


def test_a_digest_without_usage_says_what_it_rests_on():
    said = "rest on the pull requests' rows"
    assert all(said in plain(body) for body in compose(made(row(1, "5"))).bodies.values())
    usage = {MOMENT.date(): DayUsage(Decimal(5), {})}
    assert all(said not in plain(body) for body in compose(made(row(1, "5"), usage=usage)).bodies.values())


def test_spend_of_which_nothing_has_a_price_is_not_known():
    usage = {MOMENT.date(): DayUsage(Decimal(0), {})}
    one = made(row(1, "0", unpriced=[{"model": "house-9"}]), usage=usage)
    assert "Spend: not known." in compose(one).bodies["text"]


def plain(body):
    return html.unescape(body).replace("\\", "").replace("\u200b", "")
