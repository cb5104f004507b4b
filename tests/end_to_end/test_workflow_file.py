"""The example workflows, run as the runner runs them: image built, event handed over, outputs read.

Needs ../shared and podman.
"""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.end_to_end.world import at, call, stage, work
from tests.integration.test_image import COPIED, SHARED, can_build

ROOT = Path(__file__).parents[2]
RUNNER = SHARED / "tools/run_action.py"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not RUNNER.exists() or not can_build(), reason="needs run_action.py and image.sh of ../shared, and podman"
    ),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The project as a workflow has it."""
    folder = tmp_path_factory.mktemp("project")
    for name in (*COPIED, "action.yml", "examples"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    return folder


def run(s, tree, tmp_path, workflow, event, payload):
    (tmp_path / "payload.json").write_text(json.dumps(payload))
    secrets = {f"{vendor.upper()}_ADMIN_KEY": key for vendor, key in s.vendors.keys.items()}
    secrets["GITHUB_TOKEN"] = "ghs_simulated"
    return subprocess.run(
        [
            sys.executable,
            RUNNER,
            tree / "examples/workflows" / workflow,
            *("--event", event, "--payload", tmp_path / "payload.json", "--repo", tree, "--stub", "org/pr-cost-bot=./"),
            *("--api-url", s.github.api_url, "--server-url", s.github.url),
            *(part for name, value in secrets.items() for part in ("--secret", f"{name}={value}")),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "STATE": str(tmp_path / "state")},
        check=False,
    )


@pytest.mark.parametrize(
    ("workflow", "event"), [("recommended.yml", "pull_request_target"), ("small-team.yml", "pull_request")]
)
def test_the_example_workflow_comments_labels_and_writes_the_row(tree, tmp_path, workflow, event):
    with stage() as s:
        s.vendors.now = datetime.now(UTC)
        s.vendors.add(call("ada", at("09:30"), "anthropic"))
        number = s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        s.repository.close(number, at("10:00"))
        done = run(s, tree, tmp_path, workflow, event, s.repository.event("closed", number))
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"cost_usd": "1.5"' in done.stdout
        assert "$1.50" in s.comment(number)
        assert s.labels(number) == ["cost:low"]
        assert list(s.rows()) == ["pr_costs/1.json"]
        assert json.loads((tree / "pr-cost/pr_cost.json").read_text())["cost_usd"] == "1.5"
        assert not any(key in done.stdout for key in s.vendors.keys.values())
        shutil.rmtree(tree / "pr-cost")
