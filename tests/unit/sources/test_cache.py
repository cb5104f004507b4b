import json
import stat
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pr_cost_bot.hours import HOUR
from pr_cost_bot.model import Identity, Interval, Problem, SourceResult, SourceState, SourceStatus, Tokens, UsageQuery
from pr_cost_bot.model import UsageRecord as Record
from pr_cost_bot.ports import Inspection
from pr_cost_bot.sources.cache import CachedSource, cached
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.spans import DAY

NOW = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)
SETTLES = 2 * DAY
ANN, BOB = (Identity(person=name, emails=(f"{name}@example.com",), login=name) for name in ("ann", "bob"))
PEOPLE = (ANN, BOB)


def record(name: str, who: Identity, start: datetime, width: timedelta = timedelta(0)) -> Record:
    return Record(
        id=name,
        source="fake",
        actor=who.emails[0],
        start=start,
        end=start + width,
        model="m",
        tokens=Tokens(10, 3, 2, 1),
        cost_usd=Decimal("0.1000000000000000003"),
    )


class Fake:
    """A vendor that gives events and buckets that touch the time, up to an hour ago."""

    name = "fake"
    title = "Fake"

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self.records = list(records)
        self.asked: list[UsageQuery] = []
        self.refined: list[UsageQuery] = []
        self.answers_left = 10**9
        self.failure = SourceState.FAILED
        self.crash: type[BaseException] | None = None

    def fetch(self, query: UsageQuery) -> SourceResult:
        if not self.answers_left and self.crash:
            raise self.crash
        self.asked.append(query)
        names = Names(query.people, self.name)
        mine = [each for each in self.records if names.actor(each.actor) and each.start < min(query.end, query.now)]
        found = tuple(each for each in mine if each.start >= query.start or each.end > query.start)
        status = SourceStatus(
            name=self.name,
            title=self.title,
            grain="event",
            fresh_until=query.now - HOUR,
            settles_after=SETTLES,
            records=len(found),
            unknown_people=names.unknown(each.actor for each in found),
            notes=("As the caller said.",),
        )
        if not self.answers_left:
            problem = Problem("Fake answered 503.")
            status = msgspec.structs.replace(status, state=self.failure, problem=problem)
            return SourceResult(status=status, records=found[:1] if self.failure is SourceState.PARTIAL else ())
        self.answers_left -= 1
        return SourceResult(status=status, records=found)

    def refine(self, query: UsageQuery, result: SourceResult, contested: Sequence[Interval]) -> SourceResult:
        assert self.asked[-1].people == query.people, "the source was not asked for these people"
        self.refined.append(query)
        return msgspec.structs.replace(result, status=msgspec.structs.replace(result.status, grain="minute"))

    def inspect(self, now: datetime) -> Inspection:
        return Inspection(title=self.title, sees=(f"{now:%H:%M}",))

    def asked_days(self) -> list[tuple[str, datetime]]:
        """Persons and settled days of all questions."""
        found = []
        for query in self.asked:
            day = query.start.replace(hour=0, minute=0, second=0, microsecond=0)
            while day < query.end:
                if day + DAY <= NOW - SETTLES:
                    found += [(who.person, day) for who in query.people]
                day += DAY
        return found


def query(start: datetime, end: datetime = NOW, people: tuple[Identity, ...] = PEOPLE) -> UsageQuery:
    return UsageQuery(people=people, start=start, end=end, now=NOW)


def ordered(result: SourceResult) -> list[Record]:
    return sorted(result.records, key=lambda each: (each.start, each.id))


MINUTES = st.integers(0, 100 * 24 * 60)


@st.composite
def histories(draw: st.DrawFn) -> list[Record]:
    made = []
    for number, (back, who, kind) in enumerate(
        draw(st.lists(st.tuples(MINUTES, st.sampled_from(PEOPLE), st.sampled_from(("event", "hour", "day"))), max_size=25))
    ):
        at = NOW - timedelta(minutes=back)
        if kind == "hour":
            made.append(record(str(number), who, at.replace(minute=0), HOUR))
        elif kind == "day":
            made.append(record(str(number), who, at.replace(hour=0, minute=0), DAY))
        else:
            made.append(record(str(number), who, at))
    return made


@st.composite
def queries(draw: st.DrawFn) -> UsageQuery:
    back = sorted((draw(MINUTES), draw(MINUTES)), reverse=True)
    # Often on the edge of a day, where things go wrong.
    start, end = (
        at.replace(hour=0, minute=0) if draw(st.booleans()) else at for at in (NOW - timedelta(minutes=each) for each in back)
    )
    people = draw(st.sampled_from([PEOPLE, (ANN,), (BOB,), (BOB, ANN)]))
    return query(start, end + timedelta(minutes=start == end), people)


