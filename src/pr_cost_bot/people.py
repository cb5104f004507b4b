"""Who is who: one person key for all the names under which GitHub and the vendors know somebody.

The key is the GitHub login in lower case where it is known, else the e-mail address in lower case. Names are joined by GitHub's
own link from e-mail to login, by the `people` map of the configuration and by the logins inside GitHub's noreply addresses;
never by display name, which is free text and not unique. Accounts of bots and AI agents are no people.
"""

import re
from collections.abc import Iterable, Sequence

from pr_cost_bot.config import PersonEntry
from pr_cost_bot.model import Author, Commit, GitCommit, Identity, Problem, SourceState, SourceStatus, UnmatchedAuthor
from pr_cost_bot.trailers import co_authors_of

# `ID+login@users.noreply.github.com`, the old `login@…`, and Enterprise Server's `users.noreply.HOST`.
# https://docs.github.com/account-and-profile/reference/email-addresses-reference
_NOREPLY = re.compile(r"(?:\d+\+)?([^@+\s]+)@users\.noreply\.[^@\s]+")

# Addresses with which coding agents sign commits and trailers. GitHub links some of them to ordinary user accounts.
_AGENT_EMAILS = frozenset(
    {
        "aider@aider.chat",
        "amp@ampcode.com",
        "agent@warp.dev",
        "codex@openai.com",
        "copilot@github.com",
        "cursoragent@cursor.com",
        "junie@jetbrains.com",
        "no-reply@cursor.com",
        "noreply@aider.chat",
        "noreply@anthropic.com",
        "noreply@cursor.com",
        "noreply@github.com",  # web-flow: GitHub itself
        "noreply@google.com",
        "noreply@openai.com",
        "noreply@opencode.ai",
        "openhands@all-hands.dev",
    }
)
_AGENT_LOGINS = frozenset({"claude", "copilot", "copilot-swe-agent", "cursoragent", "web-flow"})
_PLAIN_YAML = re.compile(r"[A-Za-z][A-Za-z0-9._+-]*(?:@[A-Za-z0-9.-]*[A-Za-z0-9])?")
_YAML_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_EMAIL_LIMIT = 254  # RFC 5321; anything longer is no address


def co_authors(message: str) -> tuple[Author, ...]:
    """Authors named by `Co-authored-by: Name <mail>` lines, in order, without those GitHub would need to resolve."""
    return tuple(Author(name, address) for name, address in co_authors_of(message))


def is_bot(author: Author) -> bool:
    """Whether the account is a bot's or a coding agent's. A commit by it says that AI was there, never who used it."""
    login = _login_of(author) or ""
    email = author.email.strip().lower()
    return author.is_bot or login.endswith("[bot]") or login in _AGENT_LOGINS or email in _AGENT_EMAILS


