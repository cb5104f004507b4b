"""`pr-cost-bot demo`: the real Action, run as a process against a simulated GitHub and simulated vendors on loopback."""

import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from pr_cost_bot import render
from pr_cost_bot.demo.results import leave_results
from pr_cost_bot.demo.stage import REPOSITORY, open_stage
from pr_cost_bot.demo.story import STORY, Scene
from pr_cost_bot.render.numbers import dollars
from pr_cost_bot.simulator.actions import Finished


def run_demo(output: Path) -> int:
    """Play the story and leave comments, table and artifacts in `output`. Returns 0, or 1 when a run did not end as told.

    1 too when the folder cannot be made.
    """
    _say(f"pr-cost-bot demo: {REPOSITORY}, three vendors, {len(STORY)} events. No credentials, nothing leaves this machine.\n")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.stderr.write(f"{output} cannot be made: {error.strerror}. Give another folder with --output.\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="pr-cost-bot-demo-") as workspace, open_stage(Path(workspace)) as stage:
        ended: list[tuple[Scene, Finished]] = []
        for number, scene in enumerate(STORY, 1):
            _say(f"[{number}/{len(STORY)}] {scene.at:%a %d %b %H:%M}  {scene.title} ... ", end="")
            finished = stage.play(scene)
            ended.append((scene, finished))
            _say(_outcome(finished))
        pages = leave_results(output, stage, ended)
    first = output / "comments" / "pr-1.md"
    shown = render.render_text(first.read_text(encoding="utf-8"))
    _say(f"\nThe comment on pull request 1, as it stands now:\n\n{_indent(shown)}")
    _say("Left behind:")
    for path, what in pages:
        _say(f"  {path}  {what}")
    return 1 if any(finished.status for _, finished in ended) else 0


def _outcome(finished: Finished) -> str:
    if finished.status:
        return f"exit status {finished.status}\n{_indent(finished.log)}"
    outputs = finished.outputs
    if not outputs:
        return "done"
    found = outputs["cost_usd"] and (outputs["cost_label"] or outputs["complete"] == "true")
    facts = [dollars(Decimal(outputs["cost_usd"])) if found else "nothing found yet", outputs["cost_label"] or "no label"]
    facts += ["settled"] if outputs["settled"] == "true" else []
    facts += [] if outputs["complete"] == "true" else ["incomplete"]
    return ", ".join(facts)


def _indent(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def _say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()
