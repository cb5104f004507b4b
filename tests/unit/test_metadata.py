"""action.yml, the image, the workflows and the documentation say the same, and keep to their rules."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pr_cost_bot import __version__, settings, sources
from pr_cost_bot.events import HANDLED_ACTIONS
from pr_cost_bot.settings import read_settings

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
README = (ROOT / "README.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXAMPLES = sorted((ROOT / "examples/workflows").glob("*.yml"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NOT_READ = "not read by this version: a warning says so"

# The promise to users: names and defaults.
INPUTS = {
    "github_token": "${{ github.token }}",
    "org_token": "",
    "config_path": ".github/pr-cost-bot.yml",
    "anthropic_admin_key": "",
    "openai_admin_key": "",
    "cursor_admin_key": "",
    "copilot_token": "",
    "openrouter_management_key": "",
    "litellm_api_key": "",
    "langfuse_public_key": "",
    "langfuse_secret_key": "",
    "helicone_api_key": "",
    "portkey_api_key": "",
    "database_url": "",
    "notify_urls": "",
    "receipt_files": "",
    "artifact_dir": "pr-cost",
    "dry_run": "false",
    "fail_above_usd": "",
    "log_level": "info",
}
OUTPUTS = [
    "cost_usd",
    "cost_label",
    "comment_url",
    "pull_request",
    "complete",
    "settled",
    "attributed_percent",
    "artifact_dir",
    "summary",
]


def load(path: Path) -> dict[str, Any]:
    """A workflow; YAML 1.1 reads its key `on` as true."""
    workflow = yaml.safe_load(path.read_text())
    workflow["on"] = workflow.pop(True)
    return workflow


def section(name: str) -> str:
    return README.split(f"<!-- {name} -->\n")[1].split(f"\n<!-- /{name} -->")[0].strip("\n")


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def by_name(paths: list[Path]) -> Any:
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.name)


# --- action.yml -----------------------------------------------------------------------------------------------------


def test_the_inputs_and_their_defaults_are_the_promised_ones() -> None:
    assert {name: spec["default"] for name, spec in ACTION["inputs"].items()} == INPUTS


def test_the_outputs_are_the_promised_ones() -> None:
    assert list(ACTION["outputs"]) == OUTPUTS


def test_every_key_that_the_program_takes_is_an_input() -> None:
    assert set(settings.KEY_INPUTS) < set(ACTION["inputs"])


def test_exactly_the_inputs_that_nothing_reads_say_so() -> None:
    read = {key for known in sources.KNOWN for key in known.keys}
    said = {name for name, spec in ACTION["inputs"].items() if NOT_READ in " ".join(spec["description"].split())}
    assert said == set(settings.KEY_INPUTS) - read


def test_the_defaults_are_settings_that_the_program_accepts() -> None:
    runner = ("REPOSITORY", "EVENT_NAME", "EVENT_PATH", "API_URL", "GRAPHQL_URL")
    environ = {f"INPUT_{name.upper()}": default for name, default in INPUTS.items()}
    found = read_settings(environ | {f"GITHUB_{name}": "https://x.example" for name in runner} | {"GITHUB_WORKSPACE": "/work"})
    assert (found.config_path, found.artifact_dir) == (INPUTS["config_path"], Path("/work/pr-cost"))
    assert (found.dry_run, found.log_level, found.keys, found.notify_urls) == (False, "info", {}, ())


def test_the_image_is_the_dockerfile_or_a_digest() -> None:
    assert ACTION["runs"]["using"] == "docker"
    assert re.fullmatch(r"Dockerfile|docker://ghcr\.io/[a-z0-9-]+/pr-cost-bot@sha256:[0-9a-f]{64}", ACTION["runs"]["image"])


def test_the_release_finds_the_line_that_it_replaces() -> None:
    release = (ROOT / ".github/workflows/release.yml").read_text()
    pattern = re.search(r's\|(\^.*?\$)\|(.*?)\|"', release)
    assert pattern is not None
    before = (ROOT / "action.yml").read_text().replace(ACTION["runs"]["image"], "Dockerfile")
    image = "ghcr.io/acme/pr-cost-bot@sha256:" + "0" * 64
    after, count = re.subn(pattern[1], pattern[2].replace("$IMAGE", image), before, flags=re.MULTILINE)
    assert count == 1
    assert yaml.safe_load(after)["runs"]["image"] == f"docker://{image}"


# --- the image ------------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    lines = [line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    return [(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines()) if word]


def test_the_image_runs_as_the_runner_expects() -> None:
    words = [word for word, _ in instructions()]
    assert not {"USER", "WORKDIR", "VOLUME", "EXPOSE", "ADD"} & set(words)
    assert dict(instructions())["ENTRYPOINT"] == '["/opt/pr-cost-bot/bin/pr-cost-bot"]'


def test_nobody_is_told_to_install_a_name_that_is_not_ours_on_pypi() -> None:
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "src").rglob("*.py")):
        for line in path.read_text().splitlines():
            told = re.search(r"(?:pip install|pipx run) .*pr-cost-bot", line)
            assert told is None or "git+https://" in line, (path.name, line)


def test_a_step_can_name_another_command_than_the_actions() -> None:
    """The runner takes a step's `args` only where action.yml has none (actions/runner, ContainerActionHandler)."""
    assert not {"args", "entrypoint"} & set(ACTION["runs"])
    assert dict(instructions())["CMD"] == '["action"]'


