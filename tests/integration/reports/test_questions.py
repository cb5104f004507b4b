"""Every question but the plain groupings, recomputed over the generated organisation on SQLite and PostgreSQL."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa
from tests.organisation import NOW, PEOPLE, START

from pr_cost_bot.ledger.rows import exact_dollars
from pr_cost_bot.reports import concentration_page, explain_page, overview, pages, pull_pages
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.caching import TokenPrices
from pr_cost_bot.reports.explain import explain
from pr_cost_bot.reports.headline import headline
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.reconcile import differences
from pr_cost_bot.reports.scope import Filters, Period, QuestionError, Scope

from .truth import WHOLE, cost_by_pull, costs_of, merged, middle

MONTH = Period(date(2026, 10, 1), date(2026, 11, 1))
PRICES = TokenPrices(Decimal("3e-6"), Decimal("3e-7"), Decimal("3.75e-6"), Decimal("15e-6"))


def asked(connection, period=WHOLE, people="shown", **filters):
    return Asked(
        connection=connection,
        scope=Scope(period, Filters(**filters)),
        privacy=Privacy(people=people, key=b"key"),
        now=NOW,
        prices=lambda model: None if model == "composer-2" else PRICES,
    )


def rows(sheet, name, value):
    return {row[name]: row[value] for row in sheet.rows}


@pytest.mark.parametrize("period", [WHOLE, MONTH], ids=["whole", "month"])
def test_the_headline_is_what_merged_pull_requests_cost(connection, org, period):
    pulls = merged(org, period)
    costs = costs_of(org, pulls)
    found = headline(connection, Scope(period))
    assert (found.merged, found.commits) == (len(pulls), sum(pull.commits for pull in pulls))
    assert found.merged_usd == sum(costs)
    assert found.mean_usd == sum(costs) / len(costs)
    assert found.median_usd == middle(costs)
    assert found.per_commit_usd == sum(costs) / found.commits
    assert found.spent.cost_usd == sum(s.cost for s in org.shares if period.start <= s.start.date() < period.end)
    assert found.all_in_usd == found.spent.cost_usd / len(pulls)


def test_cost_per_ticket_splits_a_pull_request_between_its_tickets(connection, org):
    by_ticket = defaultdict(Decimal)
    for pull, cost in zip(merged(org, WHOLE), costs_of(org, merged(org, WHOLE)), strict=True):
        for name in (pull.ticket or "").replace(" ", "").split(",") if pull.ticket else ():
            by_ticket[name] += cost / len(pull.ticket.split(","))
    found = headline(connection, Scope(WHOLE))
    assert found.tickets == len(by_ticket)
    assert abs(found.ticket_usd - sum(by_ticket.values())) < Decimal("1e-9")
    assert abs(found.median_ticket_usd - middle(by_ticket.values())) < Decimal("1e-9")


def test_the_overview_holds_each_figure_against_the_period_before(connection, org):
    before = Period(MONTH.start - timedelta(days=31), MONTH.start)
    mean = [sum(costs_of(org, merged(org, p))) / len(merged(org, p)) for p in (MONTH, before)]
    first = overview.overview(asked(connection, MONTH)).rows[0]
    assert (first["now"], first["before"], first["change"]) == (*mean, mean[0] / mean[1] - 1)


def test_concentration_names_the_top_tenth_and_who_makes_half(connection, org):
    by_person = Counter()
    for share in org.shares:
        by_person[share.person] += share.cost
    ranked = [cost for _, cost in by_person.most_common()]
    total = sum(ranked)
    half = next(n for n in range(len(ranked)) if sum(ranked[:n]) * 2 >= total)
    found = {row["by"]: row for row in concentration_page.concentrations(asked(connection)).rows}
    assert found["developer"]["top_share"] == sum(ranked[:5]) / total
    assert (found["developer"]["count"], found["developer"]["half"]) == (50, half)
    costs = sorted(cost_by_pull(org).values(), reverse=True)
    assert found["pull-request"]["top_share"] == sum(costs[: -(-len(costs) // 10)]) / sum(costs)


def test_concentration_of_developers_is_told_without_names_where_it_is_nobodys_alone(connection):
    shown, hidden = (
        {row["by"]: row for row in concentration_page.concentrations(asked(connection, people=people)).rows}
        for people in ("shown", "hidden")
    )
    assert hidden["developer"] == {**shown["developer"], "names": ""}
    few = asked(connection, people="hidden", repository=("acme/web0",))
    sheet = concentration_page.concentrations(msgspec.structs.replace(few, privacy=Privacy(min_team=3)))
    assert "developer" not in {row["by"] for row in sheet.rows}
    assert "--people" in sheet.notes[-1]


def test_caching_saved_what_the_same_input_would_have_cost_without(connection, org):
    tokens = Counter()
    for share in org.shares:
        tokens[share.model, "input"] += share.tokens.input
        tokens[share.model, "read"] += share.tokens.cache_read
        tokens[share.model, "write"] += share.tokens.cache_write
    sheet = pages.caching(asked(connection))
    for row in sheet.rows:
        model = row["model"]
        assert row["cache_hit_rate"] == Decimal(tokens[model, "read"]) / tokens[model, "input"]
        saved = tokens[model, "read"] * Decimal("2.7e-6") - tokens[model, "write"] * Decimal("0.75e-6")
        assert row["saved_usd"] == (None if model == "composer-2" else saved)
    assert "composer-2" in sheet.notes[0]


def test_the_model_mix_changes_by_the_difference_of_two_weeks_shares(connection, org):
    cost = Counter()
    for share in org.shares:
        week = (share.start.date() - START.date()).days // 7
        cost[week, share.model] += share.cost
        cost[week] += share.cost
    for row in pages.models(asked(connection)).rows:
        week = (row["week"] - START.date()).days // 7
        assert row["cost_usd"] == cost[week, row["model"]]
        share = cost[week, row["model"]] / cost[week]
        assert row["share"] == share
        assert row["change"] == (share - cost[week - 1, row["model"]] / cost[week - 1] if week else None)


def test_spend_without_a_merged_pull_request_is_told_by_reason(connection, org):
    state = {(pull.repository, pull.number): pull.state for pull in org.pulls}
    expected = Counter()
    for share in org.shares:
        where = state.get((share.repository, share.pr_number), share.reason)
        expected[{"open": "on open pull requests", "closed": "on pull requests closed without a merge"}.get(where, where)] += (
            share.cost
        )
    expected.pop("merged")
    sheet = pages.unmerged(asked(connection))
    assert rows(sheet, "reason", "cost_usd") == expected
    assert sheet.total["share"] == sum(expected.values()) / sum(s.cost for s in org.shares)


def test_what_is_not_attributed_is_told_by_reason(connection, org):
    expected = Counter()
    for share in org.shares:
        expected[share.reason] += share.cost
    del expected[""]
    assert rows(pages.unattributed(asked(connection)), "reason", "cost_usd") == expected


def test_cost_parts_into_billed_included_and_unknown(connection, org):
    for row in pages.billed(asked(connection)).rows:
        shares = [share for share in org.shares if share.source == row["source"]]
        known = [share for share in shares if share.billed is not None]
        assert row["unknown_usd"] == sum(share.cost for share in shares) - sum(share.cost for share in known)
        if known:
            assert row["billed_usd"] == sum(share.billed for share in known)
            assert row["billed_usd"] + row["included_usd"] == sum(share.cost for share in known)
        else:
            assert not {"billed_usd", "included_usd"} & set(row)


def test_what_is_billed_stands_beside_the_list_price_of_its_tokens(connection, org):
    sheet = pages.billed(asked(connection))
    for row in sheet.rows:
        used = [share.tokens for share in org.shares if share.source == row["source"] and share.model != "composer-2"]
        fresh = sum(tokens.input - tokens.cache_read - tokens.cache_write for tokens in used)
        classes = (fresh, *(sum(getattr(tokens, name) for tokens in used) for name in ("cache_read", "cache_write", "output")))
        prices = (PRICES.input, PRICES.cache_read, PRICES.cache_write, PRICES.output)
        assert row["list_usd"] == sum(count * price for count, price in zip(classes, prices, strict=True))
    assert sheet.total["list_usd"] == sum(row["list_usd"] for row in sheet.rows)
    assert "composer-2" in sheet.notes[-1]


def test_a_filter_by_ticket_leaves_that_tickets_part(connection, org):
    cost = cost_by_pull(org)
    parts = [(pull, pull.ticket.split(", ")) for pull in org.pulls if "OPS-1" in (pull.ticket or "").split(", ")]
    assert any(len(names) > 1 for _, names in parts)
    expected = sum(cost[pull.repository, pull.number] / len(names) for pull, names in parts)
    sheet = pages.by(asked(connection, ticket=("OPS-1",)), "ticket")
    assert [row["ticket"] for row in sheet.rows] == ["OPS-1"]
    assert abs(sheet.total["cost_usd"] - expected) < Decimal("1e-9")
    merged_parts = [(pull, names) for pull, names in parts if pull in merged(org, WHOLE)]
    found = headline(connection, Scope(WHOLE, Filters(ticket=("OPS-1",))))
    assert found.tickets == 1
    assert abs(found.ticket_usd - sum(cost[p.repository, p.number] / len(names) for p, names in merged_parts)) < Decimal("1e-9")
    assert "count whole" in pages.by(asked(connection, ticket=("OPS-1",)), "repository").notes[-1]


def test_an_explanation_says_what_the_comment_says_of_estimate_and_tickets(connection, org):
    cost = cost_by_pull(org)
    pull = next(p for p in org.pulls if "," in (p.ticket or "") and p.estimate and cost[p.repository, p.number])
    notes = explain_page.explanation(asked(connection), pull.repository, pull.number)[0].notes
    assert f"Split evenly between {pull.ticket.replace(', ', ' and ')}." in notes
    assert any(note.startswith(f"Estimate ${pull.estimate:.2f}, actual $") for note in notes)


def test_a_pseudonym_never_stands_beside_a_pull_request(connection, org):
    period = Period(WHOLE.start, WHOLE.end + timedelta(days=1))
    assert "author" not in {column.name for column in pull_pages.extremes(asked(connection, period, "pseudonyms")).columns}
    sheets = explain_page.explanation(asked(connection, people="pseudonyms"), org.pulls[0].repository, org.pulls[0].number)
    assert {row["person"] for row in sheets[0].rows} == {""}
    assert not {"person", "actor"} & {column.name for column in sheets[1].columns}


def test_outliers_cost_eight_times_their_repositorys_median(connection, org):
    period = Period(WHOLE.start, NOW.date() + timedelta(days=1))  # with the day on which open ones were computed
    cost = cost_by_pull(org)
    by_repository = defaultdict(list)
    for pull in merged(org, period):
        if cost[pull.repository, pull.number] > 0:
            by_repository[pull.repository].append(cost[pull.repository, pull.number])
    everybody = middle([one for some in by_repository.values() for one in some])
    expected = {
        f"{place}#{number}"
        for (place, number), one in cost.items()
        if one >= 8 * (middle(by_repository[place]) if len(by_repository[place]) >= 5 else everybody)
    }
    assert expected
    assert set(rows(pull_pages.extremes(asked(connection, period)), "pull_request", "times")) == expected


def test_the_forecast_adds_each_weekdays_mean_of_four_weeks(connection, org):
    by_day = Counter()
    for share in org.shares:
        by_day[share.start.date()] += share.cost
    today = NOW.date()
    so_far = sum(cost for day, cost in by_day.items() if date(2026, 11, 1) <= day < today)
    before = [today - timedelta(days=back) for back in range(1, 29)]
    coming = [today + timedelta(days=ahead) for ahead in range(15)]
    to_come = sum(by_day[past] for day in coming for past in before if past.weekday() == day.weekday()) / Decimal(4)
    first, last_month, *_ = pull_pages.month(asked(connection)).rows
    assert first["so_far_usd"] == so_far
    assert abs(first["forecast_usd"] - so_far - to_come) < Decimal("1e-9")
    assert last_month["actual_usd"] == sum(cost for day, cost in by_day.items() if (day.year, day.month) == (2026, 10))
    assert last_month["error"] == last_month["forecast_usd"] / last_month["actual_usd"] - 1


@pytest.mark.parametrize("by", ["developer", "repository", "purpose"])
def test_estimates_are_held_against_what_it_came_to(connection, org, by):
    groups = defaultdict(list)
    for pull, cost in zip(merged(org, WHOLE), costs_of(org, merged(org, WHOLE)), strict=True):
        if pull.estimate:
            name = {"developer": pull.author, "repository": pull.repository, "purpose": pull.purpose or "(none)"}[by]
            groups[name].append((pull.estimate, cost))
    found = {row[by]: row for row in pull_pages.estimates(asked(connection), by).rows}
    assert set(found) == set(groups)
    for name, pairs in groups.items():
        assert found[name]["count"] == len(pairs)
        assert found[name]["typical"] == middle([cost / estimate for estimate, cost in pairs])
        assert found[name]["over"] == sum(cost > estimate for estimate, cost in pairs)


def test_every_cent_of_every_pull_request_is_explained(connection, org):
    cost = cost_by_pull(org)
    for pull in org.pulls[::9]:
        found = explain(connection, pull.repository, pull.number)
        shares = [s for s in org.shares if (s.repository, s.pr_number) == (pull.repository, pull.number)]
        assert found.row["cost_usd"] == found.lines_usd == found.buckets_usd == cost[pull.repository, pull.number]
        assert found.records_usd == found.row["cost_usd"]
        whole = {s.record: sum(other.cost for other in org.shares if other.record == s.record) for s in shares}
        assert Counter(
            (r["record_id"], r["person"], r["started_at"], r["model"], r["evidence"], r["cost_usd"], r["record_usd"])
            for r in found.records
        ) == Counter((s.record, s.person, s.start, s.model, s.evidence, s.cost, whole[s.record]) for s in shares)
        keys = {(s.start.date(), -1 if s.by_day else s.start.hour, s.source, s.model, s.person, s.evidence) for s in shares}
        assert {
            (date(1970, 1, 1) + timedelta(days=b.day), b.hour, b.source, b.model, b.person, b.evidence) for b in found.buckets
        } == keys


def test_an_explanation_without_people_has_one_row_for_all_of_them(connection, org):
    pull = next(
        pull
        for pull in org.pulls
        if len({s.person for s in org.shares if (s.repository, s.pr_number) == (pull.repository, pull.number)}) > 1
    )
    lines, records = explain_page.explanation(asked(connection, people="hidden"), pull.repository, pull.number)
    assert {row["person"] for row in lines.rows} == {""}
    assert not {"person", "actor"} & {column.name for column in records.columns}
    named = explain_page.explanation(asked(connection), pull.repository, pull.number)[1]
    assert {"person", "actor"} <= {column.name for column in named.columns}
    assert sum(row["cost_usd"] for row in records.rows) == records.total["cost_usd"] == lines.total["cost_usd"]
    keys = [tuple(row[name] for name in ("source", "product", "model", "evidence")) for row in lines.rows]
    assert len(keys) == len(set(keys))
    assert sum(row["cost_usd"] for row in lines.rows) == lines.total["cost_usd"]


def test_a_pull_request_that_is_not_there_is_said_to_be_so(connection):
    with pytest.raises(QuestionError, match="acme/web0#9999"):
        explain(connection, "acme/web0", 9999)


def test_rows_lines_and_usage_agree(connection):
    assert differences(connection) == []


def test_a_filter_by_model_leaves_that_part_of_every_merged_pull_request(connection, org):
    cost = Counter()
    for share in org.shares:
        if share.model == "gpt-5.5" and share.pr_number:
            cost[share.repository, share.pr_number] += share.cost
    expected = sum(cost[pull.repository, pull.number] for pull in merged(org, WHOLE))
    assert headline(connection, Scope(WHOLE, Filters(model=("gpt-5.5",)))).merged_usd == expected


def test_pseudonyms_are_one_name_per_person_and_tell_nobody(connection):
    names = [row["developer"] for row in pages.by(asked(connection, people="pseudonyms"), "developer").rows]
    assert len(set(names)) == 50
    assert not set(names) & set(PEOPLE)


@pytest.mark.parametrize(
    "question",
    [
        lambda a: pages.by(a, "developer"),
        lambda a: pull_pages.estimates(a, "developer"),
        lambda a: overview.overview(msgspec_filter(a)),
    ],
)
def test_without_leave_no_figure_by_person_is_given(connection, question):
    with pytest.raises(QuestionError, match="--people"):
        question(asked(connection, people="hidden"))


def msgspec_filter(one):
    return asked(one.connection, people="hidden", developer=("dev01",))


def test_without_usage_the_rows_answer_on_the_day_of_the_merge(org, tmp_path):
    from tests.organisation import table_rows  # noqa: PLC0415

    from pr_cost_bot.ledger.database import Database  # noqa: PLC0415
    from pr_cost_bot.ledger.sql import SqlLedger  # noqa: PLC0415

    url = f"sqlite:///{tmp_path}/rows.db"
    SqlLedger(url).write(table_rows(org))
    cost, expected = cost_by_pull(org), Counter()
    for pull in org.pulls:
        day = (pull.closed_at or NOW).date()
        if MONTH.start <= day < MONTH.end and cost[pull.repository, pull.number]:
            expected[pull.repository] += cost[pull.repository, pull.number]
    with Database(url).reading() as connection:
        sheet = pages.by(asked(connection, MONTH), "repository")
    assert rows(sheet, "repository", "cost_usd") == expected
    assert "no usage" in sheet.notes[0]
    with Database(url).reading() as connection:
        assert "… on no pull request" not in {row["figure"] for row in overview.overview(asked(connection, MONTH)).rows}


def test_a_total_of_more_than_sqlites_sum_can_hold_is_exact(tmp_path):
    from pr_cost_bot.ledger.database import Database  # noqa: PLC0415
    from pr_cost_bot.ledger.tables import ACCOUNTS, ITEMS, KEY, MEASURES, PLACES, SHARES  # noqa: PLC0415
    from pr_cost_bot.reports.spend import spend  # noqa: PLC0415

    database = Database(f"sqlite:///{tmp_path}/rich.db")
    with database.writing() as connection:
        connection.execute(sa.insert(ITEMS).values(id=1, product="", model="m"))
        connection.execute(sa.insert(PLACES).values(id=1, repository="", pr_number=0, evidence="", reason="r"))
        for number in (1, 2, 3):
            connection.execute(sa.insert(ACCOUNTS).values(id=number, person=str(number), source="s", scope=""))
            values = dict.fromkeys(MEASURES, 1) | {"cost_units": 8 * 10**18 + 1, "billed_units": -8 * 10**18 - 1}
            key = dict(zip(KEY, (number, 1, WHOLE.numbers[0], 0, 1), strict=True))
            connection.execute(sa.insert(SHARES).values(**key, **values, attributed=0, computed_at=0))
    with database.reading() as connection:
        (group,) = spend(connection, Scope(WHOLE), "model")
    assert exact_dollars(group.amounts.cost_usd) == "24000000.000000000003"
    assert exact_dollars(group.amounts.billed_usd) == "-24000000.000000000003"
