"""An SQLite file that is lost with its job."""

import pytest

from pr_cost_bot.table import short_lived

OF_GITHUB = {"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "github-hosted", "GITHUB_WORKSPACE": "/github/workspace"}
OWN_CONTAINER = {**OF_GITHUB, "RUNNER_ENVIRONMENT": "self-hosted"}
OWN = {**OWN_CONTAINER, "GITHUB_WORKSPACE": "/srv/runner/_work/web/web"}


@pytest.mark.parametrize(
    ("job", "url"),
    [
        (OF_GITHUB, "sqlite:///costs.db"),
        (OF_GITHUB, " sqlite+pysqlite:////srv/costs.db "),
        ({**OF_GITHUB, "GITHUB_WORKSPACE": "/home/runner/work/web/web"}, "sqlite:////srv/costs.db"),
        (OWN_CONTAINER, "sqlite:///costs.db"),
        (OWN_CONTAINER, "sqlite:////srv/costs.db"),
        (OWN, "sqlite:///costs.db"),
        (OWN, "sqlite:///data/costs.db?timeout=3"),
        (OWN, "sqlite:////srv/runner/_work/web/web/costs.db"),
    ],
)
def test_a_file_in_the_workspace_or_in_a_machine_that_goes_is_told_of(job, url):
    problem = short_lived({**job, "INPUT_DATABASE_URL": url})
    assert problem is not None
    assert "lost" in problem.what


@pytest.mark.parametrize(
    ("job", "url"),
    [
        (OWN, "sqlite:////srv/costs.db"),
        (OF_GITHUB, "postgresql+psycopg://u:p@h/x"),
        (OF_GITHUB, ""),
        ({}, "sqlite:///costs.db"),
        ({"GITHUB_WORKSPACE": "/github/workspace"}, "sqlite:///costs.db"),
    ],
)
def test_what_lasts_or_is_no_job_is_not(job, url):
    assert short_lived({**job, "INPUT_DATABASE_URL": url}) is None
