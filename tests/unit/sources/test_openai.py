from typing import Any

from tests.unit.sources.canned import Answer, Canned, at, body, fixture, query

from pr_cost_bot.model import Identity, Interval, SourceState, Terms, Tokens
from pr_cost_bot.sources.openai.source import OpenAI

ORG = "/v1/organization"
USAGE, KEYS = f"{ORG}/usage/completions", f"{ORG}/projects/proj_abc/api_keys"
DEV = Identity(person="dev", emails=("dev@example.com",))
SPAN = {"start": "2026-11-20T10:20:00", "end": "2026-11-20T18:10:00", "now": "2026-11-20T18:10:00"}


def canned(**more: Answer) -> Canned:
    answers: dict[str, Answer] = {
        f"{ORG}/users": fixture("openai/users.json"),
        f"{ORG}/projects": fixture("openai/projects.json"),
        KEYS: fixture("openai/project-api-keys.json"),
        USAGE: fixture("openai/usage-completions.json"),
    }
    return Canned(answers | {f"{ORG}/{path}": answer for path, answer in more.items()})


def asked(client: Canned) -> list[list[tuple[str, str]]]:
    return [how["params"] for path, how in client.asked if path == USAGE]


def test_the_documented_page_is_read_per_user_and_per_key_each_once():
    answer = OpenAI(canned()).fetch(query(DEV, **SPAN))
    batch, mine = sorted(answer.records, key=lambda record: record.model)
    assert (mine.actor, mine.model, mine.requests) == ("dev@example.com", "gpt-6-astra", 5)
    assert mine.tokens == Tokens(1000, 400, 100, 500)
    assert (mine.terms, mine.provider, mine.cost_usd) == (Terms(), "openai", None)
    assert (mine.start, mine.end) == (at("2026-11-20T14:00:00"), at("2026-11-20T15:00:00"))
    assert (batch.actor, batch.tokens, batch.terms) == ("dev@example.com", Tokens(30, 0, 0, 7), Terms(service_tier="batch"))
    assert (answer.status.state, answer.status.grain) == (SourceState.OK, "hour")
    assert answer.status.unknown_people == ()


def test_requests_use_unix_seconds_filters_and_all_dimensions():
    client = canned()
    OpenAI(client).fetch(query(DEV, **SPAN))
    by_user, by_key = asked(client)
    assert ("user_ids[]", "user-abc") in by_user
    assert ("api_key_ids[]", "key_mine") in by_key
    assert ("start_time", "1795168800") in by_user
    assert ("end_time", "1795201200") in by_user
    assert [value for name, value in by_user if name == "group_by[]"] == [
        "user_id",
        "api_key_id",
        "model",
        "service_tier",
        "batch",
    ]


def test_long_spans_are_asked_for_in_pieces_of_168_hours_at_once():
    client = canned(projects=body({"data": [], "has_more": False}))
    OpenAI(client).fetch(query(DEV, start="2026-11-01T00:00:00", end="2026-11-20T00:00:00", now="2026-11-20T00:00:00"))
    assert len(asked(client)) == 3
    assert all(("limit", "168") in params for params in asked(client))


def test_pages_and_lists_follow_their_cursors():
    def users(how: dict[str, Any]) -> bytes:
        if dict(how["params"]).get("after") == "user-x":
            return fixture("openai/users.json")
        return body({"data": [{"id": "user-x", "email": "x@example.com"}], "last_id": "user-x", "has_more": True})

    def usage(how: dict[str, Any]) -> bytes:
        params = dict(how["params"])
        hour = 1795183200 + 3600 * int(params.get("page", "0"))
        result = {"user_id": params.get("user_ids[]"), "model": "m", "input_tokens": 1}
        more = "page" not in params
        bucket = {"start_time": hour, "end_time": hour + 3600, "results": [result]}
        return body({"data": [bucket], "has_more": more, "next_page": "1" if more else None})

    answer = OpenAI(canned(users=users, **{"usage/completions": usage})).fetch(query(DEV, **SPAN))
    assert [record.start.hour for record in answer.records] == [14, 15]


