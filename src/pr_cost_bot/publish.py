"""What is written where, once a pull request's cost is known: comment, label, row. The decisions are pure functions."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pr_cost_bot.ci_usage import keep_ci_usage
from pr_cost_bot.config import Config
from pr_cost_bot.ledger.records import RecordsOfPull, records_of
from pr_cost_bot.ledger.rows import FIGURES, row_of, same_facts
from pr_cost_bot.marker import is_newer, is_untouched, read_marker
from pr_cost_bot.model import Problem, PullRequestCost, UsageRecord
from pr_cost_bot.ports import CommentRef, GitHub, PublishError, PullRequestFacts, Row
from pr_cost_bot.render import Comment, render_comment
from pr_cost_bot.silence import SILENT, silent_of

_PACE_FROM = 10  # pull requests; GitHub asks to pause between writes, which matters when there are many


@dataclass(frozen=True, kw_only=True)
class Known:
    """One pull request: as GitHub shows it, its row as the ledger has it, and what it cost.

    `by_true_up`: nothing happened to the pull request now, the bot came by itself. `ci_usage`: what CI runs told of themselves;
    no source could tell it again, so the row keeps it.
    """

    facts: PullRequestFacts
    row: Row | None
    cost: PullRequestCost
    by_true_up: bool = False
    ci_usage: tuple[UsageRecord, ...] = ()

    @property
    def kept_figures(self) -> Row:
        """What the row says of usage and goes on saying while a source is silent; nothing where this run's figures count."""
        if self.cost.kept is None or self.row is None:
            return {}
        return {name: self.row[name] for name in FIGURES if name in self.row}


@dataclass(frozen=True, kw_only=True)
class Published:
    """What became of the writing. `comments`: by pull request's number, where there is one. `failed`: exit status 1."""

    comments: dict[int, CommentRef]
    problems: tuple[Problem, ...]
    failed: bool


def publish(
    known: Sequence[Known], config: Config, github: GitHub, write: Callable[[Sequence[Row]], None], pause: Callable[[], None]
) -> Published:
    """Write everything that differs from what is there; independent writes go out at once. `write`: rows, perhaps none."""
    rows = [row for one in known if (row := row_to_write(one, config)) is not None]
    with ThreadPoolExecutor(3) as pool:
        writing = [pool.submit(write, rows)]
        comments: dict[int, Future[CommentRef | None]] = {}
        labels: list[Future[None]] = []
        for one in known:
            body = comment_to_write(one, render_comment(one.cost, show_people=config.comment.show_people), config)
            if body is not None or one.facts.surplus_comments:
                number = one.cost.pull.number
                comments[number] = pool.submit(github.publish_comment, one.facts, body, one.cost.computed_at)
            if (label := label_to_set(one, config)) is not KEEP:
                labels.append(pool.submit(github.publish_label, one.facts, label, label_names(one, config)))
            elif body is None:
                continue
            if len(known) > _PACE_FROM:
                pause()
    errors = list(_errors([*comments.values(), *labels, *writing]))
    # Who may not write rows or labels still gets the comment: that is a warning. Without the comment the run has failed.
    mild = {id(error) for error in _errors([*labels, *writing]) if error.permission}
    written = {number: future.result() for number, future in comments.items() if future.exception() is None}
    refs = {one.cost.pull.number: written.get(one.cost.pull.number) or one.facts.comment for one in known}
    return Published(
        comments={number: ref for number, ref in refs.items() if ref is not None},
        problems=tuple(dict.fromkeys(error.problem for error in errors)),
        failed=any(id(error) not in mild for error in errors),
    )


def comment_to_write(one: Known, comment: Comment, config: Config) -> str | None:
    """The body to publish, or None to leave things as they are."""
    settings, cost = config.comment, one.cost
    if settings.when == "never":
        return None
    there = one.facts.comment
    if there is not None:
        marker = read_marker(there.body)
        if marker is None:
            return comment.body
        same = marker.digest == comment.digest and is_untouched(there.body, marker)
        return None if same or is_newer(marker.computed_at, cost.computed_at) else comment.body
    if cost.nothing_known or _never_seen_open(one, config):
        return None
    known = cost.kept.cost_usd if cost.kept else cost.cost_usd
    wanted = settings.when == "always" or ((cost.has_usage or cost.kept is not None) and known >= settings.min_usd)
    return comment.body if wanted else None


def row_to_write(one: Known, config: Config) -> Row | None:
    """The row, unless the one there says the same, or nothing is known that could replace it."""
    show = config.ledger.show_people
    row = row_of(one.cost, show_people=one.cost.pull.is_private if show is None else show)
    row |= one.kept_figures
    if silent := silent_of(one.cost, one.row):
        row[SILENT] = silent
    if one.ci_usage:
        row["ci_usage"] = keep_ci_usage(one.ci_usage)
    return None if one.cost.nothing_known or same_facts(one.row, row) else row


def records_to_write(known: Sequence[Known]) -> list[RecordsOfPull]:
    """The vendors' records behind the figures; not where a row keeps an earlier figure, whose records are there."""
    return [records_of(one.cost) for one in known if not (one.cost.nothing_known or one.cost.kept)]


KEEP: Final = ""
"""Instead of a label: leave the labels as they are."""


def label_to_set(one: Known, config: Config) -> str | None:
    """The label that the pull request should have and has not (None: none of the three), or KEEP."""
    cost = one.cost
    if cost.nothing_known or cost.kept or _is_outrun(one) or _never_seen_open(one, config):
        return KEEP
    there = {label.casefold() for label in cost.pull.labels}
    wanted = {cost.label.casefold()} if cost.label else set()
    ours = {name.casefold() for name in label_names(one, config)}
    return KEEP if there & ours == wanted else cost.label


def label_left(one: Known, config: Config) -> str | None:
    """The label that the pull request has after the run, of the three."""
    label = label_to_set(one, config)
    if label is not KEEP:
        return label
    ours = {name.casefold() for name in label_names(one, config)}
    return next((there for there in one.cost.pull.labels if there.casefold() in ours), None)


def label_names(one: Known, config: Config) -> tuple[str, ...]:
    """The labels of which a pull request has one: low, medium, high; and what an earlier configuration called its own."""
    before = one.row.get("cost_label") if one.row else None
    names = (config.labels.low, config.labels.medium, config.labels.high)
    return names if not before or before in names else (*names, before)


def _is_outrun(one: Known) -> bool:
    """A later run has been here."""
    marker = read_marker(one.facts.comment.body) if one.facts.comment else None
    times = [marker.computed_at] if marker else []
    times += [datetime.fromisoformat(one.row["computed_at"])] if one.row else []
    return any(is_newer(time, one.cost.computed_at) for time in times)


def _never_seen_open(one: Known, config: Config) -> bool:
    """A pull request that closed before the bot came: its row is worth having, a comment or label on it would be noise."""
    if one.cost.pull.state == "open" or not one.by_true_up:
        return False
    labelled = {name.casefold() for name in label_names(one, config)} & {label.casefold() for label in one.cost.pull.labels}
    return one.row is None and one.facts.comment is None and not labelled


def _errors(futures: Iterable[Future[CommentRef | None] | Future[None]]) -> Iterable[PublishError]:
    for future in futures:
        error = future.exception()
        if isinstance(error, PublishError):
            yield error
        elif error is not None:
            raise error
