import pytest

from pr_cost_bot.job_permissions import jobs_of

WORKFLOW = """
on: pull_request_target
permissions: {outer}
jobs:
  cost:
    {job}
    steps:
      - uses: actions/checkout@v5
      - uses: acme/pr-cost-bot@v1
        with: {{cursor_admin_key: x}}
  other: {{steps: [{{run: make}}]}}
"""


def jobs(outer="{}", job="runs-on: ubuntu-latest"):
    return list(jobs_of([("cost.yml", WORKFLOW.format(outer=outer, job=job))]))


@pytest.mark.parametrize(
    ("outer", "job", "given"),
    [
        ("{}", "permissions: {pull-requests: write, contents: read}", {"pull-requests": "write", "contents": "read"}),
        ("{issues: write}", "name: x", {"issues": "write"}),
        ("{issues: write}", "permissions: {}", {}),
        ("read-all", "name: x", {"contents": "read", "issues": "read", "pull-requests": "read"}),
        ("{}", "permissions: write-all", {"contents": "write", "issues": "write", "pull-requests": "write"}),
        ("", "name: x", None),
    ],
)
def test_a_jobs_permissions_are_its_own_or_else_the_workflows(outer, job, given):
    [found] = jobs(outer, job)
    assert (found.workflow, found.name, found.permissions) == ("cost.yml", "cost", given)


def test_more_includes_less_and_what_is_not_named_is_none():
    [job] = jobs(job="permissions: {contents: write, issues: read}")
    assert job.may("contents", "read")
    assert job.may("contents", "write")
    assert not job.may("issues", "write")
    assert not job.may("pull-requests", "read")


@pytest.mark.parametrize(
    ("uses", "found"),
    [
        ("./pr-cost-bot", True),
        ("docker://ghcr.io/acme/pr-cost-bot:1", True),
        ("acme/pr-cost-bot@0123456789012345678901234567890123456789", True),
        ("acme/not-pr-cost-bot@v1", False),
        ("acme/pr-cost-bot-tools@v1", False),
    ],
)
def test_the_action_is_known_by_its_name(uses, found):
    text = WORKFLOW.format(outer="{}", job="name: x").replace("acme/pr-cost-bot@v1", uses)
    assert bool(list(jobs_of([("a.yml", text)]))) == found


def test_the_doctors_own_job_needs_less_and_is_passed_over():
    text = WORKFLOW.format(outer="{}", job="name: x").replace("cursor_admin_key: x", "args: doctor")
    assert not list(jobs_of([("a.yml", text)]))


@pytest.mark.parametrize("text", ["", "[]", "jobs: 5", "jobs: {a: 5, b: {steps: 7}, c: {steps: [8]}}", "a: [", "a: &b 1"])
def test_what_is_no_workflow_is_passed_over(text):
    assert not list(jobs_of([("a.yml", text)]))


@pytest.mark.parametrize(
    ("step", "own"),
    [
        ("uses: acme/pr-cost-bot@v1", [True]),
        ("uses: docker://ghcr.io/acme/pr-cost-bot-postgresql:1.0.0", [True]),
        ("run: pip install pr-cost-bot && pr-cost-bot action", [True]),
        ("run: .venv/bin/pr-cost-bot action", [True]),
        ("run: pr-cost-bot actions", []),
        ("run: pr-cost-bot doctor", []),
        ("uses: acme/pr-cost-bot@v1\n        with: {github_token: '${{ github.token }}'}", [True]),
        ("uses: acme/pr-cost-bot@v1\n        with: {github_token: '${{ secrets.GITHUB_TOKEN }}'}", [True]),
        ("uses: acme/pr-cost-bot@v1\n        with: {github_token: '${{ steps.app.outputs.token }}'}", [False]),
    ],
)
def test_every_documented_way_to_run_the_action_is_seen_and_whose_token_it_has(step, own):
    text = f"jobs:\n  cost:\n    permissions: {{}}\n    steps:\n      - {step}\n"
    assert [job.own_token for job in jobs_of([("cost.yml", text)])] == own
