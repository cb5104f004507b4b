"""The comment (docs/comment.md)."""

import hashlib

from pr_cost_bot.marker import Marker, fingerprint, write_marker
from pr_cost_bot.model import PullRequestCost
from pr_cost_bot.render.environment import render
from pr_cost_bot.render.view import View

_MARKER_ROOM = 600  # characters
_ROWS = (30, 15, 8, 4, 2, 1)


def compose(cost: PullRequestCost, *, show_people: bool, limit: int) -> tuple[str, str]:
    """Body and digest. Tables lose rows, and say so, until the body has at most `limit` characters."""
    digest = _digest(cost, show_people=show_people)
    text = _text(cost, show_people=show_people, limit=limit)
    marker = Marker(
        repository=cost.pull.repository,
        pr=cost.pull.number,
        head_sha=cost.pull.head_sha,
        computed_at=cost.computed_at,
        digest=digest,
        text=fingerprint(text),
    )
    return f"{write_marker(marker)}\n{text}", digest


def _text(cost: PullRequestCost, *, show_people: bool, limit: int) -> str:
    for rows in _ROWS:
        text = render("comment.md.j2", view=View(cost=cost, show_people=show_people, rows=rows), cost=cost)
        if len(text) + _MARKER_ROOM <= limit:
            return text
    return render("comment_short.md.j2", view=View(cost=cost, show_people=False, rows=0), cost=cost)


def _digest(cost: PullRequestCost, *, show_people: bool) -> str:
    """A fingerprint of the commit it speaks of and of all that it says, but for times of the run and of freshness."""
    timeless = View(cost=cost, show_people=show_people, rows=_ROWS[0], clock=False)
    text = f"{cost.pull.head_sha}\n{render('comment.md.j2', view=timeless, cost=cost)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
