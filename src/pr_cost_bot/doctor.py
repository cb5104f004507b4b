"""`pr-cost-bot doctor`: is it set up right? What each key sees, who will not match, which permission is missing."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TextIO

import msgspec

from pr_cost_bot import github, people, sources
from pr_cost_bot.config import Config
from pr_cost_bot.config_file import ConfigError, parse_config
from pr_cost_bot.database_option import with_database
from pr_cost_bot.model import Problem, SourceStatus
from pr_cost_bot.people import People
from pr_cost_bot.ports import ConfigText, Inspection, ReadError
from pr_cost_bot.runner import Redactor, harmless_line
from pr_cost_bot.settings import KEY_INPUTS, Settings, SettingsError, clock, read_settings

_RECENT = timedelta(days=30)
_MARKS = {"good": "ok     ", "note": "note   ", "bad": "WRONG  "}


class Finding(msgspec.Struct, frozen=True):
    """One line of the report. `grade`: good, note or bad."""

    grade: str
    text: str


def main(environ: Mapping[str, str], stdout: TextIO, database: str | None = None) -> int:
    """Print the findings; 2 when something is wrong, else 0.

    Outside a workflow: GITHUB_REPOSITORY, GITHUB_TOKEN and the keys by their inputs' names in upper case.
    """
    settings: Settings | None = None
    try:
        settings = read_settings(at_a_terminal(environ, database))
        findings = _examine(settings, clock(environ))
    except (SettingsError, ConfigError, ReadError) as error:
        findings = [_bad(error.problem)]
    redact = Redactor(settings.secrets if settings else ())
    stdout.writelines(f"{_MARKS[finding.grade]}{harmless_line(redact.clean(finding.text))}\n" for finding in findings)
    return 2 if any(finding.grade == "bad" for finding in findings) else 0


def at_a_terminal(environ: Mapping[str, str], database: str | None = None) -> dict[str, str]:
    """Fill in what a runner would have set. `database`: the URL that `--database` names."""
    secret_inputs = ("github_token", "org_token", *KEY_INPUTS)
    named = {f"INPUT_{name.upper()}": environ[name.upper()] for name in secret_inputs if environ.get(name.upper())}
    defaults = {
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
        "GITHUB_EVENT_NAME": "workflow_dispatch",
        "GITHUB_EVENT_PATH": "-",
    }
    given = {name: value for name, value in environ.items() if value}
    return with_database({**defaults, **named, **given}, database)


def _examine(settings: Settings, now: datetime) -> list[Finding]:
    client = github.connect(
        settings.github_token,
        settings.repository,
        api_url=settings.api_url,
        graphql_url=settings.graphql_url,
        org_token=settings.org_token,
    )
    with ThreadPoolExecutor() as pool:
        looking = pool.submit(client.inspect, now - _RECENT)
        text = client.configuration(settings.config_path)
        config = Config() if text.text is None else parse_config(text.text, settings.config_path)
        inspections = list(pool.map(lambda source: source.inspect(now), sources.active_sources(settings.keys, config.sources)))
        seen = looking.result()
    unread = sources.unread(settings.keys, config.sources)
    known = people.resolve(config.people, seen.recent_authors)
    return [
        *_about_github(seen, settings),
        *_about_config(text, known, settings.config_path),
        *_about_sources(inspections, unread),
        *_about_people(seen, known, inspections),
    ]


def _about_github(seen: github.GitHubInspection, settings: Settings) -> Iterable[Finding]:
    yield Finding("good", f"GitHub: {seen.viewer or 'the token'} reads {seen.repository} ({seen.visibility}).")
    if not seen.may_read_contents:
        yield Finding("bad", "GitHub: the token may not read contents. Give the job 'permissions: contents: read'.")
    if seen.may_write is False:
        yield Finding("bad", "GitHub: the token's account may not write here: comments, labels and rows need write access.")
    if seen.may_write is None:
        yield Finding(
            "note",
            "GitHub: what a job's token may write stands in the workflow: 'pull-requests: write' for the comment, "
            "'issues: write' to create labels, 'contents: write' for the data branch.",
        )
    if seen.archived:
        yield Finding("bad", "GitHub: the repository is archived, so nothing can be written.")
    if settings.database_url:
        yield Finding("note", "Ledger: the database of database_url.")
    elif seen.has_data_branch:
        yield Finding("good", "Ledger: the data branch exists.")
    else:
        yield Finding("note", "Ledger: the first run will make the data branch.")


def _about_config(text: ConfigText, known: People, path: str) -> Iterable[Finding]:
    if text.problem is not None:
        yield _bad(text.problem)
    elif text.text is None:
        yield Finding("note", f"Configuration: there is no {path}; the defaults apply.")
    else:
        yield Finding("good", f"Configuration: {path} is fine.")
    yield from (_bad(problem) for problem in known.problems)


def _about_sources(inspections: Sequence[Inspection], unread: Sequence[SourceStatus]) -> Iterable[Finding]:
    for inspection in inspections:
        if inspection.problem is not None:
            yield Finding("bad", f"{inspection.title}: {inspection.problem}")
        yield from (Finding("note", f"{inspection.title}: {warning}") for warning in inspection.warnings)
        yield from (Finding("good", f"{inspection.title}: {sentence}") for sentence in inspection.sees)
    yield from (_bad(status.problem) for status in unread if status.problem is not None)
    if not inspections and not unread:
        yield Finding("note", "Sources: no vendor key is set, so only receipts in commits will be counted.")


def _about_people(seen: github.GitHubInspection, known: People, inspections: Sequence[Inspection]) -> Iterable[Finding]:
    """Recent authors whom no source that can list its people knows."""
    listings = [inspection.emails for inspection in inspections if inspection.emails is not None]
    persons = {person for author in seen.recent_authors if (person := known.of_author(author))}
    if not listings:
        yield Finding("note", f"People: {len(persons)} authors in 30 days; no source can say whom it knows.")
        return
    strangers = [
        identity
        for identity in known.identities(persons)
        if not identity.vendors and not any(set(identity.emails) & listing for listing in listings)
    ]
    yield Finding(
        "good", f"People: {len(persons) - len(strangers)} of {len(persons)} authors in 30 days are known to a source."
    )
    for identity in strangers:
        line = people.suggestion(identity)
        yield Finding("note", f"People: {identity.person} will not match. Add under 'people:' in the configuration: {line}")


def _bad(problem: Problem) -> Finding:
    return Finding("bad", str(problem))
