"""After the true-up: what is worth telling, told once, to the step summary and to whom `notify_urls` names."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import msgspec

from pr_cost_bot import render, runner
from pr_cost_bot.alerts.delivery import Sender, Tidings, Told, deliver, due
from pr_cost_bot.alerts.message import compose as compose_alerts
from pr_cost_bot.alerts.message import sentence
from pr_cost_bot.alerts.rules import Alert, Seen, alerts, week_of_year
from pr_cost_bot.config import Config, ReportSettings
from pr_cost_bot.dashboard.document import model_name
from pr_cost_bot.dashboard.entries import Entry, EntryError, convert, newest
from pr_cost_bot.dashboard.privacy import shown, without_median
from pr_cost_bot.dashboard.reading import Table as Figures
from pr_cost_bot.dashboard.reading import read_table
from pr_cost_bot.dashboard.series import Usage, spend_by_day, spend_by_repository, usage_of_runs
from pr_cost_bot.digest.figures import Question, digest
from pr_cost_bot.digest.forms import Message, in_summary
from pr_cost_bot.digest.message import compose as compose_digest
from pr_cost_bot.digest.reading import read_used
from pr_cost_bot.digest.sending import post, service_names
from pr_cost_bot.ledger.usage import UsageOfRun
from pr_cost_bot.model import Problem, SourceStatus
from pr_cost_bot.ports import PublishError, Row
from pr_cost_bot.reports.budget import budget_states
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.settings import Settings
from pr_cost_bot.table import Table

HISTORY = timedelta(days=63)
"""How far back figures are read: a month and the four weeks before it, or a week and the four before it."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, kw_only=True)
class TrueUp:
    """What a true-up leaves. `rows`: by number, as the table has them now. `private`: its summary is not for everybody."""

    settings: Settings
    config: Config
    now: datetime
    table: Table
    rows: Mapping[int, Row]
    usage: Sequence[UsageOfRun]
    sources: Sequence[SourceStatus]
    private: bool

    @property
    def today(self) -> date:
        return self.now.astimezone(UTC).date()

    @property
    def services(self) -> dict[str, str]:
        return service_names(self.settings.notify_urls)


def tell(done: TrueUp) -> None:
    """Alerts and the digest, as far as nobody has told them. What goes wrong is a warning."""
    sender = Sender(
        run=secrets.token_hex(8),
        now=done.now,
        services=list(done.services),
        post=lambda message, name: post(message, done.services[name], name),
    )
    try:
        tidings = _tidings(done)
        if not tidings:
            return
        try:
            told = _told(done, tidings, sender)
        except PublishError as error:
            told = Told(tidings=Tidings(tidings.alerts), problems=(_untold(error.problem, sender.services),))
    except (EntryError, PublishError) as error:
        what = f"Alerts and the digest could not be made. {error.problem.what}"
        told = Told(tidings=Tidings(()), problems=(Problem(what, error.problem.why, error.problem.remedy),))
    _show(done, told)


def _told(done: TrueUp, tidings: Tidings, sender: Sender) -> Told:
    """Raises PublishError when there is no table that could say what was told."""
    if done.table.failed:
        raise PublishError(done.table.problems[-1])
    notices = done.table.notices()
    return Told(tidings=due(tidings, notices, sender)) if done.settings.dry_run else deliver(tidings, notices, sender)


