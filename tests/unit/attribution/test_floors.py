"""The figures on real usage with known truth. Needs the data beside the checkout."""

import importlib.util
import os
from pathlib import Path

import pytest

from pr_cost_bot.attribute_files import run

SHARED = Path(os.environ.get("PR_COST_BOT_SHARED", Path(__file__).parents[4] / "shared")) / "attribution"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (SHARED / "score.py").exists(), reason="the benchmark's data are not beside the checkout"),
]

# set, grain: right, gold, cover, width. A little below what is reached, so that only a real step back fails.
FLOORS = {
    ("entire", "event.tagged"): (0.960, 0.993, 0, 9),
    ("entire", "event"): (0.958, 0.982, 0.92, 0.6),
    ("entire", "1m"): (0.953, 0.974, 0.92, 0.6),
    ("entire", "1h"): (0.902, 0.935, 0.92, 1.5),
    ("entire", "1d"): (0.760, 0.840, 0.90, 1.9),
    ("cipherbox", "event.tagged"): (0.993, 0.993, 0, 9),
    ("cipherbox", "event"): (0.990, 0.990, 0.92, 0.6),
    ("cipherbox", "1m"): (0.988, 0.990, 0.92, 0.6),
    ("cipherbox", "1h"): (0.925, 0.950, 0.92, 1.9),
    ("cipherbox", "1d"): (0.840, 0.870, 0.90, 1.9),
}


def scorer():
    spec = importlib.util.spec_from_file_location("score", SHARED / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "grain"), FLOORS)
def test_no_figure_falls_below_its_floor(name, grain, tmp_path):
    folder, output = SHARED / "dev" / name, tmp_path / "allocations.jsonl"
    usage = folder / f"usage.{grain}.jsonl"
    arguments = ["--usage", usage, "--commits", folder / "commits.jsonl", "--pulls", folder / "pulls.jsonl", "--output", output]
    assert run([str(argument) for argument in arguments]) == 0
    figures = scorer().score(folder / f"truth.{grain.removesuffix('.tagged')}.jsonl", output, usage)
    right, gold, cover, width = FLOORS[name, grain]
    assert figures["conserved"]
    assert figures["interval_sane"]
    assert figures["right"] >= right
    assert figures["right_gold"] >= gold
    assert figures["interval_cover"] >= cover
    assert figures["interval_width"] <= width
