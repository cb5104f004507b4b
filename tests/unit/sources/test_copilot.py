from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.sources.canned import Answer, Canned, at, body, fixture, query

from pr_cost_bot.attribution import Options, attribute
from pr_cost_bot.config import CopilotSettings
from pr_cost_bot.model import Author, Evidence, GitCommit, Identity, SourceState, Tokens, UsageRecord
from pr_cost_bot.people import commits_of, resolve
from pr_cost_bot.sources.copilot.report import parse, periods
from pr_cost_bot.sources.copilot.source import Account, Copilot, make

ORG, CORP = "/organizations/acme", "/enterprises/acme-corp"
CREDITS, REQUESTS = f"{ORG}/settings/billing/ai_credit/usage", f"{ORG}/settings/billing/premium_request/usage"
MONA = Identity(person="monalisa", login="monalisa", emails=("mona@example.com",))
DAY = {"start": "2026-11-20T06:00:00", "end": "2026-11-20T18:00:00", "now": "2026-11-21T09:30:00"}


def copilot(answers: dict[str, Answer], account: str = ORG) -> tuple[Copilot, Canned]:
    canned = Canned(answers)
    return Copilot(canned, Account(account)), canned


def asked(canned: Canned) -> list[dict[str, str]]:
    return [dict(how["params"]) for _, how in canned.asked]


def item(**fields: Any) -> dict[str, Any]:
    return {"product": "Copilot", "sku": "copilot_ai_credit", "model": "GPT-5", "grossAmount": 0.5, "netAmount": 0, **fields}


def usage(*items: dict[str, Any], **more: Any) -> bytes:
    return body({"usageItems": list(items), **more})


def only(*items: dict[str, Any]) -> UsageRecord:
    source, _ = copilot({CREDITS: usage(*items)})
    answer = source.fetch(query(MONA, **DAY))
    assert answer.status.state is SourceState.OK
    (record,) = answer.records
    return record


def refusal(status: int, message: str) -> tuple[int, bytes]:
    return status, body({"message": message})


def test_the_documented_example_is_a_dollar_for_a_hundred_credits():
    source, canned = copilot({CREDITS: fixture("copilot/ai-credit-usage.json")})
    answer = source.fetch(query(MONA, **DAY))
    (record,) = answer.records
    assert (record.actor, record.model, record.product) == ("monalisa", "GPT-5", "copilot")
    assert record.cost_usd == record.billed_usd == Decimal(1)
    assert (record.start, record.end) == (at("2026-11-20"), at("2026-11-21"))
    assert asked(canned) == [{"year": "2026", "month": "11", "day": "20", "user": "monalisa"}]
    assert (answer.status.grain, answer.status.fresh_until) == ("day", at("2026-11-21"))
    assert answer.status.unknown_people == ()


def test_days_before_june_2026_are_read_as_premium_requests():
    source, canned = copilot({REQUESTS: fixture("copilot/premium-request-usage.json"), CREDITS: usage()})
    span = {"start": "2026-05-30T12:00:00", "end": "2026-05-31T00:00:00", "now": "2026-06-02T00:00:00"}
    (record,) = source.fetch(query(MONA, **span)).records
    assert (record.cost_usd, record.start) == (Decimal(4), at("2026-05-30"))
    assert [path for path, _ in canned.asked] == [REQUESTS]


def test_gross_is_the_cost_and_net_the_bill_which_is_0_inside_the_pool():
    record = only(item(grossAmount=1.1442186, netAmount=0))
    assert (record.cost_usd, record.billed_usd) == (Decimal("1.1442186"), 0)
    assert only(item(netAmount=None)).billed_usd is None


def test_without_an_amount_quantity_and_price_count_and_a_credit_is_a_cent():
    credits_only = {"grossAmount": None, "grossQuantity": 114.42186}
    assert only(item(**credits_only, unitType="ai-credits")).cost_usd == Decimal("1.1442186")
    assert only(item(**credits_only, unitType="requests", pricePerUnit=0.04)).cost_usd == Decimal("4.5768744")
    source, _ = copilot({CREDITS: usage(item(**credits_only, unitType="requests"))})
    assert source.fetch(query(MONA, **DAY)).status.state is SourceState.FAILED


