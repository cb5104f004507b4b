"""Tags with which teams mark gateway and telemetry traffic: which repository, branch, pull request or commit it was for.

Documented forms: in a tag list `pr:owner/repo#n`, `repo:owner/repo`, `branch:name`, `commit:sha`; in properties and metadata
the keys `pr`, `repo`, `repository`, `branch`, `commit` with such values. Keys count in any case. Whoever makes a call can write
its tags, so whatever cannot be a name of that kind is ignored.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from pr_cost_bot.model import UsageRecord

_OWNER = r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}"
_NAME = r"(?!\.{1,2}(?:[#/]|$))[A-Za-z0-9._-]{1,100}"
_REPOSITORY = re.compile(rf"({_OWNER}/{_NAME})")
_PULL = re.compile(rf"({_OWNER}/{_NAME})#([0-9]{{1,10}})")
_NUMBER = re.compile(r"#?([0-9]{1,10})")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
# What `git check-ref-format` refuses,.
_NO_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|^[-/.]|[/.]$|\.lock$")

_KINDS = {"pr": "pr", "repo": "repo", "repository": "repo", "branch": "branch", "commit": "commit"}
_LONGEST = 300  # characters of a tag or value; a branch has at most 255
_MOST = 200  # tags and properties looked at
_HIGHEST = 2**31 - 1


class Tags(msgspec.Struct, frozen=True, gc=False):
    """What the tags say. `pr_number` never stands without `repository`."""

    repository: str | None = None
    branch: str | None = None
    pr_number: int | None = None
    commit: str | None = None

    def __bool__(self) -> bool:
        """Whether there is evidence of a piece of work: a repository alone is none."""
        return bool(self.pr_number or self.branch or self.commit)


def read(tags: Iterable[str] = (), properties: Mapping[str, object] | None = None) -> Tags:
    """Read a tag list, then properties. A full `owner/repo#n` goes before parts; of two that differ the first counts."""
    repository = branch = commit = None
    number: int | None = None
    pull: tuple[str, int] | None = None
    for kind, value in _pairs(tags, properties or {}):
        if kind == "repo":
            repository = repository or _repository(value)
        elif kind == "branch":
            branch = branch or _branch(value)
        elif kind == "commit":
            commit = commit or _commit(value)
        else:
            pull = pull or _pull(value)
            number = number or _number(value)
    if pull:
        # A branch beside another repository's name is that repository's.
        own = repository is None or repository.lower() == pull[0].lower()
        return Tags(pull[0], branch if own else None, pull[1], commit)
    return Tags(repository, branch, number if repository else None, commit)


def placed(record: UsageRecord, said: Tags) -> UsageRecord:
    """The record with what its tags say."""
    place = {name: getattr(said, name) for name in said.__struct_fields__}
    return msgspec.structs.replace(record, **place)


def _pairs(tags: Iterable[str], properties: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Kind and value of everything that has a documented key."""
    found = [tag.partition(":")[::2] for _, tag in zip(range(_MOST), tags, strict=False) if isinstance(tag, str)]
    found += [(key, _text(value)) for _, (key, value) in zip(range(_MOST), properties.items(), strict=False)]
    for key, value in found:
        kind = _KINDS.get(key.strip().lower()) if len(key) <= _LONGEST else None
        text = value.strip()
        if kind and text and len(text) <= _LONGEST:
            prefix, colon, rest = text.partition(":")  # a property may hold the whole tag: PR = pr:acme/web#42
            yield kind, rest.strip() if colon and _KINDS.get(prefix.lower()) == kind else text


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int and 0 < value <= _HIGHEST else ""


def _repository(text: str) -> str | None:
    return text if _REPOSITORY.fullmatch(text) else None


def _pull(text: str) -> tuple[str, int] | None:
    match = _PULL.fullmatch(text)
    number = _positive(match[2]) if match else None
    return (match[1], number) if match and number else None


def _number(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    return _positive(match[1]) if match else None


def _positive(digits: str) -> int | None:
    number = int(digits)
    return number if 0 < number <= _HIGHEST else None


def _branch(text: str) -> str | None:
    name = text.removeprefix("refs/heads/")
    return name if name and len(name) <= 255 and name.isprintable() and not _NO_BRANCH.search(name) else None


def _commit(text: str) -> str | None:
    sha = text.lower()
    return sha if _COMMIT.fullmatch(sha) else None