def _tidings(done: TrueUp) -> Tidings:
    figures = _figures(done)
    privacy = _privacy(done.config.reports)
    budgets = budget_states(
        done.config.budgets,
        spend_by_day(figures.entries, _of_the_table(done, figures)),
        spend_by_repository(figures.entries),
        done.today,
    )
    seen = Seen(
        repository=done.settings.repository,
        today=done.today,
        entries=figures.entries,
        usage=figures.usage,
        budgets=budgets,
        # Without anybody to send it to, a source's problem is a warning of this run already.
        sources=done.sources if done.services else (),
        few=without_median(figures.entries, privacy),
        shared=bool(done.settings.database_url),
        waiting_days=-(-done.config.attribution.lookback_hours // 24),
    )
    found = alerts(done.config.alerts, done.config.budgets, seen)
    return Tidings(found if done.services else _visible(done, found), _digest(done, figures, privacy))


def _visible(done: TrueUp, found: Sequence[Alert]) -> list[Alert]:
    """What may stand in the log and the summary, which in a public repository are for everybody."""
    return [alert for alert in found if done.private or not alert.wide]


def _figures(done: TrueUp) -> Figures:
    """What the database has, or this repository's rows; and the usage of the table, or what this run saw of it."""
    own = [entry for row in done.rows.values() if (entry := _entry(row)) is not None]
    if not done.settings.database_url or done.table.failed:
        return Figures(newest(own), usage_of_runs(done.usage))
    found = read_table([done.settings.database_url], done.today, done.today - HISTORY)
    return Figures(newest([*found.entries, *own]), found.usage)


def _of_the_table(done: TrueUp, figures: Figures) -> Usage | None:
    """What a run saw is not all: only a database's usage adds up to a month."""
    return figures.usage if done.settings.database_url else None


def _entry(row: Row) -> Entry | None:
    """None: somebody forged it."""
    try:
        return convert(row)
    except EntryError:
        return None


def _digest(done: TrueUp, figures: Figures, privacy: Privacy) -> tuple[str, Message] | None:
    """The week up to yesterday, when it is due and somebody may see it."""
    chosen = done.config.digest
    weekly = chosen.when == "weekly" or (chosen.when is None and done.services)
    if not weekly or done.today.weekday() < _WEEKDAYS.index(chosen.weekday) or not (done.services or _may_show_digest(done)):
        return None
    question = Question(
        now=done.now,
        until=done.today,
        people=privacy.people != "hidden",
        budgets=done.config.budgets,
        link=chosen.link,
        without_median=without_median(figures.entries, privacy),
    )
    entries = [_as_of_yesterday(entry, done.today) for entry in shown(figures.entries, privacy)]
    usage = _of_the_table(done, figures)
    url = done.settings.database_url
    used = read_used(url, question, privacy) if url and usage is not None else None
    made = digest(entries, usage, question, model_name, used)
    return f"digest/{week_of_year(done.today)}", compose_digest(made)


def _may_show_digest(done: TrueUp) -> bool:
    """A database may hold private repositories, and a public one's summary is for everybody."""
    return done.private or not done.settings.database_url


def _as_of_yesterday(entry: Entry, today: date) -> Entry:
    """An open pull request counts on the day of the last look at it, which may be this run's."""
    if entry.state != "open" or entry.day < today:
        return entry
    return msgspec.structs.replace(
        entry, computed_at=datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(seconds=1)
    )


def _privacy(reports: ReportSettings) -> Privacy:
    """Pseudonyms need a key, which the Action has not: then nobody is named."""
    people = reports.show_people and not reports.pseudonymise
    return Privacy(people="shown" if people else "hidden", min_team=reports.min_group_size)


def _untold(problem: Problem, services: Sequence[str]) -> Problem:
    what = "Nothing was sent, for the table cannot say what was sent before." if services else "Alerts may be told again."
    return Problem(f"{what} {problem.what}", problem.why, problem.remedy)


def _show(done: TrueUp, told: Told) -> None:
    """Annotations and the step summary."""
    visible = _visible(done, told.tidings.alerts)
    for alert in visible:
        runner.warn(Problem(sentence(alert)))
    for problem in told.problems:
        runner.warn(problem)
    if told.tidings and done.settings.dry_run and done.services:
        runner.notice(f"Dry run: this would be sent to {', '.join(done.services)}; see the step summary.")
    parts = [_alerts_section(visible), _digest_section(done, told.tidings)]
    if told.problems:
        parts.append(render.render_summary([], told.problems, show_people=False))
    text = "\n".join(part for part in parts if part)
    if text:
        runner.write_summary(done.settings.summary_path, f"\n{text}")


def _alerts_section(found: Sequence[Alert]) -> str:
    return f"### Alerts\n\n{in_summary(compose_alerts(found, most=1000).bodies['markdown'])}" if found else ""


def _digest_section(done: TrueUp, tidings: Tidings) -> str:
    if not tidings.digest:
        return ""
    body = (
        tidings.digest[1].bodies["markdown"] if _may_show_digest(done) else "It is not shown in a public repository's summary."
    )
    return f"### Digest\n\n{in_summary(body)}"