@given(histories(), st.lists(queries(), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_with_or_without_cache_the_records_are_the_same_and_no_settled_day_is_asked_for_twice(records, asked):
    with tempfile.TemporaryDirectory() as folder:
        bare, inner = Fake(records), Fake(records)
        for one in asked:
            expected, got = bare.fetch(one), CachedSource(inner, Path(folder), NOW).fetch(one)
            assert ordered(got) == ordered(expected)
            assert got.status.state is SourceState.OK
            assert (got.status.records, got.status.grain, got.status.settles_after) == (len(got.records), "event", SETTLES)
        days = inner.asked_days()
        assert len(days) == len(set(days))


@given(histories(), st.integers(0, 3), st.sampled_from(["failed", "partial", "killed"]))
@settings(max_examples=40, deadline=None)
def test_interrupted_half_way_the_next_run_asks_only_for_what_is_missing(records, answered, how):
    ninety = query(NOW - 90 * DAY)
    with tempfile.TemporaryDirectory() as folder:
        first = Fake(records)
        first.answers_left = answered
        first.failure = SourceState.PARTIAL if how == "partial" else SourceState.FAILED
        first.crash = KeyboardInterrupt if how == "killed" else None
        try:
            result = CachedSource(first, Path(folder), NOW).fetch(ninety)
            assert result.status.state is (SourceState.FAILED if answered == 0 and how == "failed" else SourceState.PARTIAL), (
                result.status
            )
            assert "503" in str(result.status.problem)
        except KeyboardInterrupt:
            pass
        second = Fake(records)
        again = CachedSource(second, Path(folder), NOW).fetch(ninety)
        assert ordered(again) == ordered(Fake(records).fetch(ninety))
        first.asked = first.asked[:answered]
        assert not set(first.asked_days()) & set(second.asked_days())
        assert len(first.asked_days()) == 2 * 30 * min(answered, 2) + (answered == 3) * 2 * 28


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Ten days, of which eight are settled, after one run."""
    CachedSource(Fake(HISTORY), tmp_path, NOW).fetch(TEN)
    return tmp_path


TEN = query(TODAY - 9 * DAY)
HISTORY = [record(f"{who.person}{n}", who, TODAY - n * DAY + 3 * HOUR) for who in PEOPLE for n in range(10)]


def rerun(folder: Path, asked: UsageQuery = TEN, records: Sequence[Record] = HISTORY) -> tuple[SourceResult, Fake]:
    inner = Fake(records)
    return CachedSource(inner, folder, NOW).fetch(asked), inner


def test_settled_days_come_from_disk_and_the_open_rest_in_one_question(kept):
    result, inner = rerun(kept)
    assert [(one.start, one.end, one.people) for one in inner.asked] == [(TODAY - 2 * DAY, NOW, PEOPLE)]
    assert ordered(result) == sorted(HISTORY, key=lambda each: (each.start, each.id))
    assert result.status.fresh_until == NOW - HOUR
    assert result.status.notes == ("As the caller said.",)


def test_a_query_that_ends_in_the_past_needs_the_vendor_no_more(kept):
    past = query(TODAY - 8 * DAY + 5 * HOUR, TODAY - 4 * DAY + 2 * HOUR)
    result, inner = rerun(kept, past)
    assert inner.asked == []
    assert {each.start for each in result.records} == {TODAY - n * DAY + 3 * HOUR for n in (7, 6, 5)}
    assert (result.status.state, result.status.fresh_until, result.status.unknown_people) == (SourceState.OK, past.end, ())


def test_what_is_missing_lies_together_in_one_question_for_those_who_miss_it(kept):
    one = next((kept / "fake").iterdir())
    for day in (5, 4):
        (one / f"{TODAY - day * DAY:%Y-%m-%d}.json").unlink()
    result, inner = rerun(kept, query(TODAY - 8 * DAY, TODAY - 3 * DAY))
    assert [(one.start, one.end, len(one.people)) for one in inner.asked] == [(TODAY - 5 * DAY, TODAY - 3 * DAY, 1)]
    assert len(result.records) == 10


def test_a_new_name_of_a_person_is_asked_for(kept):
    renamed = msgspec.structs.replace(ANN, emails=(*ANN.emails, "ann@home.example"))
    _, inner = rerun(kept, query(TODAY - 8 * DAY, TODAY - 3 * DAY, (renamed, BOB)))
    assert [one.people for one in inner.asked] == [(renamed,)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text * 0,
        lambda text: text[: len(text) // 2],
        lambda text: f"[{text}]",
        lambda text: json.dumps(json.loads(text) | {"version": 99}),
        lambda text: json.dumps(json.loads(text) | {"source": "other"}),
        lambda text: json.dumps(json.loads(text) | {"identity": "0" * 32}),
        lambda text: json.dumps(json.loads(text) | {"day": "2026-01-01"}),
        lambda text: text.replace("2026-11-15T", "2026-11-14T"),
    ],
)
def test_damaged_and_foreign_files_are_asked_for_again_and_rewritten(kept, damage):
    files = sorted(kept.glob("fake/*/2026-11-15.json"))
    before = files[0].read_text()
    files[0].write_text(damage(before))
    result, inner = rerun(kept)
    assert any(one.start == datetime(2026, 11, 15, tzinfo=UTC) for one in inner.asked)
    assert len(result.records) == len(HISTORY)
    assert files[0].read_text() == before


def test_folders_are_private_names_are_hashed_and_nothing_is_left_half_written(kept):
    paths = list(kept.rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o600}
    assert not any("ann" in str(path.relative_to(kept)) or "@" in path.name for path in paths)
    assert {path.suffix for path in paths if path.is_file()} == {".json"}


def test_a_folder_that_cannot_be_written_costs_a_note_and_no_records(tmp_path):
    (tmp_path / "file").write_text("")
    result, _ = rerun(tmp_path / "file")
    assert len(result.records) == len(HISTORY)
    assert result.status.state is SourceState.OK
    assert any("could not be kept on disk" in note for note in result.status.notes)


def test_buckets_wider_than_a_day_are_asked_for_as_the_query_wants_them(tmp_path):
    wide = [*HISTORY, record("wide", ANN, TODAY - 9 * DAY, 5 * DAY)]
    result, inner = rerun(tmp_path, TEN, wide)
    assert ordered(result) == ordered(Fake(wide).fetch(TEN))
    assert inner.asked[-1] == TEN
    assert not list(tmp_path.rglob("*.json"))


def test_persons_whom_the_vendor_does_not_know_stay_unknown(tmp_path):
    anns = [each for each in HISTORY if each.id.startswith("ann")]
    past = query(TODAY - 8 * DAY, TODAY - 3 * DAY)
    assert rerun(tmp_path, past, anns)[0].status.unknown_people == ("bob",)
    result, inner = rerun(tmp_path, past, anns)
    assert (result.status.unknown_people, inner.asked) == (("bob",), [])


def test_refinement_is_the_sources_own_and_it_is_asked_first_where_only_the_disk_was(tmp_path):
    hours = [record(f"h{n}", who, TODAY - 6 * DAY + n * HOUR, HOUR) for who in PEOPLE for n in range(5)]
    past, contested = (
        query(TODAY - 8 * DAY, TODAY - 3 * DAY),
        [Interval("bob", TODAY - 6 * DAY + HOUR, TODAY - 6 * DAY + 2 * HOUR)],
    )
    inner = Fake(hours)
    source = CachedSource(inner, tmp_path, NOW)
    assert source.refine(past, source.fetch(past), contested).status.grain == "minute"
    assert inner.refined == [past]
    inner = Fake(hours)
    source = CachedSource(inner, tmp_path, NOW)
    result = source.fetch(past)
    assert inner.asked == []
    assert source.refine(past, result, contested).status.grain == "minute"
    assert [(one.start, one.end, one.people) for one in inner.asked] == [(contested[0].start, contested[0].end, (BOB,))]
    elsewhere = [Interval("bob", TODAY - 7 * DAY, TODAY - 6 * DAY - HOUR)]
    source = CachedSource(inner, tmp_path, NOW)
    assert source.refine(past, source.fetch(past), elsewhere) == result
    assert len(inner.asked) == 1


def test_a_source_that_fails_before_it_can_refine_leaves_the_hours_and_a_note(tmp_path):
    hours = [record(f"h{n}", ANN, TODAY - 6 * DAY + n * HOUR, HOUR) for n in range(5)]
    past = query(TODAY - 8 * DAY, TODAY - 3 * DAY)
    rerun(tmp_path, past, hours)
    inner = Fake(hours)
    inner.answers_left = 0
    source = CachedSource(inner, tmp_path, NOW)
    result = source.fetch(past)
    refined = source.refine(past, result, [Interval("ann", past.start, past.end)])
    assert refined.records == result.records
    assert refined.status.notes[-1] == "No minutes, hours instead: Fake answered 503."


def test_files_have_no_cache_and_inspection_is_the_sources_own(tmp_path):
    files, fake = Fake(), Fake()
    files.name = "files"
    made = cached((files, fake), tmp_path, NOW)
    assert made[0] is files
    assert (made[1].name, made[1].title, made[1].inspect(NOW)) == ("fake", "Fake", fake.inspect(NOW))
