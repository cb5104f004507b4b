"""Checkpoints of the tool Entire (github.com/entireio/cli, checkpoint metadata; read at v0.11).

A commit's trailer `Entire-Checkpoint: <id>` names a checkpoint: 12 hex digits on the branch `entire/checkpoints/v1`, or a
ULID with a ref of its own. Its root `metadata.json` lists sessions, each with a `metadata.json` that holds the token counts.
Since v0.11 (`token_usage_version` 2 in the root) every count is an increment. Before, it is an increment when
`checkpoint_transcript_start` is set and a running total of the session when not, and both mix in one session: summing them
over-counts up to twelve times. `thinking_tokens` and `cache_creation_1h_tokens` are parts of other counts; `subagent_tokens`
come on top.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from pr_cost_bot.model import NO_TOKENS, GitCommit, Receipt, Tokens
from pr_cost_bot.people import People, commits_of
from pr_cost_bot.receipts.amounts import AmountError, count, mapping, text, time_or_none
from pr_cost_bot.receipts.claims import Claim, ReceiptReading, receipt_of
from pr_cost_bot.receipts.messages import trailer_blocks

FORMAT = "entire"
BRANCH = "refs/heads/entire/checkpoints/v1"
_KEY = "entire-checkpoint"
_HEX, _ULID = re.compile(r"[0-9a-f]{12}"), re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_SESSION_PATH = re.compile(r"/?((?:[0-9a-zA-Z]{1,26}/){0,3}\d{1,4}/metadata\.json)")
_TOOLS = {
    "claude code": "anthropic",
    "codex": "openai",
    "copilot cli": "copilot",
    "cursor": "cursor",
    "github copilot": "copilot",
    "github copilot cli": "copilot",
}
_DEPTH = 5


class Location(msgspec.Struct, frozen=True):
    """Where a checkpoint's root metadata lie in the repository."""

    ref: str
    path: str


class Root(msgspec.Struct, frozen=True):
    """A checkpoint's root metadata: are its counts increments, and where are its sessions' metadata."""

    is_increments: bool
    session_paths: tuple[str, ...]


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One session's part of a checkpoint. `is_total`: its tokens are the session's running total."""

    id: str
    session: str
    created_at: datetime | None
    agent: str
    model: str
    tokens: Tokens
    requests: int
    is_total: bool


def checkpoint_ids(message: str) -> tuple[str, ...]:
    """The checkpoints that a commit message names, each once; a squashed commit names several."""
    values = (trailer.value for block in trailer_blocks(message) for trailer in block if trailer.key == _KEY)
    return tuple(dict.fromkeys(value for value in values if _HEX.fullmatch(value) or _ULID.fullmatch(value)))


def location(checkpoint_id: str) -> Location:
    """Where to read the root metadata of an id from `checkpoint_ids`."""
    if _HEX.fullmatch(checkpoint_id):
        return Location(BRANCH, f"{checkpoint_id[:2]}/{checkpoint_id[2:]}/metadata.json")
    return Location(f"refs/entire/checkpoints/{checkpoint_id[-2:]}/{checkpoint_id}", "metadata.json")


def read_root(metadata: str) -> Root:
    """Read a root `metadata.json`. The paths are those that stand there, without the leading slash, and of metadata alone."""
    root = _json(metadata)
    version = root.get("token_usage_version")
    sessions = root.get("sessions")
    paths = [text(mapping(session).get("metadata")) for session in sessions] if isinstance(sessions, list) else []
    found = (match[1] for path in paths[:100] if (match := _SESSION_PATH.fullmatch(path)))
    return Root(isinstance(version, int) and version >= 2, tuple(dict.fromkeys(found)))


def read_session(metadata: str, root: Root, checkpoint_id: str) -> Checkpoint | None:
    """Read a session's `metadata.json`; None when it holds no usable token counts (Cursor sessions carry none)."""
    session = _json(metadata)
    try:
        tokens, requests = _usage(mapping(session.get("token_usage")), _DEPTH)
        start = count(session.get("checkpoint_transcript_start")) or count(session.get("transcript_lines_at_start"))
    except AmountError:
        return None
    session_id = text(session.get("session_id"))
    if not tokens or not session_id:
        return None
    return Checkpoint(
        id=checkpoint_id,
        session=session_id,
        created_at=time_or_none(session.get("created_at")),
        agent=text(session.get("agent")),
        model=text(session.get("model")),
        tokens=tokens,
        requests=requests,
        is_total=not root.is_increments and not start,
    )