class People:
    """Answers who somebody is. Made by `resolve`; the order of its inputs does not matter, but for conflicting entries."""

    def __init__(self, entries: Sequence[PersonEntry], authors: Iterable[Author]) -> None:
        self.problems: tuple[Problem, ...] = ()  # conflicts of the configuration's `people`; the first entry wins
        self._person_of_login: dict[str, str] = {}  # aliases and the logins themselves
        self._login_of_email: dict[str, str] = {}
        self._vendor_ids: dict[tuple[str, str], str] = {}  # (source, id in lower case) -> login
        self._vendors: dict[str, dict[str, tuple[str, ...]]] = {}
        self._configured_emails: dict[str, tuple[str, ...]] = {}
        self._seen_emails: dict[str, set[str]] = {}
        self._entry_of_login: dict[str, str] = {}  # how messages call the first entry of each login
        self._bots: set[str] = set()
        for number, entry in enumerate(entries, start=1):
            self._add_entry(number, entry)
        seen = sorted(set(authors), key=lambda author: (author.login or "", author.email, author.name, author.is_bot))
        self._bots.update(_account(author) for author in seen if is_bot(author))
        self._link([author for author in seen if not is_bot(author)])

    def of_author(self, author: Author) -> str | None:
        """The person; None for bots, agents, and authors without login and e-mail."""
        if is_bot(author):
            return None
        person = self._person(_account(author))
        return None if not person or person in self._bots else person

    def of_actor(self, source: str, actor: str) -> str | None:
        """The person whom a vendor names by id, e-mail or login; None when nobody known is meant.

        The configured ids of that source come first, then e-mail, then login.
        """
        name = actor.strip().lower()
        if (login := self._vendor_ids.get((source, name))) is not None:
            return self._person(login)
        noreply = _NOREPLY.fullmatch(name)
        account = noreply[1] if noreply else name
        known = account in self._person_of_login or account in self._login_of_email or account in self._seen_emails
        return self._person(account) if known else None

    def is_human(self, person: str) -> bool:
        """Whether the key is a person's, not a bot's."""
        return person not in self._bots and not is_bot(Author(email=person) if "@" in person else Author(login=person))

    def identities(self, persons: Iterable[str]) -> tuple[Identity, ...]:
        """Every name of these persons, sorted by person. GitHub's noreply addresses are never given: no vendor knows them."""
        return tuple(self._identity(person) for person in sorted(set(persons)))

    def _identity(self, person: str) -> Identity:
        configured = self._configured_emails.get(person, ())
        seen = sorted(self._seen_emails.get(person, set()) - set(configured))
        return Identity(
            person=person,
            emails=(*configured, *seen),
            login=None if "@" in person else person,
            vendors=self._vendors.get(person, {}),
        )

    def _person(self, account: str) -> str:
        login = self._login_of_email.get(account, account)
        return self._person_of_login.get(login, login)

    def _add_entry(self, number: int, entry: PersonEntry) -> None:
        login = entry.github.strip().removeprefix("@").lower()
        here = f"entry {number}" if "@" in login else f"entry {number} ({login})"
        self._entry_of_login.setdefault(login, here)
        owner = self._person_of_login.setdefault(login, login)
        if owner != login:
            self._conflict(here, "the account", owner)
        emails = []
        for place, email in enumerate((email.strip().lower() for email in entry.emails), start=1):
            noreply = _NOREPLY.fullmatch(email)
            taken = self._person_of_login if noreply else self._login_of_email
            owner = taken.setdefault(noreply[1] if noreply else email, login)
            if owner != login:
                self._conflict(here, f"e-mail address {place}", owner)
            elif not noreply:
                emails.append(email)
        self._configured_emails[login] = tuple(dict.fromkeys((*self._configured_emails.get(login, ()), *emails)))
        for source, value in entry.vendors.items():
            self._add_ids(here, login, source, (value,) if isinstance(value, str) else value)

    def _add_ids(self, here: str, login: str, source: str, given: tuple[str, ...]) -> None:
        ids = tuple(vendor_id.strip() for vendor_id in given)
        for place, vendor_id in enumerate(ids, start=1):
            owner = self._vendor_ids.setdefault((source, vendor_id.lower()), login)
            if owner != login:
                self._conflict(here, f"{source} id {place}", owner)
        vendors = self._vendors.setdefault(login, {})
        mine = (i for i in ids if self._vendor_ids[source, i.lower()] == login)
        vendors[source] = tuple(dict.fromkeys((*vendors.get(source, ()), *mine)))

    def _conflict(self, here: str, what: str, owner: str) -> None:
        """Name the place, not the address or id: everybody can read the log of a public repository."""
        first = self._entry_of_login[owner]
        problem = Problem(
            f"In `people`, {what} of {here} stands under {first} already.",
            "An address or id can belong to one person only.",
            f"Remove it from one of the two; until then it counts for {first}.",
        )
        self.problems = (*self.problems, problem)

    def _link(self, authors: Sequence[Author]) -> None:
        """Join what GitHub joined: a login with the e-mail that its account owns."""
        resolved = {author.login.lower() for author in authors if author.login}
        for author in authors:
            login, email = author.login and author.login.lower(), author.email.strip().lower()
            noreply = _NOREPLY.fullmatch(email)
            if login and noreply and noreply[1] not in resolved:
                self._person_of_login.setdefault(noreply[1], login)  # the account was renamed
            elif login and email and not noreply:
                owner = self._login_of_email.setdefault(email, login)
                if owner in self._configured_emails:  # a second account of a configured person
                    self._person_of_login.setdefault(login, owner)
        self._follow_aliases()
        for author in authors:
            person = self._person(_account(author))
            if "@" not in person and person:
                self._person_of_login.setdefault(person, person)
            email = author.email.strip().lower()
            if email and len(email) <= _EMAIL_LIMIT and not _NOREPLY.fullmatch(email) and self._person(email) == person:
                self._seen_emails.setdefault(person, set()).add(email)

    def _follow_aliases(self) -> None:
        """Make every alias point at its last target (renamed account -> second account -> configured person)."""
        for login in list(self._person_of_login):
            path = [login]
            while (target := self._person_of_login.get(path[-1], path[-1])) not in path:
                path.append(target)
            self._person_of_login[login] = path[-1]


