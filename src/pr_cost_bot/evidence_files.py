"""Receipts that lie in files of the repository: which files to ask for, and what they say together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from pr_cost_bot.evidence import NotedSession
from pr_cost_bot.model import GitCommit, PullRequest, Receipt
from pr_cost_bot.people import People
from pr_cost_bot.ports import GitHub, PullRequestFacts, RepositoryFile
from pr_cost_bot.receipts import ReceiptReading, entire, git_ai, receipt_ledger

_MOST_NOTES = 200
_MOST_CHECKPOINTS = 500  # per run; each is a file and a file for each of its sessions


class FileEvidence(msgspec.Struct, frozen=True):
    """Receipts, sessions that commits name, and plain sentences about what was left out."""

    receipts: tuple[Receipt, ...] = ()
    sessions: tuple[NotedSession, ...] = ()
    notes: tuple[str, ...] = ()


def read_evidence(
    github: GitHub, repository: str, facts: Sequence[PullRequestFacts], commits: Sequence[GitCommit], people: People
) -> FileEvidence:
    """All that files of the repository say. Asks GitHub only where there is something to read. Raises ReadError."""
    here = [commit for commit in commits if commit.repository == repository]
    readings = [_ledger(fact, people) for fact in facts if fact.receipt_ledger]
    readings.append(_checkpoints(github, here, people))
    receipts = tuple(receipt for reading in readings for receipt in reading.receipts)
    return FileEvidence(
        receipts,
        (*_sessions_of(receipts, here), *_agent_notes(github, facts, here)),
        tuple(note for reading in readings for note in reading.notes),
    )


def _sessions_of(receipts: Iterable[Receipt], commits: Iterable[GitCommit]) -> Iterable[NotedSession]:
    times = {commit.sha: commit.authored_at for commit in commits}
    for receipt in receipts:
        if receipt.session and receipt.commit in times:
            yield NotedSession(receipt.session, receipt.repository, receipt.commit, times[receipt.commit])


def _agent_notes(github: GitHub, facts: Sequence[PullRequestFacts], commits: Sequence[GitCommit]) -> Iterable[NotedSession]:
    """git-ai's notes. Git keeps few notes by whole name and many in folders by the name's first two digits."""
    if not any(fact.has_agent_notes for fact in facts):
        return
    newest = sorted(commits, key=lambda commit: commit.authored_at, reverse=True)[:_MOST_NOTES]
    files = {
        RepositoryFile(git_ai.REF, path): commit
        for commit in newest
        for path in (commit.sha, f"{commit.sha[:2]}/{commit.sha[2:]}")
    }
    for file, text in github.read_files(list(files)).items():
        commit = files[file]
        for agent in git_ai.read_note(text):
            if agent.session:
                yield NotedSession(agent.session, commit.repository, commit.sha, commit.authored_at)


def _checkpoints(github: GitHub, commits: Sequence[GitCommit], people: People) -> ReceiptReading:
    named = list(dict.fromkeys(name for commit in commits for name in entire.checkpoint_ids(commit.message)))
    if not named:
        return ReceiptReading()
    ids = named[:_MOST_CHECKPOINTS]
    roots = {name: _file(name, entire.location(name).path) for name in ids}
    texts = github.read_files(list(roots.values()))
    read = {name: entire.read_root(texts[file]) for name, file in roots.items() if file in texts}
    sessions = [(name, _file(name, path)) for name, root in read.items() for path in root.session_paths]
    texts = github.read_files([file for _, file in sessions]) if sessions else {}
    checkpoints = (entire.read_session(texts[file], read[name], name) for name, file in sessions if file in texts)
    reading = entire.read_checkpoints(commits, [one for one in checkpoints if one is not None], people)
    return ReceiptReading(reading.receipts, (*reading.notes, *_missing(named, read)))


def _file(checkpoint_id: str, path: str) -> RepositoryFile:
    return RepositoryFile(entire.location(checkpoint_id).ref, path)


def _missing(named: Sequence[str], read: Mapping[str, entire.Root]) -> Iterable[str]:
    absent = len(named) - len(read)
    if absent:
        yield f"{absent} of {len(named)} checkpoints that commits name are not in the repository and are not counted."


def _ledger(fact: PullRequestFacts, people: People) -> ReceiptReading:
    """Rows name a branch and no person: those of the pull request's branch are its author's, on the commit that followed."""
    pull = fact.pull
    reading = receipt_ledger.read_ledger(fact.receipt_ledger or "", pull.repository)
    person = people.of_author(pull.author)
    if person is None or not pull.commits:
        return ReceiptReading(notes=reading.notes)
    rows = [row for row in reading.records if row.branch == pull.head_ref]
    receipts = tuple(
        Receipt(
            format=receipt_ledger.FORMAT,
            repository=pull.repository,
            commit=_following(pull, row.start).sha,
            person=person,
            start=row.start,
            end=row.end,
            tool=row.provider,
            model=row.model,
            tokens=row.tokens,
            requests=row.requests,
            cost_usd=row.cost_usd,
            session=row.session,
            usage_key=row.id,
        )
        for row in rows
    )
    return ReceiptReading(receipts, reading.notes)


def _following(pull: PullRequest, moment: datetime) -> GitCommit:
    later = [commit for commit in pull.commits if commit.authored_at >= moment]
    return min(later, key=lambda commit: commit.authored_at) if later else max(pull.commits, key=lambda c: c.authored_at)