def read_checkpoints(commits: Sequence[GitCommit], checkpoints: Iterable[Checkpoint], people: People) -> ReceiptReading:
    """Receipts for the commits that name these checkpoints.

    Each checkpoint counts once, on the oldest commit that names it. In each session, running totals count as what they add to
    everything counted before.
    """
    named: dict[str, GitCommit] = {}
    for commit in sorted(commits, key=lambda c: (c.authored_at, c.pr_number is None, c.sha)):
        for checkpoint_id in checkpoint_ids(commit.message):
            named.setdefault(checkpoint_id, commit)
    persons = {(commit.repository, commit.sha): commit.person for commit in commits_of(named.values(), people)}
    unique = {(one.session, one.id): one for one in checkpoints if one.id in named}
    counted: dict[str, tuple[Tokens, int]] = {}
    receipts: list[Receipt] = []
    for one in sorted(unique.values(), key=lambda c: (_time(c, named[c.id]), c.id)):
        before, calls = counted.get(one.session, (NO_TOKENS, 0))
        tokens, requests = (
            (_beyond(one.tokens, before), max(0, one.requests - calls)) if one.is_total else (one.tokens, one.requests)
        )
        counted[one.session] = (before + tokens, calls + requests)
        commit = named[one.id]
        person = persons.get((commit.repository, commit.sha))
        if tokens and person:
            receipts.append(receipt_of(_claim(one, tokens, requests), commit, person, f"{FORMAT} {one.session} {one.id}"))
    return ReceiptReading(tuple(receipts))


def _claim(checkpoint: Checkpoint, tokens: Tokens, requests: int) -> Claim:
    return Claim(
        format=FORMAT,
        tool=_TOOLS.get(checkpoint.agent.lower(), ""),
        model=checkpoint.model,
        tokens=tokens,
        requests=requests,
        end=checkpoint.created_at,
        session=checkpoint.session,
    )


def _time(checkpoint: Checkpoint, commit: GitCommit) -> datetime:
    """`created_at` can be the time of a later import; the commit's author date is the latest it can be."""
    return min(checkpoint.created_at or commit.authored_at, commit.authored_at)


def _beyond(total: Tokens, before: Tokens) -> Tokens:
    read = max(0, total.cache_read - before.cache_read)
    write = max(0, total.cache_write - before.cache_write)
    fresh = (total.input - total.cache_read - total.cache_write) - (before.input - before.cache_read - before.cache_write)
    return Tokens(max(0, fresh) + read + write, read, write, max(0, total.output - before.output))


def _usage(usage: dict[str, Any], depth: int) -> tuple[Tokens, int]:
    read, write = count(usage.get("cache_read_tokens")), count(usage.get("cache_creation_tokens"))
    tokens = Tokens(count(usage.get("input_tokens")) + read + write, read, write, count(usage.get("output_tokens")))
    requests = count(usage.get("api_call_count"))
    below = mapping(usage.get("subagent_tokens"))
    if not below or not depth:
        return tokens, requests
    more, calls = _usage(below, depth - 1)
    return tokens + more, requests + calls


def _json(metadata: str) -> dict[str, Any]:
    try:
        return mapping(json.loads(metadata, parse_float=Decimal, parse_constant=str))
    except (ValueError, RecursionError, ArithmeticError):
        return {}
