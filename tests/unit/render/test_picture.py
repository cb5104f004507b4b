import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.render import examples

from pr_cost_bot.model import PullRequestCost
from pr_cost_bot.render.breakdown import by_model
from pr_cost_bot.render.picture import picture


def _text(cost: PullRequestCost) -> str | None:
    drawn = picture(cost, by_model(cost))
    return drawn.text if drawn else None


def test_three_models_are_drawn_from_zero() -> None:
    text = _text(examples.merged()) or ""
    assert 'x-axis ["Opus 4.5", "GPT-5.5", "Gemini 3 Pro", "Auto"]' in text
    assert 'y-axis "US dollars" 0 --> 18' in text
    assert "bar [18.00, 3.10, 1.40, 0.09]" in text


def test_many_models_are_eight_bars_and_the_rest() -> None:
    assert '"house-model-4", "32 more"]' in (_text(examples.large()) or "")


def test_few_models_are_drawn_by_commit() -> None:
    assert 'x-axis ["0000001", "0000002", "0000003"]' in (_text(examples.ordinary()) or "")


def test_nothing_is_drawn_where_there_is_nothing_to_see() -> None:
    assert _text(examples.tiny()) is None
    assert _text(examples.pooled()) is None
    assert _text(examples.nothing_found()) is None
    cheap = tuple(examples.line(f"model-{number}", "0.20", 10, 1) for number in range(4))
    assert _text(examples.cost(lines=cheap)) is None


@given(st.lists(st.text(max_size=60), min_size=3, max_size=6, unique=True))
def test_names_of_models_cannot_leave_their_labels(names: list[str]) -> None:
    lines = tuple(examples.line(name, str(Decimal(9 - number)), 10, 1) for number, name in enumerate(names))
    text = _text(examples.cost(lines=lines))
    if text is not None:
        (axis,) = re.findall(r"x-axis \[(.*)\]\n", text)
        labels = re.fullmatch(r"\"[A-Za-z0-9 ._'-]+\"(?:, \"[A-Za-z0-9 ._'-]+\")*", axis)
        assert labels
        assert len(set(axis.split(", "))) == len(axis.split(", "))
        assert text.count("\n") == 5
