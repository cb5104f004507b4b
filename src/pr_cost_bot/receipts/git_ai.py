"""Notes of the tool git-ai (`refs/notes/ai`, schema authorship/3; github.com/git-ai-project/git-ai).

Attestation lines, a line `---`, then JSON:
`{"sessions":{"s_…":{"agent_id":{"tool","id","model"}}},"prompts":{"…":{"agent_id":{…}}}}`. A note says which tool and model
worked on a commit and names the vendor's session id. It holds no tokens and no amount.
"""

import json
from decimal import Decimal

import msgspec

from pr_cost_bot.receipts.amounts import mapping, text

REF = "refs/notes/ai"
_SESSIONS = 200


class AgentSession(msgspec.Struct, frozen=True):
    """An agent's session that wrote part of a commit. `session` is the vendor's own id, as in transcripts and telemetry."""

    tool: str
    model: str
    session: str


def read_note(note: str) -> tuple[AgentSession, ...]:
    """The sessions that a note names, each once; empty when the note cannot be read."""
    head, separator, tail = note.replace("\r\n", "\n").partition("\n---\n")
    body = tail if separator else head.removeprefix("---\n")
    try:
        metadata = mapping(json.loads(body, parse_float=Decimal, parse_constant=str))
    except (ValueError, RecursionError, ArithmeticError):
        return ()
    entries = [*mapping(metadata.get("sessions")).values(), *mapping(metadata.get("prompts")).values()]
    agents = (mapping(mapping(entry).get("agent_id")) for entry in entries[:_SESSIONS])
    sessions = (AgentSession(text(agent.get("tool")), text(agent.get("model")), text(agent.get("id"))) for agent in agents)
    return tuple(dict.fromkeys(session for session in sessions if session.tool or session.model))
