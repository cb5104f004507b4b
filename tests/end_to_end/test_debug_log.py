"""`log_level: debug`: what a run asked for, what came, and nobody's name."""

import re

from tests.end_to_end.world import EMAILS, at, call, stage, work

PEOPLE = "people:\n  - {github: ada, emails: [ada@home.example], vendors: {cursor: user_4711}}\n"


def test_the_debug_log_tells_every_exchange_the_spans_and_the_configuration_but_no_key_and_no_address():
    with stage(config=f"attribution: {{lookback_hours: 24}}\n{PEOPLE}") as s:
        s.vendors.add(call("ada", at("09:30")), call("ada", at("09:35"), "anthropic"), call("ada", at("09:36"), "openai"))
        s.vendors.fail["openai"] = "429"
        s.repository.open_pull_request("ben", [work("ben", at("09:45"))], head="other")
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50")), work("ada", at("10:10"))])
        finished = s.event("opened", number, at("11:05"), log_level="debug")
        assert finished.status == 0, finished.log
        log = finished.log
        for server in (*s.servers.values(), s.github.server):
            host = server.url.removeprefix("http://")
            told = re.findall(rf"^(?:GET|POST|PATCH|DELETE) {re.escape(host)}/\S*.*: .*, \d+ ms", log, re.MULTILINE)
            assert len(told) == len(server.exchanges) > 0
        assert re.search(r"POST \S+/graphql PullRequestFacts: 2xx", log)
        assert re.search(r"OpenAI: waiting \d", log)
        assert re.search(r": 429, \d+ bytes, \d+ ms \(attempt 2\)", log)
        assert f"Pull request {number}: its usage lies in 2026-11-15T" in log
        assert re.search(r"^Cursor: asked for 2026-11-15T\S+ to 2026-11-16T\S+, people: 1\.$", log, re.MULTILINE)
        assert re.search(r"^Cursor: ok, records: 1", log, re.MULTILINE)
        assert '"attribution":{"lookback_hours":24}' in log
        assert '"people":1' in log
        secret = [*s.vendors.keys.values(), "ghs_simulated", *EMAILS.values(), "ada@home.example", "user_4711"]
        assert not [each for each in secret if each in log]


def test_the_usual_log_has_none_of_it():
    with stage() as s:
        s.vendors.add(call("ada", at("09:30")))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        log = s.event("opened", number, at("11:05")).log
        assert " ms" not in log
        assert "asked for" not in log


def test_files_are_told_neither_by_their_person_nor_by_their_signed_address():
    named = "  files: [{path: usage, person: alice@corp.example}, {url: 'http://127.0.0.1:9/x.jsonl?X-Amz-Signature=S3CRET'}]\n"
    with stage(sources=[], config=named) as s:
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        log = s.event("opened", number, at("11:05"), log_level="debug").log
        assert '"files":2' in log
        assert not [secret for secret in ("alice@corp.example", "S3CRET") if secret in log]
