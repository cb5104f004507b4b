"""How long a run of the Action takes against how long it has to wait, and how much it asks for.

    .venv/bin/python bench/action.py [rounds]

GitHub and three vendors run on loopback and answer after 100 ms; the Action runs as a process. What is printed are ratios
and counts, which hold on any machine; docs/performance.md says what they mean.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median

from measured_run import LATENCY, START, MeasuredRun, open_scene

ROUNDS = 15
FIRST, ANOTHER, AGAIN = "first of a repository", "first of a pull request", "nothing changed"


def main(rounds: int) -> None:
    runs: dict[str, list[MeasuredRun]] = {FIRST: [], AGAIN: [], ANOTHER: []}
    imports: list[float] = []
    print(f"{rounds} rounds of some 3 s each ...", file=sys.stderr)
    for _ in range(rounds):
        imports.append(time_to_import())
        with open_scene() as scene:
            one = scene.open_pull_request()
            runs[FIRST].append(scene.run(one, START + timedelta(minutes=185)))
            runs[AGAIN].append(scene.run(one, START + timedelta(minutes=190)))
            # The same people at the same time: only minutes tell the two apart.
            two = scene.open_pull_request(delay=timedelta(minutes=2))
            runs[ANOTHER].append(scene.run(two, START + timedelta(minutes=195)))
    for name, measured in runs.items():
        report(name, measured)
    started = [run.to_first_request for each in runs.values() for run in each]
    print("process start to first request")
    print(f"  to the time of `import requests, github`   {median(started) / median(imports):.2f}")
    print(f"  seconds on this machine                    {median(started):.2f}")


def report(name: str, runs: list[MeasuredRun]) -> None:
    chain = max((run.chain for run in runs), key=len)
    waiting = len(chain) * LATENCY
    print(f"{name}")
    print(f"  longest chain: {len(chain)} requests           {' > '.join(chain)}")
    print(f"  process start to exit, to the chain        {middle(runs, lambda run: run.wall) / waiting:.2f}")
    print(f"  first request to last answer, to the chain {middle(runs, lambda run: run.on_the_network) / waiting:.2f}")
    print(f"  requests to GitHub                         {max(len(run.github) for run in runs)}")
    print(f"  requests to all                            {max(len(run.exchanges) for run in runs)}")
    print(f"  requests sent twice                        {max(run.sent_twice for run in runs)}\n")


def middle(runs: list[MeasuredRun], of: Callable[[MeasuredRun], float]) -> float:
    return median(of(run) for run in runs)


def time_to_import() -> float:
    """Seconds from the start of a Python to the end of its importing what every client of GitHub's API in Python imports."""
    started = time.monotonic()
    code = "import requests, github, time; print(time.monotonic())"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout) - started


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
