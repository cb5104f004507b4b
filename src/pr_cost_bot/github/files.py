"""Text files at any ref of the repository, many to a request."""

from collections.abc import Sequence

from pr_cost_bot.github import queries
from pr_cost_bot.github.site import Site
from pr_cost_bot.ports import RepositoryFile

_BATCH = 50


def read_files(site: Site, files: Sequence[RepositoryFile]) -> dict[RepositoryFile, str]:
    """The texts of those that exist; what is missing, binary, cut short or hidden is left out. Raises: GitHubError."""
    found: dict[RepositoryFile, str] = {}
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        variables = {f"e{index}": f"{file.ref}:{file.path}" for index, file in enumerate(batch)}
        home = site.api.query(queries.files(len(batch)), {**site.place, **variables}).data.get("repository") or {}
        for index, file in enumerate(batch):
            blob = home.get(f"f{index}") or {}
            if blob.get("text") is not None and not blob.get("isTruncated"):
                found[file] = blob["text"]
    return found
