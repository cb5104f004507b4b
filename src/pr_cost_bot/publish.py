"""What is written where, once a pull request's cost is known: comment, label, row. The decisions are pure functions."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from pr_cost_bot.ci_usage import keep_ci_usage
from pr_cost_bot.config import Config
from pr_cost_bot.ledger.rows import row_of, same_facts
from pr_cost_bot.marker import read_marker
from pr_cost_bot.model import Problem, PullRequestCost, UsageRecord
from pr_cost_bot.ports import CommentRef, GitHub, Ledger, PublishError, PullRequestFacts, Row
from pr_cost_bot.render import Comment, render_comment

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


@dataclass(frozen=True, kw_only=True)
class Published:
    """What became of the writing. `comments`: by pull request's number, where there is one. `failed`: exit status 1."""

    comments: dict[int, CommentRef]
    problems: tuple[Problem, ...]
    failed: bool


def publish(known: Sequence[Known], config: Config, github: GitHub, ledger: Ledger, pause: Callable[[], None]) -> Published:
    """Write everything that differs from what is there; independent writes go out at once."""
    rows = [row for one in known if (row := row_to_write(one, config)) is not None]
    with ThreadPoolExecutor(3) as pool:
        writing = [pool.submit(ledger.write, rows)] if rows else []
        comments: dict[int, Future[CommentRef | None]] = {}
        labels: list[Future[None]] = []
        for one in known:
            comments[one.cost.pull.number] = pool.submit(_publish_comment, one, config, github)
            labels.append(pool.submit(_publish_label, one, config, github))
            if len(known) > _PACE_FROM:
                comments[one.cost.pull.number].exception()
                pause()
    errors = list(_errors([*comments.values(), *labels, *writing]))
    # Who may not write rows or labels still gets the comment: that is a warning. Without the comment the run has failed.
    mild = {id(error) for error in _errors([*labels, *writing]) if error.permission}
    return Published(
        comments={
            number: ref for number, future in comments.items() if future.exception() is None and (ref := future.result())
        },
        problems=tuple(dict.fromkeys(error.problem for error in errors)),
        failed=any(id(error) not in mild for error in errors),
    )


def comment_to_write(one: Known, comment: Comment, config: Config) -> str | None:
    """The body to publish, or None to leave things as they are."""
    settings, cost = config.comment, one.cost
    if settings.when == "never":
        return None
    if one.facts.comment is not None:
        marker = read_marker(one.facts.comment.body)
        unchanged = marker is not None and (marker.digest == comment.digest or marker.computed_at > cost.computed_at)
        return None if unchanged else comment.body
    if cost.nothing_known or _never_seen_open(one):
        return None
    wanted = settings.when == "always" or (cost.has_usage and cost.cost_usd >= settings.min_usd)
    return comment.body if wanted else None


def row_to_write(one: Known, config: Config) -> Row | None:
    """The row, unless the one there says the same, or nothing is known that could replace it."""
    show = config.ledger.show_people
    row = row_of(one.cost, show_people=one.cost.pull.is_private if show is None else show)
    if one.ci_usage:
        row["ci_usage"] = keep_ci_usage(one.ci_usage)
    return None if one.cost.nothing_known or same_facts(one.row, row) else row


def label_names(config: Config) -> tuple[str, str, str]:
    """The three labels of which a pull request has one."""
    return config.labels.low, config.labels.medium, config.labels.high


def _never_seen_open(one: Known) -> bool:
    """A pull request that closed before the bot came: its row is worth having, a comment on it would be noise."""
    return one.cost.pull.state != "open" and one.row is None and one.by_true_up


def _publish_comment(one: Known, config: Config, github: GitHub) -> CommentRef | None:
    comment = render_comment(one.cost, show_people=config.comment.show_people)
    body = comment_to_write(one, comment, config)
    if body is None and not one.facts.surplus_comments:
        return one.facts.comment
    return github.publish_comment(one.facts, body, one.cost.computed_at)


def _publish_label(one: Known, config: Config, github: GitHub) -> None:
    if not one.cost.nothing_known:
        github.publish_label(one.facts, one.cost.label, label_names(config))


def _errors(futures: Iterable[Future[CommentRef | None] | Future[None]]) -> Iterable[PublishError]:
    for future in futures:
        error = future.exception()
        if isinstance(error, PublishError):
            yield error
        elif error is not None:
            raise error