@pytest.mark.parametrize(
    ("sku", "product"),
    [("coding_agent_ai_credit", "coding_agent"), ("Coding Agent AI Credits", "coding_agent"), ("spark_ai_unit", "spark")],
)
def test_products_are_found_in_skus_of_any_spelling(sku, product):
    assert only(item(sku=sku)).product == product


@pytest.mark.parametrize("model", ["Auto: GPT-5.3-Codex", "Code Review model", "Coding Agent model"])
def test_models_are_named_as_github_names_them(model):
    assert only(item(model=model)).model == model


def test_items_of_the_same_model_and_product_add_up():
    assert only(item(), item(sku="copilot_ai_unit"), item(grossAmount=0)).cost_usd == Decimal(1)


def test_a_configured_login_goes_before_the_persons_own_and_people_without_one_are_unknown():
    source, canned = copilot({CREDITS: usage(item())})
    managed = Identity(person="mona", login="mona", vendors={"copilot": ("Mona_acme",)})
    mail = Identity(person="x@example.com", emails=("x@example.com",))
    answer = source.fetch(query(managed, mail, **DAY))
    assert [each["user"] for each in asked(canned)] == ["Mona_acme"]
    assert ([record.actor for record in answer.records], answer.status.unknown_people) == (["Mona_acme"], ("x@example.com",))


def test_a_month_without_usage_is_asked_for_once_and_its_days_never():
    def serve(how: dict[str, Any]) -> bytes:
        params = dict(how["params"])
        is_october = params["month"] == "10"
        return usage() if is_october else usage(item(), user="monalisa")

    source, canned = copilot({CREDITS: serve})
    span = {"start": "2026-10-20T00:00:00", "end": "2026-11-06T00:00:00", "now": "2026-11-06T00:00:00"}
    answer = source.fetch(query(MONA, **span))
    assert [record.start.day for record in answer.records] == [1, 2, 3, 4, 5]
    days = [each["day"] for each in asked(canned) if "day" in each]
    assert days == sorted(days, reverse=True)  # the newest first: a deadline cuts the oldest
    assert len(canned.asked) == 2 + 5


def test_an_answer_to_another_question_is_never_counted():
    for echo in ({"user": "hubot"}, {"timePeriod": {"year": 2026, "month": 11, "day": 19}}):
        source, _ = copilot({CREDITS: usage(item(), **echo)})
        assert source.fetch(query(MONA, **DAY)).status.state is SourceState.FAILED


def test_an_organisation_inside_an_enterprise_hears_the_way_out():
    message = "Organization admins for enterprise owned organizations cannot filter usage by user"
    source, _ = copilot({CREDITS: refusal(403, message)})
    problem = str(source.fetch(query(MONA, **DAY)).status.problem)
    assert "belongs to an enterprise" in problem
    assert "sources: {copilot: {enterprise:" in problem
    assert "classic personal access token" in problem
    assert problem == str(source.inspect(at("2026-11-20")).problem)


def test_refusals_of_an_enterprise_and_rate_limits_say_what_they_mean():
    path = f"{CORP}/settings/billing/ai_credit/usage"
    source, _ = copilot({path: refusal(403, "Must be an admin")}, CORP)
    assert "refuse GitHub Apps and fine-grained tokens" in str(source.fetch(query(MONA, **DAY)).status.problem)
    source, _ = copilot({CREDITS: refusal(403, "You have exceeded a secondary rate limit")})
    assert "too many requests" in str(source.fetch(query(MONA, **DAY)).status.problem)


def test_a_person_whom_github_does_not_find_has_no_usage_where_the_account_is_there():
    def serve(how: dict[str, Any]) -> "bytes | int":
        return usage() if "user" not in dict(how["params"]) else 404

    source, _ = copilot({CREDITS: serve})
    answer = source.fetch(query(MONA, **DAY))
    assert (answer.status.state, answer.records) == (SourceState.OK, ())
    lost, _ = copilot({CREDITS: 404})
    assert lost.fetch(query(MONA, **DAY)).status.state is SourceState.FAILED


def test_days_that_fail_leave_the_others_and_the_answer_is_partial():
    def serve(how: dict[str, Any]) -> "bytes | int":
        return 500 if dict(how["params"])["day"] == "19" else usage(item())

    source, _ = copilot({CREDITS: serve})
    answer = source.fetch(query(MONA, **DAY | {"start": "2026-11-19T00:00:00"}))
    assert (answer.status.state, len(answer.records)) == (SourceState.PARTIAL, 1)


