"""Whatever JSON a gateway sends: records or a clear error, never a crash."""

import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.sources.canned import Answer, Canned, body, fixture, query
from tests.unit.sources.test_any_body import paths, put, values

from pr_cost_bot.model import Identity, SourceState, UsageQuery
from pr_cost_bot.ports import Source
from pr_cost_bot.sources.helicone import Helicone
from pr_cost_bot.sources.langfuse import Langfuse
from pr_cost_bot.sources.portkey import Portkey

EXPORTS = "/v1/logs/exports"
FILE = "/e1.jsonl"
GROUPS = "/v1/analytics/groups"
PORTKEY = {
    f"{GROUPS}/users": fixture("portkey/groups-users.json"),
    f"{GROUPS}/metadata/pr": fixture("portkey/groups-metadata-pr.json"),
    EXPORTS: body({"id": "e1", "total": 3}),
    f"{EXPORTS}/e1/start": body({}),
    f"{EXPORTS}/e1": body({"status": "success"}),
    f"{EXPORTS}/e1/download": body({"signed_url": f"https://files.example{FILE}"}),
    FILE: fixture("portkey/export.jsonl").splitlines()[0],
}
OLD = {
    "/api/public/observations": fixture("langfuse/observations-v1.json"),
    "/api/public/traces": fixture("langfuse/traces-v1.json"),
}
GOOD: dict[str, dict[str, bytes]] = {
    "langfuse": {"/api/public/v2/observations": fixture("langfuse/observations-v2.json")},
    "langfuse before version 4": OLD,
    "helicone": {"/v1/request/query-clickhouse": fixture("helicone/query-clickhouse.json")},
    "portkey": PORTKEY,
    "portkey without exports": {path: text for path, text in PORTKEY.items() if path.startswith(GROUPS)},
}
DEV = Identity(person="dev", emails=("dev@acme.com",))
ASKED: UsageQuery = query(DEV, start="2026-11-20T00:00:00", end="2026-11-21T00:00:00", now="2026-11-21T00:30:00")


class Impatient(Canned):
    """Does not wait: an export that never finishes would take as long as a run may take."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__(answers)
        self.sleep = self._stop

    def _stop(self, _seconds: float) -> None:
        self.answers = {}


def portkey(canned: Canned) -> Source:
    return Portkey(canned, lambda _: canned)


KINDS: dict[str, Callable[[Canned], Source]] = {"langfuse": Langfuse, "helicone": Helicone, "portkey": portkey}


def check(kind: str, answers: dict[str, bytes]) -> None:
    source = KINDS[kind.split(maxsplit=1)[0]](Impatient(answers))
    result = source.fetch(ASKED)
    assert source.refine(ASKED, result, []) == result
    assert (result.status.problem is None) == (result.status.state is SourceState.OK)
    assert len({record.id for record in result.records}) == len(result.records) == result.status.records
    for record in result.records:
        assert record.actor
        assert ASKED.start <= record.start <= record.end <= ASKED.end
        assert record.tokens.cache_read + record.tokens.cache_write <= record.tokens.input
        assert record.cost_usd is None or 0 <= record.cost_usd < 10**11
        assert record.pr_number is None or record.repository
    source.inspect(ASKED.now)


@pytest.mark.parametrize("kind", list(GOOD))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_json_in_place_of_any_answer(kind, data):
    path = data.draw(st.sampled_from(sorted(GOOD[kind])))
    check(kind, GOOD[kind] | {path: body(data.draw(values))})


@pytest.mark.parametrize("kind", list(GOOD))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_good_answer_with_any_one_place_changed(kind, data):
    path = data.draw(st.sampled_from(sorted(GOOD[kind])))
    good = json.loads(GOOD[kind][path])
    place = data.draw(st.sampled_from(paths(good)))
    check(kind, GOOD[kind] | {path: body(put(good, place, data.draw(values)))})


@pytest.mark.parametrize("kind", list(GOOD))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(junk=st.binary(max_size=40))
def test_any_bytes_are_a_failure_or_an_answer(kind, junk):
    path = FILE if kind == "portkey" else min(GOOD[kind])
    check(kind, GOOD[kind] | {path: junk})
