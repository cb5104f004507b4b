"""`pr-cost-bot doctor` as a process: permissions, the database, people, and what it says of its own set-up."""

import sqlite3

import pytest

from tests.end_to_end.test_commands import doctor, run
from tests.end_to_end.world import at, call, stage, work

WORKFLOW = ".github/workflows/pr-cost.yml"
JOB = """
on: pull_request_target
permissions: {{}}
jobs: {{cost: {{permissions: {{{given}}}, steps: [{{uses: acme/pr-cost-bot@v1}}]}}}}
"""


def told(permissions="", labels=(), token=None, **given):
    """What doctor says of a repository whose workflow gives its job these permissions."""
    with stage(**(token or {})) as s:
        s.vendors.now = at("12:00")
        s.vendors.add(call("ada", at("09:30")))
        s.repository.open_pull_request("ada", [work("ada", at("09:50"))])
        if permissions:
            s.put("main", WORKFLOW, JOB.format(given=permissions))
        s.repository.data.labels.update({name: (name, "ededed") for name in labels})
        return doctor(s, **given)


LABELS = ("cost:low", "cost:medium", "cost:high")
ALL = "pull-requests: write, issues: write, contents: write"


@pytest.mark.parametrize(
    ("permissions", "labels", "status", "line"),
    [
        (ALL, (), 0, "ok     Workflow: pr-cost.yml, job cost has the permissions that it needs.\n"),
        ("pull-requests: write, contents: write", LABELS, 0, "has the permissions that it needs.\n"),
        (
            "pull-requests: write, contents: write",
            LABELS[:2],
            2,
            "WRONG  Workflow: pr-cost.yml, job cost: 'issues: write' is missing",
        ),
        ("issues: write, contents: write", (), 2, "WRONG  Workflow: pr-cost.yml, job cost: 'pull-requests: write' is missing"),
        (
            "pull-requests: write, issues: write, contents: read",
            (),
            0,
            "note   Workflow: pr-cost.yml, job cost: without 'contents",
        ),
        ("pull-requests: write, issues: write", (), 2, "WRONG  Workflow: pr-cost.yml, job cost: 'contents: read' is missing"),
        ("", (), 0, "note   Workflow: none on the default branch runs the Action yet"),
    ],
)
def test_the_permission_that_the_workflow_does_not_give_is_named(permissions, labels, status, line):
    result = told(permissions, labels)
    assert line in result.stdout
    assert result.returncode == status, result.stdout
    assert "tells nobody without a try" in result.stdout


@pytest.mark.parametrize(
    ("token", "status", "line"),
    [
        ({"contents": "none"}, 2, "WRONG  GitHub: the token may not read contents."),
        ({"pull_requests": "none"}, 2, "WRONG  GitHub: the token may not read pull requests."),
        ({"login": "ada", "scopes": ["repo"]}, 0, "ok     GitHub: the token's scopes let it write: repo."),
        ({"login": "ada", "scopes": ["public_repo", "gist"]}, 2, "need the scope 'repo'; the token has: public_repo, gist."),
        ({"login": "ada", "scopes": []}, 2, "need the scope 'repo'; the token has: none."),
        ({"login": "ada"}, 0, "note   GitHub: the token's account may write here. What a fine-grained token itself may"),
    ],
)
def test_what_the_token_lacks_is_told_as_far_as_github_tells(token, status, line):
    result = told(token=token)
    assert line in result.stdout
    assert result.returncode == status or "contents" in token, result.stdout


def test_nobody_at_all_is_no_match():
    with stage() as s:
        result = doctor(s)
    assert "note   People: nobody is seen to have committed in 30 days" in result.stdout


def test_a_database_that_is_not_there_yet_is_a_note_and_is_not_made(tmp_path):
    result = told(PR_COST_BOT_DATABASE_URL=f"sqlite:///{tmp_path}/costs.db")
    assert f"note   Ledger: There is no database {tmp_path}/costs.db." in result.stdout
    assert not list(tmp_path.iterdir())


def test_a_database_is_opened_and_its_version_told(tmp_path):
    url = f"sqlite:///{tmp_path}/costs.db"
    with stage() as s:
        s.inputs["database_url"] = url
        s.opened()
        version = sqlite3.connect(tmp_path / "costs.db").execute("select version_num from alembic_version").fetchone()[0]
        good = doctor(s)
        with sqlite3.connect(tmp_path / "costs.db") as connection:
            connection.execute("update alembic_version set version_num = '9999'")
            connection.execute("alter table pr_costs drop column ticket")
        newer = doctor(s)
    assert f"ok     Ledger: the database answers; its tables have version {version}.\n" in good.stdout
    assert newer.returncode == 2
    assert "WRONG  Ledger: The database's tables have version 9999, which this program does not know" in newer.stdout


@pytest.mark.parametrize("url", ["postgresql+psycopg://u:topsecret@127.0.0.1:9/x", "nonsense://u:topsecret@h/x", "topsecret"])
def test_a_database_out_of_reach_is_wrong_and_its_password_is_not_shown(url):
    result = told(PR_COST_BOT_DATABASE_URL=url)
    assert "WRONG  Ledger: " in result.stdout
    assert result.returncode == 2
    assert "topsecret" not in result.stdout + result.stderr


def test_without_a_token_at_a_terminal_its_variable_is_named_and_no_workflow():
    result = run("doctor", GITHUB_REPOSITORY="acme/web")
    assert result.returncode == 2
    assert "The variable GITHUB_TOKEN is not set." in result.stdout
    assert "with:" not in result.stdout


def test_help_names_every_variable():
    said = run("doctor", "--help").stdout
    assert all(name in said for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN", "ANTHROPIC_ADMIN_KEY", "PORTKEY_API_KEY"))
