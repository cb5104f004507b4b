"""GitHub Copilot as a source: one request per person and day, or one report for all where an enterprise's token may order it.

The coding agent's work is billed to the human who asked for it, under that login; the agent's commits name the same human as
co-author, so that `people` puts them together.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from urllib.parse import quote

import msgspec

from pr_cost_bot.config import CopilotSettings
from pr_cost_bot.http import Connection, HttpSession, Kind, Limits, SourceError, Vendor
from pr_cost_bot.model import Identity, Problem, SourceResult, UsageQuery
from pr_cost_bot.ports import Inspection, Source
from pr_cost_bot.sources.copilot import report, usage
from pr_cost_bot.sources.copilot.usage import Line
from pr_cost_bot.sources.events import Finest
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Tally
from pr_cost_bot.sources.spans import DAY
from pr_cost_bot.sources.unset import Unset

TITLE = "Copilot"
URL = "https://api.github.com"
SETTLES_AFTER = timedelta(days=3)  # GitHub states none; its usage metrics are complete after so long
_MANY = 40  # requests beyond which a report is worth waiting for
_FEW = 3  # days of a month for which it is not worth asking whether the month has any usage

BY_DAY = "GitHub bills Copilot per person and UTC day: a day's cost is shared by that day's work."
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2026-03-10"}

Answer = Chunk[Line] | SourceError


class Account(msgspec.Struct, frozen=True):
    """Whom GitHub bills, as the path of its API."""

    path: str

    @property
    def is_enterprise(self) -> bool:
        return self.path.startswith("/enterprises/")

    @property
    def vendor(self) -> Vendor:
        if self.is_enterprise:
            needs = "a classic personal access token of an owner or billing manager of the enterprise"
        else:
            needs = 'a token of the organisation with the permission "Administration: read"'
        return Vendor(title=TITLE, key_input="copilot_token", needs=needs)


class Copilot(Finest):
    """Reads the billed usage of an organisation's or enterprise's Copilot."""

    name = "copilot"
    title = TITLE
    settles_after = SETTLES_AFTER

    def __init__(self, connection: Connection, account: Account) -> None:
        self._connection = connection
        self._account = account

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read the days that the query touches."""
        session, names, tally = self._connection.session(), Names(query.people, self.name), Tally()
        tally.note(BY_DAY)
        logins = {login.lower(): login for who in query.people for login in _logins(who)}
        today = query.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        days = _days(query.start, min(query.end, query.now))
        lines = self._from_reports(session, logins, days, tally)
        if lines is None:
            lines = self._by_day(session, tuple(logins.values()), days, tally)
        records = usage.to_records(lines, logins)
        unknown = names.unknown(who.person for who in query.people if _logins(who))
        return self.told(records, tally, today, unknown, "day")

    def inspect(self, now: datetime) -> Inspection:
        """Read this month, and try whether usage may be asked for by person."""
        session, path = self._connection.session(), self._account.path
        month = now.date().replace(day=1)
        # "ghost" stands for deleted accounts and belongs to no organisation: only the refusal to filter matters.
        (everybody, *_), (one, *_) = session.both(
            [partial(usage.of_account, session, path, now.year, now.month)],
            [partial(usage.has_usage, session, path, "ghost", month)],
        )
        if isinstance(one, SourceError) and one.kind is not Kind.NOT_FOUND and not isinstance(everybody, SourceError):
            everybody = one
        if isinstance(everybody, SourceError):
            return Inspection(title=self.title, problem=self._explained(everybody).problem)
        return Inspection(title=self.title, sees=("cost in AI credits per person, model and UTC day",))

    def _from_reports(
        self, session: HttpSession, logins: dict[str, str], days: Sequence[date], tally: Tally
    ) -> list[Line] | None:
        """Lines of the people from reports; None where they are not worth it or not to be had."""
        if not self._account.is_enterprise or len(logins) * len(days) <= _MANY:
            return None
        limits = self._connection.limits
        desk = report.Desk(session, self._account.path, self._connection.sleep, self._elsewhere, limits.deadline / 2)
        try:
            lines = report.read(desk, days)
        except SourceError as error:
            tally.note(f"No usage report, single days instead: {self._explained(error).problem.what}")
            return None
        tally.answered += 1
        return [line for line in lines if line.login.lower() in logins]

    def _elsewhere(self, address: str) -> Connection:
        """A connection without the token. Raises ValueError for an address that is less safe than GitHub's own."""
        if not address.startswith("https://") and not self._connection.base_url.startswith("http://"):
            raise ValueError("a report at an address that is not safe")
        return Connection(self._account.vendor, address, {}, self._connection.limits)

    def _by_day(self, session: HttpSession, logins: Sequence[str], days: Sequence[date], tally: Tally) -> list[Line]:
        """Lines of every person and day, newest days first, without the days of months in which a person used nothing."""
        path = self._account.path
        months: dict[date, list[date]] = {}
        for day in days:
            months.setdefault(day.replace(day=1), []).append(day)
        wide = [(login, month) for month, inside in months.items() if len(inside) > _FEW for login in logins]
        used = session.gather([partial(usage.has_usage, session, path, login, month) for login, month in wide])
        idle = {key for key, answer in zip(wide, used, strict=True) if answer is False}
        refused = {
            login: answer
            for (login, _), answer in zip(wide, used, strict=True)
            if isinstance(answer, SourceError) and answer.status in {401, 403, 404}
        }
        asked = [
            (login, day)
            for month, inside in months.items()
            for day in inside
            for login in logins
            if (login, month) not in idle and login not in refused
        ]
        calls = [partial(usage.of_day, session, path, login, day) for login, day in asked]
        answers: list[Answer] = [*session.gather(calls), *refused.values(), *(Chunk[Line]() for _ in idle)]
        return tally.rows(self._judged(session, answers, days))

    def _judged(self, session: HttpSession, answers: Sequence[Answer], days: Sequence[date]) -> list[Answer]:
        """The answers with errors explained. Where the account is there, 404 means that it does not have this person."""
        missing = [each for each in answers if isinstance(each, SourceError) and each.status == 404]
        is_there = any(not isinstance(each, SourceError) for each in answers)
        if missing and not is_there:
            call = partial(usage.of_account, session, self._account.path, days[0].year, days[0].month)
            is_there = not isinstance(session.gather([call])[0], SourceError)
        judged: list[Answer] = []
        for each in answers:
            if not isinstance(each, SourceError):
                judged.append(each)
            elif each.status == 404 and is_there:
                judged.append(Chunk())
            else:
                judged.append(self._explained(each))
        return judged

    def _explained(self, error: SourceError) -> SourceError:
        """What GitHub's refusals mean here, and the way out."""
        said = error.detail.lower()
        if error.status in {403, 429} and "rate limit" in said:
            why = "The token has sent too many requests in this hour or minute."
            return _restated(error, why, "The next run tries again; re-run the job to try now.")
        if error.status == 403 and "filter usage by user" in said:
            why = "The organisation belongs to an enterprise, and only the enterprise may ask for single people's usage."
            remedy = (
                "Set `sources: {copilot: {enterprise: your-enterprise}}` in the configuration and give `copilot_token` "
                "a classic personal access token of an owner or billing manager of the enterprise."
            )
            return _restated(error, why, remedy)
        if error.status in {403, 404} and self._account.is_enterprise:
            why = "Enterprises refuse GitHub Apps and fine-grained tokens here, or the enterprise's name is wrong."
            return _restated(error, why, f"Give the input `copilot_token` {self._account.vendor.needs}.")
        return error


