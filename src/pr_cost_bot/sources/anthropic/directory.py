"""Whose account is whose, as Anthropic's member list tells."""

from functools import partial

import msgspec

from pr_cost_bot.http import HttpSession
from pr_cost_bot.sources.anthropic import reports
from pr_cost_bot.sources.people import Names
from pr_cost_bot.sources.reading import Chunk, Tally

_ID_PREFIXES = ("user_", "svac_", "apikey_")


class Ids(msgspec.Struct, frozen=True):
    """Ids of the query's people. `everybody`: they do not name all of them, so a filter by id would hide usage."""

    accounts: tuple[str, ...] = ()  # user_…
    others: tuple[str, ...] = ()  # svac_… and apikey_…, from the configuration
    everybody: bool = False

    def actors(self) -> tuple[str, ...]:
        """All that can be filtered by."""
        return (*self.accounts, *self.others)


class Directory:
    """Looks people up by e-mail address, each address once."""

    def __init__(self) -> None:
        self._accounts: dict[str, tuple[str, ...]] = {}

    def look_up(self, session: HttpSession, names: Names, tally: Tally) -> Ids:
        """Find the ids of the people and teach them to `names`. A key that may not list users (403, 404) is no error."""
        refused = False
        new = [email for email in names.emails() if email not in self._accounts]
        outcomes = session.gather([partial(reports.users, session, ("email", email)) for email in new])
        for email, outcome in zip(new, outcomes, strict=True):
            if isinstance(outcome, Chunk):
                mine = (user.id for user in outcome.rows if user.email and user.email.lower() == email)
                self._accounts[email] = tuple(mine)
            elif outcome.status in {403, 404}:
                refused = True
            else:
                tally.fail(outcome)
        accounts: list[str] = []
        for email in names.emails():
            for account in self._accounts.get(email, ()):
                names.learn(account, email)
                accounts.append(account)
        configured = [name for name in names.configured() if name.startswith(_ID_PREFIXES)]
        accounts += [name for name in configured if name.startswith("user_")]
        # A configured name that is no id, a federated subject say, cannot be filtered by.
        return Ids(
            tuple(dict.fromkeys(accounts)),
            tuple(name for name in configured if not name.startswith("user_")),
            refused or len(configured) < len(names.configured()),
        )

    def known(self, names: Names) -> set[str]:
        """E-mail addresses that have an account."""
        return {email for email in names.emails() if self._accounts.get(email)}
