"""The metadata block of aGiTrack in commit messages (github.com/core-aix/agitrack).

After the line `# aGiTrack Metadata` (`# aGiT Metadata` in older versions) `key: value` lines: `backend`, `model`,
`backend_session_id`, `agent_started_at`, `agent_ended_at`, `tokens_since_last_commit_{input,cache_read,cache_write,output}`
and the same with `_subagent_`, which come on top. `input` includes the cache writes and not the cache reads; the oldest
versions left the writes out too, which shows when there are more writes than input. Tokens only: the price is ours to find.
"""

import re
from collections.abc import Iterator
from itertools import islice

from pr_cost_bot.model import Tokens
from pr_cost_bot.receipts.amounts import AmountError, count, text, time_or_none
from pr_cost_bot.receipts.claims import Claim, Refusals
from pr_cost_bot.receipts.messages import beginning

FORMAT = "agitrack"
_HEADING = re.compile(r"^[ \t]*# aGiT(?:rack)? Metadata[ \t]*\r?$", re.MULTILINE)
_LINE = re.compile(r"[ \t]*([a-z_0-9]{1,60}): ?(.*)")
_TOOLS = {"claude": "anthropic", "codex": "openai", "copilot": "copilot", "cursor": "cursor"}
_BLOCKS, _BLOCK_LENGTH = 100, 5_000
_PREFIX = "tokens_since_last_commit_"


def read(message: str, refused: Refusals) -> list[Claim]:
    """One claim for each metadata block; a squashed commit has several."""
    claims: list[Claim] = []
    for fields in _blocks(beginning(message)):
        try:
            claim = _claim(fields)
        except AmountError as reason:
            refused.append(f"aGiTrack's token count {reason}")
            continue
        if claim in claims:
            refused.append("aGiTrack's metadata stand there twice")
        elif claim:
            claims.append(claim)
    return claims


def _blocks(message: str) -> Iterator[dict[str, str]]:
    for heading in islice(_HEADING.finditer(message), _BLOCKS):
        fields: dict[str, str] = {}
        for line in message[heading.end() : heading.end() + _BLOCK_LENGTH].lstrip("\r\n").split("\n"):
            match = _LINE.fullmatch(line.rstrip("\r"))
            if match is None:
                break
            fields.setdefault(match[1], match[2].strip())
        yield fields


def _claim(fields: dict[str, str]) -> Claim:
    tokens = _tokens(fields, _PREFIX) + _tokens(fields, f"{_PREFIX}subagent_")
    model, session = (_known(fields.get(name)) for name in ("model", "backend_session_id"))
    start, end = (time_or_none(fields.get(name)) for name in ("agent_started_at", "agent_ended_at"))
    return Claim(
        format=FORMAT,
        tool=_TOOLS.get(fields.get("backend", "").lower(), ""),
        model=model,
        tokens=tokens,
        start=start,
        end=end,
        session=session or None,
        key=f"{session} {end.isoformat()} {tokens}" if session and end else "",
    )


def _tokens(fields: dict[str, str], prefix: str) -> Tokens:
    def of(name: str) -> int:
        value = fields.get(prefix + name)
        return 0 if value == "unknown" else count(value)

    fresh, read, write = of("input"), of("cache_read"), of("cache_write")
    if write > fresh:
        fresh += write
    return Tokens(fresh + read, read, write, of("output"))


def _known(value: str | None) -> str:
    return "" if value == "unknown" else text(value)