def _restated(error: SourceError, why: str, remedy: str) -> SourceError:
    return SourceError(error.kind, Problem(error.problem.what, why, remedy), status=error.status, detail=error.detail)


def _logins(who: Identity) -> tuple[str, ...]:
    """The configured logins (an enterprise's managed users have others), else the person's own."""
    configured = tuple(name for name in who.vendors.get("copilot", ()) if name and "@" not in name)
    return configured or ((who.login,) if who.login else ())


def _days(start: datetime, end: datetime) -> list[date]:
    """UTC days that the time touches, newest first."""
    first, last = start.astimezone(UTC).date(), (end - timedelta(microseconds=1)).astimezone(UTC).date()
    return [last - DAY * back for back in range((last - first).days + 1)]


def make(key: str, settings: CopilotSettings, limits: Limits | None = None) -> Source:
    """The source for one token. The enterprise goes before the organisation: it sees everybody."""
    name = settings.enterprise or settings.organization
    if not name:
        problem = Problem(
            "Copilot is not read: the configuration names neither an organisation nor an enterprise.",
            "A token for it is set, but Copilot is billed to one of them.",
            "Add `sources: {copilot: {organization: your-organisation}}` to the configuration file.",
        )
        return Unset("copilot", TITLE, problem)
    account = Account(f"/{'enterprises' if settings.enterprise else 'organizations'}/{quote(name, safe='')}")
    headers = {"Authorization": f"Bearer {key}"}
    return Copilot(Connection(account.vendor, settings.base_url or URL, headers, limits, _HEADERS), account)
