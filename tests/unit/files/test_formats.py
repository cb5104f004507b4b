"""A known figure for every format, from the documented example."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.unit.files.samples import FIXTURES, NAMES, read_text, records_of, rows_of, text_of

from pr_cost_bot.files import FORMATS, BadRow, Reading, Usage
from pr_cost_bot.model import Terms, Tokens, UsageRecord
from pr_cost_bot.sources.opened import open_path

FORMAT_OF = {
    "anthropic-cost.csv": "anthropic-cost",
    "anthropic-usage.csv": "anthropic-usage",
    "bedrock.jsonl": "bedrock",
    "ccusage-codex.json": "ccusage",
    "ccusage-daily.json": "ccusage",
    "copilot.csv": "copilot-csv",
    "cursor-2025.csv": "cursor-csv",
    "cursor-2026.csv": "cursor-csv",
    "cursor-requests.csv": "cursor-csv",
    "cursor-team.csv": "cursor-csv",
    "focus.csv": "focus-csv",
    "gemini-outfile.log": "otlp",
    "google.json": "google",
    "openai-cost.csv": "openai-cost",
    "openai-usage.csv": "openai-usage",
    "otlp.jsonl": "otlp",
    "spend-report-2026-11-19-to-2026-11-19.csv": "anthropic-spend",
    "usage.jsonl": "usage-jsonl",
    "vertex.jsonl": "vertex",
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def only(text: str, name: str = "file") -> UsageRecord:
    (row,) = read_text(text, name)
    assert isinstance(row, Usage)
    return row.record


def bad(text: str) -> BadRow:
    (row,) = read_text(text)
    assert isinstance(row, BadRow)
    return row


def test_every_fixture_is_recognised_and_every_format_has_one():
    found = {}
    for name in NAMES:
        with open_path(FIXTURES / name, name) as lines:
            known = Reading(lines, name).format
            assert known is not None
            found[name] = known.name
    assert found == FORMAT_OF
    assert set(found.values()) == set(FORMATS)


@pytest.mark.parametrize("name", NAMES)
def test_every_fixture_has_its_source_beside_it(name):
    shown = "spend-report-….csv" if name.startswith("spend-report") else name
    assert f"`{shown}`" in (FIXTURES / "README.md").read_text()


def test_cursors_token_columns_are_apart_and_sum_to_the_total():
    on_demand, included, unpriced, *_ = records_of("cursor-team.csv")
    assert on_demand.tokens == Tokens(3189 + 194368, 194368, 0, 1815)
    assert on_demand.tokens.input + on_demand.tokens.output == 199372
    assert (on_demand.cost_usd, on_demand.billed_usd) == (Decimal("0.11"), Decimal("0.11"))
    assert (included.cost_usd, included.billed_usd, included.tokens.cache_write) == (Decimal("0.32"), Decimal(0), 50000)
    assert (unpriced.cost_usd, unpriced.billed_usd) == (None, Decimal(0))
    assert on_demand.start == on_demand.end == at("2026-03-20T06:56:12.521")


def test_cursors_uncharged_rows_are_left_out_and_costs_without_a_number_are_unknown():
    records = records_of("cursor-team.csv")
    assert len(records) == 5
    assert [(r.cost_usd, r.billed_usd) for r in records if r.actor == "other@example.com"] == [(None, None)] * 2


def test_cursors_other_headers_are_read_by_name():
    (oldest,) = records_of("cursor-2025.csv")
    assert (oldest.cost_usd, oldest.billed_usd, oldest.actor) == (Decimal("1234.56"), Decimal(0), "")
    (requests,) = records_of("cursor-requests.csv")
    assert (requests.tokens, requests.cost_usd) == (Tokens(1250000, 250000, 0, 500000), None)
    (newest,) = records_of("cursor-2026.csv")
    assert newest.tokens.input + newest.tokens.output == 1589273
    assert (newest.product, newest.session) == ("cloud_agent", "bc-801453d9-84f9-4980-b9ca-39bb13165988")


def test_cursors_oldest_export_has_a_cost_but_no_tokens_that_tell_anything():
    record = only("Date,User,Kind,Max Mode,Model,Tokens,Cost ($)\n2025-06-01,a@b.c,Usage-based,No,m,5000,0.04\n")
    assert (record.tokens, record.cost_usd, record.billed_usd) == (Tokens(), Decimal("0.04"), Decimal("0.04"))
    assert record.end - record.start == timedelta(days=1)


def test_copilots_gross_amount_is_the_cost_and_the_net_amount_is_billed():
    premium, included, credit, agent, spreadsheet = records_of("copilot.csv")
    assert (premium.cost_usd, premium.billed_usd) == (Decimal("0.036000000000000004"), Decimal(0))
    assert included.cost_usd == Decimal("0.0022443000000000003")
    assert (credit.cost_usd, credit.model, credit.actor) == (Decimal("1.1442185999999999"), "GPT-5.3-Codex", "octocat")
    assert (agent.product, agent.cost_usd) == ("coding_agent", Decimal("2.516854699999999"))
    assert (spreadsheet.start, spreadsheet.repository) == (at("2026-05-29"), "acme/web")
    assert (spreadsheet.cost_usd, spreadsheet.billed_usd) == (Decimal("0.27"), Decimal("0.27"))


@pytest.mark.parametrize(
    ("sku", "unit"),
    [
        ("copilot_ai_credit", "ai-credits"),
        ("Copilot AI Credits", "credits"),
        ("copilot_ai_unit", "ai-units"),
        ("spark_ai_credit", "AI Credits"),
    ],
)
def test_credits_are_a_cent_under_every_name_of_sku_and_unit(sku, unit):
    head = "date,username,sku,quantity,unit_type,gross_amount,net_amount,aic_quantity,aic_gross_amount"
    assert only(f"{head}\n2026-06-02,a,{sku},37.5,{unit},,0,0,0\n").cost_usd == Decimal("0.375")
    assert only(f"{head}\n2026-06-02,a,{sku},0,requests,0,0,37.5,\n").cost_usd == Decimal("0.375")


def test_copilots_seats_are_no_usage():
    head = "date,username,sku,quantity,unit_type,gross_amount"
    assert read_text(f"{head}\n2026-06-02,a,copilot_business,1,user-months,19\n") == []


def test_openai_input_is_all_input_and_empty_buckets_are_no_usage():
    first, second, batch = records_of("openai-usage.csv")
    assert (first.tokens, first.requests, first.actor) == (Tokens(59200, 5760, 0, 10646), 10, "user-1")
    assert (first.start, first.end) == (at("2025-10-05"), at("2025-10-06"))
    assert sum(r.tokens.input for r in (first, second, batch)) == 59200 + 46264 + 5783
    assert (second.terms, batch.terms) == (Terms(), Terms(service_tier="batch"))
    assert {r.cost_usd for r in (first, second, batch)} == {None}


def test_openai_costs_are_dollars_exactly():
    records = records_of("openai-cost.csv")
    assert sum(r.cost_usd for r in records) == Decimal("1.45764525")
    assert [r.model for r in records] == ["unknown", "gpt-5-2025-08-07"]


def test_openai_costs_in_another_currency_are_a_bad_row():
    row = bad("start_time,end_time,amount_value,amount_currency\n1759622400,1759708800,1,eur\n")
    assert (row.line, row.column) == (2, "amount_currency")


def test_the_consoles_cache_columns_are_parts_of_the_input():
    short, long = records_of("anthropic-usage.csv")
    assert short.tokens == Tokens(8 + 200 + 300 + 90000, 90000, 500, 5000)
    assert (short.terms, short.product) == (Terms(cache_write_1h=300, inference_geo="us"), "claude_code")
    assert long.terms == Terms(service_tier="batch", speed="fast", long_context=True)


def test_the_consoles_costs_are_dollars_by_key():
    rows = rows_of("anthropic-cost.csv")
    assert sum(row.record.cost_usd for row in rows) == Decimal("0.17")
    assert (rows[0].record.actor, rows[0].also) == ("claude_code_key_dev_abcd", ("apikey_01AAA",))


def test_the_spend_reports_range_is_in_its_name():
    (record,) = records_of("spend-report-2026-11-19-to-2026-11-19.csv")
    assert (record.start, record.end) == (at("2026-11-19"), at("2026-11-20"))
    assert (record.cost_usd, record.tokens, record.requests) == (Decimal("1.25"), Tokens(1100000, 900000, 100000, 20000), 10)
    (row, _) = read_text(text_of("spend-report-2026-11-19-to-2026-11-19.csv"), "renamed.csv")
    assert row == BadRow(2, "the file's name", row.expected)


def test_focus_counts_usage_of_ai_and_nothing_else():
    seat, billed = records_of("focus.csv")
    assert (seat.cost_usd, seat.billed_usd, seat.tokens) == (Decimal("1.5"), Decimal(0), Tokens(1100, 900, 100, 60))
    assert (seat.actor, seat.repository, seat.branch, seat.source) == ("dev@example.com", "acme/web", "fix", "anthropic")
    assert (billed.cost_usd, billed.billed_usd) == (Decimal("0.40"), Decimal("0.42"))
    assert (billed.model, billed.tokens, billed.source) == ("gpt-5", Tokens(4000000, 4000000), "openai")


def test_ccusage_is_an_estimate_by_model_and_day():
    opus, sonnet = records_of("ccusage-daily.json")
    assert opus.cost_usd + sonnet.cost_usd == Decimal("17.58")
    assert (opus.tokens, opus.listed, opus.billed_usd) == (Tokens(1700, 1000, 500, 30000), True, None)
    assert opus.end - opus.start == timedelta(days=1)
    (codex,) = records_of("ccusage-codex.json")
    assert (codex.tokens, codex.cost_usd, codex.start) == (Tokens(2000, 1500, 0, 300), Decimal("0.0125"), at("2025-09-16"))


def test_sums_over_weeks_and_months_are_bad_rows():
    row = bad('{"monthly": [{"month": "2026-03", "inputTokens": 1, "totalCost": 2}], "totals": {}}')
    assert "by day" in row.expected


def test_claude_code_events_carry_an_estimate_and_their_tags():
    once = {record.id: record for record in records_of("otlp.jsonl")}
    first = next(record for record in once.values() if record.cost_usd == Decimal("0.041275"))
    assert first.tokens == Tokens(12 + 91000 + 500, 91000, 500, 812)
    assert (first.listed, first.billed_usd, first.product, first.session) == (True, None, "claude_code", "s-1")
    assert (first.repository, first.branch, first.actor) == ("acme/web", "fix/login", "Dev@Example.com")
    assert first.start == first.end == at("2026-11-20T14:00:00.123")


def test_codex_and_gemini_input_includes_what_was_cached():
    once = {record.id: record for record in records_of("otlp.jsonl")}
    assert len(once) == 4
    (codex,) = [record for record in once.values() if record.product == "codex"]
    assert (codex.tokens, codex.cost_usd, codex.model) == (Tokens(12000, 8000, 0, 400), None, "gpt-5.5")
    (gemini,) = [record for record in once.values() if record.product == "gemini_cli"]
    assert gemini.tokens == Tokens(1200, 800, 0, 90 + 40)
    assert (gemini.repository, gemini.branch) == ("acme/web", "fix/login")
    (outfile,) = records_of("gemini-outfile.log")
    assert outfile.tokens == Tokens(12, 3, 0, 7)


def test_bedrock_names_the_session_and_its_cache_tokens_are_apart():
    stream, converse = records_of("bedrock.jsonl")
    assert (stream.actor, stream.repository, stream.branch) == ("dev@example.com", "acme/web", "fix/login")
    assert (stream.tokens, stream.terms.cache_write_1h) == (Tokens(1268 + 40000 + 300, 40000, 300, 312), 200)
    assert (converse.actor, converse.model) == ("alice", "global.anthropic.claude-opus-5-5")
    assert (converse.tokens, converse.terms.cache_write_1h) == (Tokens(50 + 900 + 300, 900, 300, 20), 200)


def test_bedrock_entries_inside_a_cloudwatch_export_are_the_same():
    lines = text_of("bedrock.jsonl").splitlines()
    events = {"events": [{"timestamp": 1, "message": line} for line in lines]}
    wrapped = [row.record for row in read_text(json.dumps(events, indent=1)) if isinstance(row, Usage)]
    assert wrapped == records_of("bedrock.jsonl")


def test_googles_counts_are_strings_and_the_prompt_holds_the_cache():
    (record,) = records_of("google.json")
    assert record.tokens == Tokens(70825, 69079, 0, 14215)
    assert record.tokens.input + record.tokens.output == 85040
    assert (record.actor, record.model, record.product) == ("dev@example.com", "claude-sonnet-5-5", "antigravity_cli")


def test_vertexes_log_has_the_name_that_the_caller_sent_and_the_counts_of_both_kinds_of_bodies():
    claude, gemini, nobody = records_of("vertex.jsonl")  # a call that was refused used nothing
    assert (claude.actor, claude.model, claude.provider) == ("dev@example.com", "claude-sonnet-4-5@20250929", "google")
    assert (claude.tokens, claude.terms.cache_write_1h) == (Tokens(1268 + 40000 + 300, 40000, 300, 312), 200)
    assert (gemini.actor, gemini.model, gemini.branch) == ("octocat", "gemini-2.5-pro", "fix-login")
    assert (gemini.tokens, gemini.start) == (Tokens(1200, 800, 0, 90 + 40), at("2026-10-06T14:15:00.25"))
    assert (nobody.actor, nobody.tokens) == ("", gemini.tokens)


def test_bodies_of_columns_that_are_text_are_opened():
    row = json.loads(text_of("vertex.jsonl").splitlines()[0])
    texts = {**row, "full_request": json.dumps(row["full_request"]), "full_response": json.dumps(row["full_response"])}
    assert only(json.dumps(texts)) == records_of("vertex.jsonl")[0]
    assert bad(json.dumps({**row, "full_response": "cut o"})).column == "full_response"


def test_the_programs_own_lines_are_read_as_they_are():
    event, bucket = records_of("usage.jsonl")
    assert (event.id, event.cost_usd, event.pr_number, event.actor) == ("u1", Decimal("1.25"), 7, "octocat")
    assert (bucket.cost_usd, bucket.end - bucket.start) == (None, timedelta(hours=1))


@pytest.mark.parametrize("name", ["otlp.jsonl", "bedrock.jsonl", "vertex.jsonl", "gemini-outfile.log"])
def test_prompts_are_never_kept(name):
    assert "SECRET" in text_of(name)
    assert "SECRET" not in repr(rows_of(name))
