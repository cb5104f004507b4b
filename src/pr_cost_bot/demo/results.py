"""What the demo leaves in its folder."""

import html
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pr_cost_bot import render
from pr_cost_bot.dashboard.reading import read_table
from pr_cost_bot.dashboard_command import leave_dashboard
from pr_cost_bot.demo.stage import Stage
from pr_cost_bot.demo.story import Scene
from pr_cost_bot.ledger.files import write_artifact
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.simulator.actions import Finished

_DATA_BRANCH = "pr-cost-data"


def leave_results(output: Path, stage: Stage, ended: Sequence[tuple[Scene, Finished]]) -> list[tuple[Path, str]]:
    """Write comments, table, artifacts and logs below `output`. Returns what to look at first."""
    for name in ("comments", "table", "runs", "dashboard"):
        shutil.rmtree(output / name, ignore_errors=True)
        (output / name).mkdir(parents=True)
    titles = _leave_comments(output / "comments", stage)
    rows = _leave_table(output / "table", stage.repository.files(_DATA_BRANCH))
    _leave_dashboard(output, ended[-1][0].at)
    for number, (scene, finished) in enumerate(ended, 1):
        _leave_run(output / "runs" / f"{number:02d}-{scene.action}", scene, finished)
    (output / "index.html").write_text(_index(titles, rows, ended), encoding="utf-8")
    return [
        (output / "index.html", "everything, to open in a browser"),
        (output / "dashboard" / "index.html", "the dashboard over the table"),
        (output / "comments", "each pull request's comment, as Markdown and as GitHub shows it"),
        (output / "table", f"the branch {_DATA_BRANCH} and the same rows as CSV"),
        (output / "runs", "log, step summary, outputs and artifact of every run"),
    ]


def _leave_comments(folder: Path, stage: Stage) -> dict[int, str]:
    titles: dict[int, str] = {}
    for number, pull in sorted(stage.repository.data.pulls.items()):
        titles[number] = pull.title
        for comment in stage.repository.comments(number):
            (folder / f"pr-{number}.md").write_text(comment.body, encoding="utf-8")
            page = render.html_page(comment.body, f"#{number} {pull.title}")
            (folder / f"pr-{number}.html").write_text(page, encoding="utf-8")
    return titles


def _leave_table(folder: Path, files: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = []
    for path, text in sorted(files.items()):
        target = folder / _DATA_BRANCH / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        if path.endswith(".json"):
            rows.append(json.loads(text))
    rows.sort(key=lambda row: row["pr_number"])
    write_artifact(folder, rows)
    return rows


def _leave_dashboard(output: Path, now: datetime) -> None:
    """People are made up here, so they are named."""
    table = read_table([str(output / "table" / _DATA_BRANCH)], now.date())
    leave_dashboard(output / "dashboard", table, Privacy(people="shown"), now)


def _leave_run(folder: Path, scene: Scene, finished: Finished) -> None:
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text(f"{scene.title}\n\n{finished.log}", encoding="utf-8")
    (folder / "summary.md").write_text(finished.summary, encoding="utf-8")
    (folder / "outputs.json").write_text(json.dumps(finished.outputs, indent=2) + "\n", encoding="utf-8")
    artifact = finished.workspace / "pr-cost"
    if artifact.is_dir():
        shutil.copytree(artifact, folder / "pr-cost")


def _index(titles: Mapping[int, str], rows: Sequence[Mapping[str, Any]], ended: Sequence[tuple[Scene, Finished]]) -> str:
    """A page of Markdown tables, shown as GitHub would."""
    lines = [
        "# pr-cost-bot demo",
        "",
        "[The dashboard](dashboard/index.html)",
        "",
        "| Pull request | State | Cost | Range | Label | Settled |",
        "|:--|:--|--:|--:|:--|:--|",
    ]
    for row in rows:
        number = row["pr_number"]
        link = f"[#{number} {html.escape(titles.get(number, ''))}](comments/pr-{number}.html)"
        low, high = (f"{float(row[name]):.2f}" for name in ("low_usd", "high_usd"))
        cost = f"${float(row['cost_usd']):.2f}"
        settled = "yes" if row["settled"] else "no"
        lines.append(f"| {link} | {row['state']} | {cost} | {low}-{high} | {row['cost_label'] or ''} | {settled} |")
    lines += ["", "| Event | Run |", "|:--|:--|"]
    for number, (scene, _) in enumerate(ended, 1):
        lines.append(f"| {html.escape(scene.title)} | [log](runs/{number:02d}-{scene.action}/log.txt) |")
    return render.html_page("\n".join(lines), "pr-cost-bot demo")