def resolve(entries: Sequence[PersonEntry], authors: Iterable[Author]) -> People:
    """Find out who is who from the configuration's `people` and all git authors seen."""
    return People(entries, authors)


def commits_of(git_commits: Iterable[GitCommit], people: People) -> tuple[Commit, ...]:
    """The commits by persons: the first human of author and co-authors, then the other humans.

    A commit of bots alone keeps its bot's account as person, so that a bot's own usage can be put on the bot's own commits;
    `People.is_human` tells. A commit whose author has neither login nor e-mail is left out: nobody's usage can be its.
    """
    return tuple(commit for git_commit in git_commits if (commit := _commit(git_commit, people)) is not None)


def _commit(commit: GitCommit, people: People) -> Commit | None:
    authors = (*commit.authors, *co_authors(commit.message))
    humans = list(dict.fromkeys(person for author in authors if (person := people.of_author(author))))
    accounts = [account for author in authors if (account := _account(author))]
    if not humans and not accounts:
        return None
    return Commit(
        sha=commit.sha,
        repository=commit.repository,
        person=(humans or accounts)[0],
        authored_at=commit.authored_at,
        committed_at=commit.committed_at,
        pr_number=commit.pr_number,
        branch=commit.branch,
        co_authors=tuple(humans[1:]),
        additions=commit.additions,
        deletions=commit.deletions,
        parents=commit.parents,
    )


def unmatched(
    persons: Iterable[str], statuses: Sequence[SourceStatus], identities: Iterable[Identity]
) -> tuple[UnmatchedAuthor, ...]:
    """The humans among `persons` whom no source that answered knows, each with the line to add to `people`.

    Empty when a source failed: it may be the one that knows them.
    """
    if not statuses or any(status.state is SourceState.FAILED for status in statuses):
        return ()
    unknown = set.intersection(*(set(status.unknown_people) for status in statuses))
    known_as = {identity.person: identity for identity in identities}
    return tuple(
        UnmatchedAuthor(person=person, suggestion=suggestion(known_as.get(person, Identity(person=person))))
        for person in sorted(set(persons) & unknown)
        if not person.endswith("[bot]")
    )


def suggestion(identity: Identity) -> str:
    """A line for the configuration. Git's names are anybody's text: all but plain words is quoted."""
    login = identity.login or ("github-login" if "@" in identity.person else identity.person)
    known = identity.emails[:1] if identity.login is None else ()
    emails = ", ".join(_yaml(email) for email in (*known, "name@company.com"))
    return f"- {{github: {_yaml(login)}, emails: [{emails}]}}"


def _yaml(text: str) -> str:
    plain = _PLAIN_YAML.fullmatch(text) is not None and text.lower() not in _YAML_WORDS
    if plain:
        return text
    return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08X}" for c in text) + '"'


def _login_of(author: Author) -> str | None:
    if author.login:
        return author.login.lower()
    noreply = _NOREPLY.fullmatch(author.email.strip().lower())
    return noreply[1] if noreply else None


def _account(author: Author) -> str:
    """The login where it is known, else the e-mail, in lower case; empty when there is neither."""
    return _login_of(author) or author.email.strip().lower()
