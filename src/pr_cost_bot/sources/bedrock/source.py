"""Amazon Bedrock: one record per call that its model invocation log holds, priced from its tokens.

Who called is the session name of the assumed role (docs/bedrock-vertex.md says how to make it the person). AWS states no delay
of the log. The entries are read as files of them are (`pr_cost_bot.files.bedrock`).
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from typing import Protocol

from pr_cost_bot.config import BedrockSettings
from pr_cost_bot.http import HttpSession, Limits, SourceError
from pr_cost_bot.model import Problem, SourceResult, UsageQuery
from pr_cost_bot.ports import Inspection, Source
from pr_cost_bot.sources.bedrock.aws import GUIDE, TITLE, Credentials
from pr_cost_bot.sources.bedrock.bucket import open_bucket
from pr_cost_bot.sources.bedrock.log_group import open_log_group
from pr_cost_bot.sources.logged import CloudLog, Entries, bad_entries, sort
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Tally
from pr_cost_bot.sources.spans import DAY, Span
from pr_cost_bot.sources.unset import Unset

NAME = "bedrock"


class Log(Protocol):
    """A place to which Bedrock writes."""

    def session(self) -> HttpSession:
        """A session until the deadline."""

    def read(self, span: Span) -> Sequence[Chunk[Entries] | SourceError]:
        """All entries of calls in the span."""

    def look(self, now: datetime) -> str:
        """What is there, in a plain sentence. Raises: SourceError."""


class Bedrock(CloudLog):
    """Reads the logs of one account or of several in one bucket."""

    name = NAME
    title = TITLE
    longest_question = DAY  # logs are large: a long time may not be read at once

    def __init__(self, logs: Sequence[Log]) -> None:
        """At least one log."""
        self._logs = tuple(logs)

    def fetch(self, query: UsageQuery) -> SourceResult:
        """Read the whole log of that time, and keep the calls of these people."""
        names, tally = Names(query.people, self.name), Tally()
        entries: list[Entries] = []
        span = Span(query.start, min(query.end, query.now))
        asked = [partial(log.read, span) for log in self._logs] if span.start < span.end else []
        for read in self._logs[0].session().gather(asked):
            entries += tally.rows([read] if isinstance(read, SourceError) else read)
        if bad := bad_entries(self.title, entries):
            tally.fail(bad)
        found = sort(entries, names, self.name)
        return self.answer(query, found, tally, names)

    def inspect(self, now: datetime) -> Inspection:
        """Ask every log for a little."""
        looks = self._logs[0].session().gather([partial(log.look, now) for log in self._logs])
        return self.seen(looks)


def make(settings: BedrockSettings, limits: Limits | None = None, environ: Mapping[str, str] = os.environ) -> Source:
    """The source for the configured logs; credentials are the job's own."""
    if find_spec("botocore") is None:
        return Unset(NAME, TITLE, NOT_INSTALLED)
    regions = tuple(_regions(settings, environ))
    if not regions:
        return Unset(NAME, TITLE, NO_REGION)
    credentials = Credentials()
    logs: list[Log] = []
    if settings.log_group:
        group = settings.log_group
        logs += [open_log_group(group, region, settings.base_url, credentials, limits) for region in regions]
    if settings.bucket:
        how = (credentials, limits)
        logs.append(open_bucket(settings.bucket, settings.prefix, regions[0], settings.base_url, how))
    return Bedrock(logs)


def _regions(settings: BedrockSettings, environ: Mapping[str, str]) -> Iterable[str]:
    if settings.regions:
        return (settings.regions,) if isinstance(settings.regions, str) else settings.regions
    return filter(None, [environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")])


NOT_INSTALLED = Problem(
    "Bedrock is not read: botocore, which signs requests to AWS, is not installed.",
    "It is an extra, which the Action's image does not carry.",
    f"Install the program with the extra `aws` in a step of the workflow and run `pr-cost-bot action` there ({GUIDE}).",
)
NO_REGION = Problem(
    "Bedrock is not read: it is not known in which region its log is.",
    "Neither the configuration nor AWS_REGION names one.",
    "Add `regions: [us-east-1]` to `sources.bedrock`, or let aws-actions/configure-aws-credentials run before this step.",
)
