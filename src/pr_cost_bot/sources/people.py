"""The people of a query, found by the names under which one vendor may know them."""

from collections.abc import Iterable

from pr_cost_bot.model import Identity, UsageQuery


class Names:
    """Who is behind an actor, at one vendor. Names are compared in lower case."""

    def __init__(self, people: tuple[Identity, ...], source: str) -> None:
        self.people = people
        self._owner: dict[str, str] = {}
        self._alias: dict[str, str] = {}
        self._configured: dict[str, tuple[str, ...]] = {}
        self._emails: dict[str, tuple[str, ...]] = {}
        for who in people:
            given = tuple(name for name in who.vendors.get(source, ()) if name)
            self._configured[who.person] = tuple(name for name in given if "@" not in name)
            extra = (name.lower() for name in given if "@" in name)
            self._emails[who.person] = tuple(dict.fromkeys((*(email.lower() for email in who.emails), *extra)))
            for name in (*given, *self._emails[who.person], who.person, *([who.login] if who.login else [])):
                self._owner.setdefault(name.lower(), who.person)

    def asked_in(self, query: UsageQuery) -> bool:
        """Whether these are the people of that query."""
        return self.people == query.people

    def actor(self, *names: str | None) -> str | None:
        """The first of these names that is one of the query's people, as records show it; None when none is."""
        for name in names:
            if name and name.lower() in self._owner:
                return self._alias.get(name.lower()) or (name.lower() if "@" in name else name)
        return None

    def person_of(self, actor: str | None) -> str | None:
        """The person whom a name belongs to."""
        return self._owner.get(actor.lower()) if actor else None

    def learn(self, vendor_id: str, name: str | None) -> None:
        """Remember that `vendor_id` is whoever `name` is. Strangers are left out, and what is known already stays."""
        shown = self.actor(name)
        if shown and vendor_id and vendor_id.lower() not in self._owner:
            self._owner[vendor_id.lower()] = self._owner[shown.lower()]
            self._alias[vendor_id.lower()] = shown

    def emails(self) -> tuple[str, ...]:
        """E-mail addresses of everybody, each once."""
        return tuple(dict.fromkeys(email for emails in self._emails.values() for email in emails))

    def configured(self) -> tuple[str, ...]:
        """Vendor ids (no e-mail addresses) that the configuration gives, each once."""
        return tuple(dict.fromkeys(name for names in self._configured.values() for name in names))

    def unknown(self, known: Iterable[str]) -> tuple[str, ...]:
        """Persons none of whose e-mail addresses is in `known` and who have no configured id."""
        lower = {name.lower() for name in known}
        return tuple(
            who.person
            for who in self.people
            if not self._configured[who.person] and lower.isdisjoint(self._emails[who.person]) and who.person not in lower
        )