def test_configured_users_and_keys_need_no_directory():
    who = Identity(person="dev", vendors={"openai": ("user-abc", "key_mine")})
    answer = OpenAI(canned(projects=403)).fetch(query(who, **SPAN))
    assert {record.actor for record in answer.records} == {"user-abc", "key_mine"}
    assert answer.status.state is SourceState.PARTIAL  # keys of the projects are not known


def test_a_result_that_names_no_known_parts_never_has_more_parts_than_input():
    result = {"user_id": "user-abc", "model": None, "input_tokens": 5, "input_cached_tokens": 9, "output_tokens": None}
    bucket = {"start_time": 1795183200, "end_time": 1795186800, "results": [result]}
    (record,) = OpenAI(canned(**{"usage/completions": body({"data": [bucket]})})).fetch(query(DEV, **SPAN)).records
    assert (record.tokens, record.model) == (Tokens(9, 9, 0, 0), "unknown")


def test_keys_that_cannot_be_listed_leave_a_partial_answer():
    answer = OpenAI(canned(**{"projects/proj_abc/api_keys": 500})).fetch(query(DEV, **SPAN))
    assert (answer.status.state, len(answer.records)) == (SourceState.PARTIAL, 1)


def test_usage_that_fails_is_a_failure_although_the_users_were_listed():
    answer = OpenAI(canned(**{"usage/completions": 500})).fetch(query(DEV, **SPAN))
    assert (answer.status.state, answer.records) == (SourceState.FAILED, ())


def test_minutes_replace_a_contested_hour_for_its_person():
    def usage(how: dict[str, Any]) -> bytes:
        if dict(how["params"])["bucket_width"] == "1h":
            return fixture("openai/usage-completions.json")
        result = {"user_id": "user-abc", "model": "m", "input_tokens": 1}
        return body({"data": [{"start_time": 1795183260, "end_time": 1795183320, "results": [result]}]})

    client = canned(**{"usage/completions": usage})
    source, wanted = OpenAI(client), query(DEV, **SPAN)
    contested = [Interval("dev", at("2026-11-20T14:00:00"), at("2026-11-20T15:00:00"))]
    after = source.refine(wanted, source.fetch(wanted), contested)
    assert [(record.start.minute, record.tokens.input) for record in after.records] == [(1, 1)]
    assert after.status.grain == "minute"
    assert ("limit", "1440") in asked(client)[-1]


def test_inspect_tells_the_members_or_the_problem():
    good = OpenAI(canned()).inspect(at("2026-11-20T18:10:00"))
    assert (good.emails, good.problem) == ({"dev@example.com"}, None)
    assert OpenAI(canned(**{"usage/completions": 403})).inspect(at("2026-11-20T18:10:00")).problem is not None


def test_minutes_that_fail_leave_the_hours_and_say_so():
    def usage(how: dict[str, Any]) -> bytes | int:
        return fixture("openai/usage-completions.json") if dict(how["params"])["bucket_width"] == "1h" else 500

    source, wanted = OpenAI(canned(**{"usage/completions": usage})), query(DEV, **SPAN)
    before = source.fetch(wanted)
    after = source.refine(wanted, before, [Interval("dev", at("2026-11-20T14:00:00"), at("2026-11-20T15:00:00"))])
    assert (after.records, after.status.grain) == (before.records, "hour")
    assert "hours instead" in after.status.notes[-1]


def test_an_organisation_that_lists_no_projects_is_read_by_user_and_says_so():
    answer = OpenAI(canned(projects=404)).fetch(query(DEV, **SPAN))
    assert (answer.status.state, len(answer.records)) == (SourceState.OK, 1)
    assert "no projects" in answer.status.notes[0]
