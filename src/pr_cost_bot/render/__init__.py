"""Templates and number formats: what people see.

The template engine is imported with the first text that is rendered, not with this package.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from pr_cost_bot.model import Problem, PullRequestCost

__all__ = ["Comment", "html_page", "render_comment", "render_summary", "render_text", "warm_up"]

COMMENT_LIMIT = 60_000
"""Characters. GitHub refuses more than 65,536."""


class Comment(msgspec.Struct, frozen=True):
    """A comment's whole text, marker first, and the fingerprint of what it says apart from the time of the run."""

    body: str
    digest: str


def render_comment(cost: PullRequestCost, *, show_people: bool, limit: int = COMMENT_LIMIT) -> Comment:
    """Write the comment of a pull request in GitHub's Markdown, in at most `limit` characters."""
    from pr_cost_bot.render.comment import compose  # noqa: PLC0415 - jinja2 costs 70 ms that reading a source need not wait for

    body, digest = compose(cost, show_people=show_people, limit=limit)
    return Comment(body, digest)


def warm_up() -> None:
    """Import the template engine and compile the templates, while something else is waited for."""
    import pr_cost_bot.render.comment  # noqa: F401, PLC0415 - see render_comment
    from pr_cost_bot.render.environment import compile_templates  # noqa: PLC0415

    compile_templates()


def render_summary(
    costs: Sequence[PullRequestCost], problems: Sequence[Problem], *, show_people: bool, notes: Sequence[str] = ()
) -> str:
    """Write the run's step summary: full tables, problems with their remedies, notes. Less than GitHub's 1 MiB."""
    from pr_cost_bot.render.summary import compose  # noqa: PLC0415 - see render_comment

    return compose(costs, problems, notes, show_people=show_people)


def html_page(markdown: str, title: str, *, theme: Literal["auto", "light", "dark"] = "auto") -> str:
    """Show Markdown of this package as a page in GitHub's look. Needs the extra `demo`; loads nothing from the network."""
    from pr_cost_bot.render.page import compose  # noqa: PLC0415 - an optional dependency

    return compose(markdown, title, theme)


def render_text(markdown: str) -> str:
    """Show Markdown of this package as plain text for a terminal."""
    from pr_cost_bot.render.plain import compose  # noqa: PLC0415 - only a terminal needs it

    return compose(markdown)