def test_the_one_base_from_outside_is_pinned_by_digest_where_images_are_released() -> None:
    stages: set[str] = set()
    for word, rest in instructions():
        if word == "FROM":
            image, _, stage = rest.partition(" AS ")
            assert image in stages or image == "${BASE}", image
            stages.add(stage)
    (default,) = [rest for word, rest in instructions() if word == "ARG"]
    pinned = (ROOT / ".github/base-image").read_text().strip()
    assert re.fullmatch(re.escape(default.removeprefix("BASE=")) + r"@sha256:[0-9a-f]{64}", pinned)
    release = (ROOT / ".github/workflows/release.yml").read_text()
    assert 'echo "base=$(cat .github/base-image)"' in release
    assert "build-args: BASE=${{ steps.names.outputs.base }}" in release
    assert '--build-arg "BASE=$(cat .github/base-image)"' in (ROOT / ".github/workflows/ci.yml").read_text()


def test_everything_installed_is_locked() -> None:
    for command in re.findall(r"\binstall\b[^&|]*", "\n".join(rest for word, rest in instructions() if word == "RUN")):
        assert "--require-hashes" in command or ("--no-deps" in command and "--no-index" in command), command
    assert "apt" not in DOCKERFILE


def test_what_the_image_copies_is_sent_to_the_builder() -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [
        source for word, rest in instructions() if word == "COPY" and "--from" not in rest for source in rest.split()[:-1]
    ]
    assert all(any(name.split("/")[0] == source for name in sent) for source in copied)
    assert all((ROOT / name).exists() for name in sent)


@by_name(sorted((ROOT / "requirements").glob("*.txt")))
def test_lock_files_hold_hashes_and_no_addresses(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert "index-url" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all(re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==", block) and "--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("name", ["action.txt", "build.txt"])
def test_the_image_is_built_from_versions_that_are_tested(name: str) -> None:
    def pins(file: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9._-]+==[^ \\]+", (ROOT / "requirements" / file).read_text(), re.MULTILINE))

    assert pins(name) <= pins("dev.txt")


# --- workflows ------------------------------------------------------------------------------------------------------


@by_name([*WORKFLOWS, *EXAMPLES])
def test_every_action_is_pinned_by_commit_with_its_version_beside_it(path: Path) -> None:
    uses = re.findall(r"uses: (.*)", path.read_text())
    assert uses
    for line in uses:
        own = line.startswith(("./", "org/pr-cost-bot@v1 #"))
        assert own or re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+.*", line), line


@by_name([*WORKFLOWS, *EXAMPLES])
def test_every_job_names_its_permissions_and_its_time_limit(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert "uses" in job or job["timeout-minutes"] <= 30


@by_name([*WORKFLOWS, *EXAMPLES])
def test_every_permission_is_explained_beside_it(path: Path) -> None:
    granted = re.findall(r"^ +[a-z-]+: (?:read|write)\b(.*)$", path.read_text(), re.MULTILINE)
    assert granted
    assert all(re.match(r" # \w", comment) for comment in granted)


@by_name([*WORKFLOWS, *EXAMPLES])
def test_no_expression_stands_in_a_script(path: Path) -> None:
    for step in steps(load(path)):
        assert "${{" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@by_name(EXAMPLES)
def test_examples_handle_every_event_that_the_program_handles(path: Path) -> None:
    on = load(path)["on"]
    trigger = on.get("pull_request_target") or on["pull_request"]
    assert trigger["types"] == list(HANDLED_ACTIONS)
    assert on["schedule"]
    assert list(on["workflow_dispatch"]["inputs"]) == ["pull_request"]


@by_name(EXAMPLES)
def test_examples_use_the_action_as_it_is(path: Path) -> None:
    workflow = load(path)
    (job,) = workflow["jobs"].values()
    action, upload = steps(workflow)
    assert set(action["with"]) <= set(INPUTS)
    assert upload["with"]["path"] == INPUTS["artifact_dir"]
    assert upload["with"]["if-no-files-found"] == "ignore"
    assert set(job["permissions"]) == {"pull-requests", "issues", "contents"}
    assert "github.event.pull_request.number" in workflow["concurrency"]["group"]
    assert workflow["concurrency"]["cancel-in-progress"] is False


# --- documentation --------------------------------------------------------------------------------------------------


def test_the_readme_lists_the_inputs() -> None:
    def row(name: str, spec: dict[str, str]) -> str:
        default = f"`{spec['default']}`" if spec["default"] else ""
        return f"| `{name}` | {default} | {' '.join(spec['description'].split())} |"

    assert section("inputs").splitlines()[2:] == [row(name, spec) for name, spec in ACTION["inputs"].items()]


def test_the_readme_lists_the_outputs() -> None:
    rows = [f"| `{name}` | {spec['description']} |" for name, spec in ACTION["outputs"].items()]
    assert section("outputs").splitlines()[2:] == rows


def test_the_readme_lists_the_sources() -> None:
    assert section("sources") == sources.table().strip()


def test_the_readme_shows_the_recommended_workflow() -> None:
    shown = README.split("<!-- workflow: examples/workflows/recommended.yml -->\n```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(shown) == yaml.safe_load((ROOT / "examples/workflows/recommended.yml").read_text())


def test_every_permission_of_the_examples_is_documented() -> None:
    for path in EXAMPLES:
        for permission, level in load(path)["jobs"]["cost"]["permissions"].items():
            line = f"`{permission}: {level}`"
            assert line in README
            assert f"**{line}**" in (ROOT / "docs/permissions.md").read_text()


@by_name(DOCUMENTS)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target, _, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(#([^)\s]*))?\)", path.read_text()):
        there = (path.parent / target) if target else path
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{target}#{anchor}"


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()
