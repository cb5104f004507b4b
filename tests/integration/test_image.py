"""The Dockerfile, built and run. Needs podman, and image.sh of the shared tools with its base image made before:
`image.sh setup && image.sh base`."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pr_cost_bot import __version__

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("PR_COST_BOT_SHARED", ROOT.parent / "shared"))
TOOL = SHARED / "tools/image.sh"
BASE = "docker.io/library/python:3.13-slim"
PYTHON = "/opt/pr-cost-bot/bin/python"
COPIED = (".dockerignore", "Dockerfile", "LICENSE", "README.md", "pyproject.toml", "requirements", "src")

pytestmark = pytest.mark.shared


def podman(*arguments: str) -> str:
    return subprocess.run(["podman", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def can_build() -> bool:
    if not TOOL.exists() or shutil.which("podman") is None:
        return False
    return subprocess.run(["podman", "image", "exists", BASE], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {**os.environ, "STATE": str(tmp_path_factory.mktemp("state"))}


@pytest.fixture(scope="module")
def image(tool: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image's name. Its base here is a local stand-in for the official one."""
    if not can_build():
        pytest.skip("no podman, or no base image made by image.sh")
    tree = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)
    tag = f"localhost/pr-cost-bot:{uuid.uuid4().hex}"
    subprocess.run([TOOL, "build", tree, tag], check=True, env=tool, capture_output=True)
    yield tag
    podman("image", "rm", "--force", tag)


@pytest.fixture
def run(image: str, tool: dict[str, str]):
    def _run(*command: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TOOL, "run", image, *options, "--", *command], check=False, env=tool, capture_output=True, text=True
        )

    return _run


def test_it_is_at_most_60_mb_above_its_base(image: str) -> None:
    above = int(podman("image", "inspect", "--format", "{{.Size}}", image)) - int(
        podman("image", "inspect", "--format", "{{.Size}}", BASE)
    )
    assert 0 < above <= 60_000_000


def test_its_entry_point_is_the_program(run) -> None:
    assert run("--version").stdout.strip() == f"pr-cost-bot {__version__}"


def test_an_event_without_work_ends_well_and_without_the_network(run, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text("{}")
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/web",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": "/github/workflow/event.json",
        "GITHUB_API_URL": "https://api.invalid",
        "GITHUB_GRAPHQL_URL": "https://api.invalid/graphql",
        "GITHUB_WORKSPACE": "/github/workspace",
        "INPUT_GITHUB_TOKEN": "token",
    }
    options = ["--volume", f"{tmp_path}:/github/workflow", "--volume", f"{tmp_path}:/github/workspace"]
    options += [text for name, value in environ.items() for text in ("--env", f"{name}={value}")]
    ended = run("action", options=(*options, "--workdir", "/github/workspace", "--read-only"))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "::notice" in ended.stdout


def test_nothing_is_compiled_at_run_time_and_nothing_needless_is_there(run) -> None:
    script = """
import importlib, importlib.util, json, os, pkgutil, shutil, sys
import pr_cost_bot
missing = set()
for module in pkgutil.walk_packages(pr_cost_bot.__path__, "pr_cost_bot."):
    if not module.name.endswith(".__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            missing.add(error.name.partition(".")[0])
import genai_prices, github, jinja2, requests
import sqlalchemy
sqlalchemy.create_engine("sqlite://").connect().execute(sqlalchemy.text("select 1"))
cached = {m.__name__: getattr(m, "__cached__", None) for m in list(sys.modules.values())}
print(json.dumps({
    "uncompiled": [name for name, path in cached.items() if path and not os.path.exists(path)],
    "commands": [name for name in ("git", "gcc", "hatchling") if shutil.which(name)],
    "modules": [name for name in ("pip", "hatchling", "pytest", "rich") if importlib.util.find_spec(name)],
    "missing": sorted(missing - {"alembic", "markdown_it", "pyarrow", "rich"}),  # of the extras
    "user": os.getuid(),
}))
"""
    found = run("-c", script, options=("--entrypoint", PYTHON))
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == {"uncompiled": [], "commands": [], "modules": [], "missing": [], "user": 0}


def test_it_can_send_to_services(run) -> None:
    script = """
import apprise
urls = ("json://host/x", "slack://TokenA123/TokenB12345/TokenC123456789012345678/#general", "mailto://user:pass@example.com",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "tgram://123456789:abcdefg_hijklmnop/12315544", "ntfy://topic")
print([apprise.Apprise().add(url) for url in urls], apprise.conversion.convert_between("markdown", "html", "**b**"))
"""
    ended = run("-W", "ignore", "-c", script, options=("--entrypoint", PYTHON))
    assert ended.stdout.strip() == "[True, True, True, True, True, True] <p><strong>b</strong></p>", ended.stderr


def test_modules_in_the_workspace_are_not_imported(run, tmp_path: Path) -> None:
    for name in ("requests", "github", "yaml", "argparse"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken over')\n")
    ended = run("--version", options=("--volume", f"{tmp_path}:/github/workspace", "--workdir", "/github/workspace"))
    assert ended.stdout.strip() == f"pr-cost-bot {__version__}"
