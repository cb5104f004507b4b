"""How right, how sure and how fast attribution is.

    python bench/attribution.py            figures per grain on real usage with known truth, then with each rule left out
    python bench/attribution.py --speed    wall time and memory of `pr-cost-bot attribute` against a DuckDB ASOF JOIN

Needs the benchmark's data in ../shared/attribution (or PR_COST_BOT_SHARED); `--speed` makes its own input there-with.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pr_cost_bot.attribute_files import run
from pr_cost_bot.attribution import RULES

SHARED = Path(os.environ.get("PR_COST_BOT_SHARED", Path(__file__).parents[2] / "shared")) / "attribution"
SETS = ("entire", "cipherbox")
GRAINS = ("event.tagged", "event", "1m", "1h", "1d")
BY_TAGS_ONLY = frozenset({"tags", "stale-branch", "leaving"})
BUCKETS_ONLY = frozenset({"decay", "busy-days", "beginnings", "lines", "idle-hours", "sharpen"})


def scorer():
    spec = importlib.util.spec_from_file_location("score", SHARED / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def figures(score, name, grain, *without):
    folder = SHARED / "dev" / name
    usage = folder / f"usage.{grain}.jsonl"
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "allocations.jsonl"
        arguments = ["--usage", usage, "--commits", folder / "commits.jsonl", "--pulls", folder / "pulls.jsonl"]
        arguments += ["--output", output, *(part for rule in without for part in ("--without", rule))]
        if run([str(argument) for argument in arguments]):
            sys.exit(1)
        label = f"{name} {grain}" + (f" without {', '.join(without)}" if without else "")
        return {"label": label, **score.score(folder / f"truth.{grain.removesuffix('.tagged')}.jsonl", output, usage)}


def matters(rule, grain):
    """Whether a rule can change anything at this grain."""
    if rule in BY_TAGS_ONLY:
        return grain == "event.tagged"
    return (grain in {"1h", "1d"}) == (rule in BUCKETS_ONLY) or rule == "merge-commits"


def accuracy():
    score = scorer()
    for grain in GRAINS:
        rows = [figures(score, name, grain) for name in SETS]
        rows += [figures(score, name, grain, rule.name) for rule in RULES if matters(rule.name, grain) for name in SETS]
        print(score.table(rows), flush=True)
        print()


def timed(arguments, output):
    """Seconds of a process, and its megabytes or those of its largest child. Freeing an earlier output is not part of it."""
    output.unlink(missing_ok=True)
    before = time.perf_counter()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - before
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{arguments} ended with {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def speed(records):
    """The best of three each, in turn, so that both meet the same machine."""
    with tempfile.TemporaryDirectory() as scratch:
        sizes = ["--developers", "500", "--repositories", "50", "--days", "140", "--commits-per-day", "3.4"]
        generate = [sys.executable, SHARED / "generate.py", "--out", scratch, "--records", str(records), *sizes]
        subprocess.run(generate, check=True)
        folder = Path(scratch)
        command = [sys.executable, "-m", "pr_cost_bot", "attribute", "--usage", folder / "usage.event.jsonl"]
        command += ["--commits", folder / "commits.jsonl", "--pulls", folder / "pulls.jsonl", "--output", folder / "out.jsonl"]
        anchor = [sys.executable, SHARED / "anchor.py", "duckdb", scratch]
        output = folder / "out.jsonl"
        pairs = [(timed(command, output), timed(anchor, folder / "anchor.duckdb.csv")) for _ in range(3)]
        ours, theirs = (min(times) for times in zip(*pairs, strict=True))
        print(
            f"{records:,} records: {ours[0]:.2f} s, DuckDB ASOF JOIN {theirs[0]:.2f} s, ratio {ours[0] / theirs[0]:.1f};"
            f" {ours[1]:.0f} MB in the largest process, DuckDB {theirs[1]:.0f} MB"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--records", type=int, default=1_000_000)
    arguments = parser.parse_args()
    if not SHARED.exists():
        sys.exit(f"no benchmark data in {SHARED}")
    if arguments.speed:
        speed(arguments.records)
    else:
        accuracy()


if __name__ == "__main__":
    main()
