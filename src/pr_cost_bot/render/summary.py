"""The step summary: everything, for whoever runs the workflow."""

from collections.abc import Sequence

from pr_cost_bot.model import Problem, PullRequestCost
from pr_cost_bot.render.environment import render
from pr_cost_bot.render.view import View

# GitHub drops a step's summary above 1 MiB; what other steps of the action may add needs room.
_MAX_BYTES = 1_000_000
_ROWS = (2_000, 200, 40, 10)
_PROBLEMS = 100
_OVERVIEW = 2_000


def compose(
    costs: Sequence[PullRequestCost], problems: Sequence[Problem], notes: Sequence[str] = (), *, show_people: bool
) -> str:
    """Problems, an overview of several pull requests, and a section for each. Tables shrink until it all fits."""
    views = [_view(cost, show_people=show_people, rows=_ROWS[0]) for cost in costs]
    wanted = problems or notes or len(costs) > 1
    shown = {"views": views[:_OVERVIEW], "problems": problems[:_PROBLEMS], "notes": notes[:_PROBLEMS]}
    head = render("summary.md.j2", **shown) if wanted else ""
    sections: list[str] = []
    for rows in _ROWS:
        sections = [_section(_view(cost, show_people=show_people, rows=rows)) for cost in costs]
        if _size(head, *sections) <= _MAX_BYTES:
            break
    else:
        return _cut(head, sections)
    return "\n".join(part for part in (head, *sections) if part)


def _view(cost: PullRequestCost, *, show_people: bool, rows: int) -> View:
    return View(cost=cost, show_people=show_people, rows=rows, model_rows=rows)


def _section(view: View) -> str:
    return render("summary_section.md.j2", view=view, cost=view.cost)


def _size(*parts: str) -> int:
    return sum(len(part.encode()) + 1 for part in parts)


def _cut(head: str, sections: Sequence[str]) -> str:
    """As many whole sections as fit, and how many do not."""
    kept = [head] if head else []
    room = _MAX_BYTES - _size(head) - 200
    for number, section in enumerate(sections):
        room -= _size(section)
        if room < 0:
            kept.append(f"{len(sections) - number} more pull requests are left out here for want of room.\n")
            break
        kept.append(section)
    return "\n".join(kept)
