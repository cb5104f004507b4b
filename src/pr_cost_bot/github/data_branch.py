"""Commits to the branch of the table: each names the head that it builds on, so that no writer undoes another's work."""

import random
from base64 import b64encode
from collections.abc import Mapping

from pr_cost_bot.github import queries
from pr_cost_bot.github.errors import GitHubError
from pr_cost_bot.github.site import Site

TRIES = 25
"""Each lost race is somebody else's write; more than a repository has runs at once."""

_README = """# What pull requests cost

This branch is a table. It is written by pr-cost-bot: one file per pull request, `pr_costs/<number>.json`, with
its cost, its tokens and the lines they are made of. Money is in US dollars. `notices.json` says which alerts and digests
were sent.

It shares no history with the code, and nothing needs to be merged from it. To start anew, delete the branch.
"""


def commit(site: Site, files: Mapping[str, str], headline: str, head: str | None) -> str:
    """Put these files on the branch, on top of `head`; None: make the branch. Returns the new head. Raises GitHubError."""
    return _start(site, files, headline) if head is None else _add(site, files, headline, head)


def is_lost_race(error: GitHubError, head: str | None) -> bool:
    """Somebody else moved, made or deleted the branch first, or it is unknown whether the write went through: look again."""
    text = error.message.lower()
    return (
        (error.missing and head is not None)
        or error.transient
        or error.status == 409
        or (error.status == 422 and ("expected branch to point to" in text or "reference already exists" in text))
    )


def step_back(site: Site, attempt: int) -> None:
    """Wait a little, so that writers spread out."""
    site.api.pause(random.uniform(0.05, 0.25) * (attempt + 1))  # noqa: S311 - spreads writers, no secret


def _add(site: Site, files: Mapping[str, str], headline: str, head: str) -> str:
    additions = [{"path": path, "contents": b64encode(text.encode()).decode()} for path, text in files.items()]
    change = {
        "branch": {"repositoryNameWithOwner": site.repository, "branchName": site.data_branch},
        "expectedHeadOid": head,
        "fileChanges": {"additions": additions},
        "message": {"headline": headline, "body": "[skip ci]"},
    }
    data = site.api.mutate(queries.COMMIT_ON_BRANCH, {"input": change})
    return str(data["createCommitOnBranch"]["commit"]["oid"])


def _start(site: Site, files: Mapping[str, str], headline: str) -> str:
    """Make the branch, without parents: it shares nothing with the code. All three requests may be repeated."""
    git = f"/repos/{site.repository}/git"
    entries = [
        {"path": path, "mode": "100644", "type": "blob", "content": text}
        for path, text in {"README.md": _README, **files}.items()
    ]
    tree = site.api.rest("POST", f"{git}/trees", {"tree": entries}, repeatable=True)["sha"]
    made = {"message": f"{headline}\n\n[skip ci]", "tree": tree, "parents": []}
    sha = str(site.api.rest("POST", f"{git}/commits", made, repeatable=True)["sha"])
    site.api.rest("POST", f"{git}/refs", {"ref": site.data_ref, "sha": sha}, repeatable=True)
    return sha
