"""Repository, branch, pull request and commit, where a record's attributes carry them.

The documented keys (docs/ledger.md) go first, then the names of OpenTelemetry's conventions:
https://opentelemetry.io/docs/specs/semconv/registry/attributes/vcs/
"""

import re
from collections.abc import Mapping

import msgspec

from pr_cost_bot.files.values import name
from pr_cost_bot.model import UsageRecord
from pr_cost_bot.sources import tags

_DOCUMENTED = ("pr", "repo", "repository", "branch", "commit")
_ALSO = {"vcs.change.id": "pr", "vcs.ref.head.name": "branch", "git.branch": "branch", "vcs.ref.head.revision": "commit"}
_REMOTE = re.compile(r"(?:(?:https?|ssh)://[^/\s]+/|git@[^:\s]+:)([^\s]+?)(?:\.git)?/?")
_PULL_URL = re.compile(r"https?://[^/\s]+/([^/\s]+/[^/\s]+)/pull/(\d{1,10})/?")


def tagged(record: UsageRecord, attributes: Mapping[str, object]) -> UsageRecord:
    """The record with what its attributes, labels or properties say; keys count in any case."""
    found = _read(attributes)
    if not found and found.repository is None:
        return record
    return msgspec.structs.replace(
        record, repository=found.repository, branch=found.branch, pr_number=found.pr_number, commit=found.commit
    )


def _read(attributes: Mapping[str, object]) -> tags.Tags:
    known = {key.lower(): value for key, value in attributes.items()}
    properties = {key: _plain(known[key]) for key in _DOCUMENTED if key in known}
    for key, documented in _ALSO.items():
        if key in known:
            properties.setdefault(documented, _plain(known[key]))
    if "repo" not in properties and "repository" not in properties and (repository := _repository(known)):
        properties["repository"] = repository
    listed = known.get("tags")
    return tags.read(listed.split(",") if isinstance(listed, str) else _texts(listed), properties)


def _plain(value: object) -> str:
    """Addresses of pull requests and clones as the names they stand for."""
    text = name(value, 300)
    if pull := _PULL_URL.fullmatch(text):
        return f"{pull[1]}#{pull[2]}"
    remote = _REMOTE.fullmatch(text)
    return remote[1] if remote else text


def _repository(known: Mapping[str, object]) -> str:
    """`vcs.repository.name` is the bare name; its owner stands beside it or in the repository's address."""
    for key in ("vcs.repository.name", "vcs.repository.url.full"):
        text = _plain(known.get(key))
        if text.count("/") == 1:
            return text
    owner, bare = name(known.get("vcs.owner.name")), name(known.get("vcs.repository.name"))
    return f"{owner}/{bare}" if owner and bare else ""


def _texts(value: object) -> list[str]:
    return [tag for tag in value if isinstance(tag, str)] if isinstance(value, list) else []
