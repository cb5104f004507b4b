"""A small Mermaid picture, where there is something to see in it."""

import re
from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

import msgspec

from pr_cost_bot.model import PullRequestCost
from pr_cost_bot.render.breakdown import Slice

_WORTH_A_PICTURE = Decimal(1)  # dollars
_MODELS = 8
_COMMITS = range(3, 21)
_NOT_IN_A_LABEL = re.compile(r"[^A-Za-z0-9 ._-]+")

# Bars, not a pie: Mermaid's dark theme draws a pie's largest slice nearly black, and its light theme draws bars nearly white.
# This blue and no background read on both of GitHub's. Without a range the axis would not begin at 0.
_THEME = '{"plotColorPalette": "royalblue", "backgroundColor": "transparent"}'
_CHART = """\
%%{{init: {{"xyChart": {{"height": {height}}}, "themeVariables": {{"xyChart": {theme}}}}}}}%%
xychart-beta horizontal
  title "{title}"
  x-axis [{names}]
  y-axis "US dollars" 0 --> {most}
  bar [{amounts}]"""


class Picture(msgspec.Struct, frozen=True):
    """What the bars are of, in a word, and Mermaid's text."""

    subject: str
    text: str


def picture(cost: PullRequestCost, models: Sequence[Slice]) -> Picture | None:
    """Cost by model for three or more models, else cost by commit; None when neither would show anything."""
    if cost.cost_usd < _WORTH_A_PICTURE:
        return None
    costly = [row for row in models if row.cost_usd >= Decimal("0.01")]
    if len(costly) >= 3:
        return Picture("model", _bars("Cost by model", _model_bars(costly)))
    commits = [commit for commit in cost.commits if commit.cost_usd > 0]
    if len(commits) in _COMMITS:
        return Picture("commit", _bars("Cost by commit", [(commit.sha[:7], commit.cost_usd) for commit in commits]))
    return None


def _model_bars(models: Sequence[Slice]) -> list[tuple[str, Decimal]]:
    shown = [(row.name, row.cost_usd) for row in models[:_MODELS]]
    left = models[_MODELS:]
    if left:
        shown.append((f"{len(left)} more", sum((row.cost_usd for row in left), Decimal(0))))
    return shown


def _bars(title: str, bars: Sequence[tuple[str, Decimal]]) -> str:
    most = max(amount for _, amount in bars)
    labels = _labels([name for name, _ in bars])
    return _CHART.format(
        theme=_THEME,
        title=title,
        names=", ".join(f'"{label}"' for label in labels),
        height=110 + 32 * len(bars),
        most=most.quantize(Decimal(1), ROUND_CEILING),
        amounts=", ".join(f"{amount:.2f}" for _, amount in bars),
    )


def _labels(names: Sequence[str]) -> list[str]:
    """Letters, digits and a few signs: a label can end neither its quotes nor its fence. Bars of one label would be one."""
    labels: list[str] = []
    for name in names:
        label = _NOT_IN_A_LABEL.sub(" ", name[:200]).strip()[:24].strip() or "other"
        while label in labels:
            label += "'"
        labels.append(label)
    return labels