@pytest.mark.parametrize("amount", [-1, "NaN", "1e400", 1e300])
def test_impossible_amounts_are_a_clear_error(amount):
    source, _ = copilot({CREDITS: usage(item(grossAmount=amount))})
    answer = source.fetch(query(MONA, **DAY))
    assert answer.status.state is SourceState.FAILED
    assert "unexpected shape" in str(answer.status.problem)


def test_without_an_account_it_fails_and_names_the_line_to_add():
    status = make("ghp_1", CopilotSettings()).fetch(query(MONA, **DAY)).status
    assert status.state is SourceState.FAILED
    assert "sources: {copilot: {organization:" in str(status.problem)


def test_the_enterprise_goes_before_the_organisation():
    made = make("ghp_1", CopilotSettings(organization="acme", enterprise="acme/corp"))
    assert isinstance(made, Copilot)
    assert made._account.path == "/enterprises/acme%2Fcorp"


# --- the enterprise's report ------------------------------------------------------------------------------------------


def test_a_real_export_is_read_by_its_headers():
    lines = parse(fixture("copilot/ai-credit-report.csv"))
    assert [(line.login, str(line.day), line.product, line.model, line.gross, line.net) for line in lines] == [
        ("octocat", "2026-06-01", "copilot", "Auto: GPT-5.3-Codex", Decimal("1.14421860"), Decimal(0)),
        ("octocat", "2026-06-01", "coding_agent", "Coding Agent model", Decimal("0.30"), Decimal(0)),
        ("Hubot", "2026-06-01", "copilot", "Code Review model", Decimal("0.055"), Decimal("0.055")),
        ("octocat", "2026-05-30", "copilot", "Claude Sonnet 4.6", Decimal("0.036"), Decimal(0)),
    ]


def test_newer_exports_have_tokens_too():
    (line,) = parse(b"date,username,gross_amount,input,output,cache_read,cache_write\n2026-09-01,a,1.20,1000,200,50,10\n")
    assert (line.tokens, line.net, line.model) == (Tokens(1060, 50, 10, 200), None, "unknown")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"date,username,gross_amount\n2026-06-01,a,much\n", "line 2 of the report, column gross_amount"),
        (b"date,username,gross_amount\nyesterday,a,1\n", "line 2 of the report, column date"),
        (b"date,username\n", "without the column gross_amount"),
        (b"", "without the column date"),
        (b"\xff\xfe", "not CSV"),
        (b'date,username,gross_amount\n"2026', "not CSV"),
    ],
)
def test_a_report_that_makes_no_sense_names_row_and_column(text, said):
    with pytest.raises(ValueError, match=said):
        parse(text)


def test_a_report_holds_31_days_and_none_crosses_the_change_to_credits():
    days = [
        date(2026, 5, 30),
        date(2026, 5, 31),
        *(date(2026, 6, day) for day in range(1, 31)),
        date(2026, 7, 1),
        date(2026, 7, 2),
    ]
    assert periods(days) == [
        (date(2026, 5, 30), date(2026, 5, 31)),
        (date(2026, 6, 1), date(2026, 7, 1)),
        (date(2026, 7, 2), date(2026, 7, 2)),
    ]


# --- the coding agent -------------------------------------------------------------------------------------------------


def test_what_the_coding_agent_did_for_somebody_lands_on_the_agents_commit():
    agent = Author("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com", "copilot", is_bot=True)
    human = Author("Mona", "1+monalisa@users.noreply.github.com", "monalisa")
    commit = GitCommit(
        sha="a" * 40,
        repository="acme/web",
        authors=(agent, human),
        authored_at=at("2026-11-20T15:00:00"),
        message="Fix it\n\nCo-authored-by: monalisa <1+monalisa@users.noreply.github.com>",
        pr_number=7,
    )
    commits = commits_of([commit], resolve((), [agent, human]))
    record = only(item(sku="coding_agent_ai_credit", model="Coding Agent model"))
    owned = UsageRecord(**{name: getattr(record, name) for name in record.__struct_fields__} | {"person": "monalisa"})
    shares = attribute([owned], commits, (), Options(lookback_hours=48, now=at("2026-11-21T09:30:00")))
    assert [(share.pr_number, share.evidence, share.reason) for share in shares] == [(7, Evidence.SHARED, "shared")]
    assert shares[0].cost_usd == owned.cost_usd
