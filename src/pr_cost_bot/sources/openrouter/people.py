"""Whose usage is asked for: members of the organisation, and keys that the configuration gives to somebody.

A key that the configuration gives to one person and another one made counts for the first alone.
"""

from collections.abc import Iterable, Sequence

import msgspec

from pr_cost_bot.sources import tags
from pr_cost_bot.sources.openrouter.shapes import Key, Member
from pr_cost_bot.sources.people import Names


class Who(msgspec.Struct, frozen=True):
    """One filter and whose usage it brings. `without`: names of keys whose usage is somebody else's."""

    field: str  # "user" or "api_key_id"
    value: str  # a member's id, or the hash of a key
    actor: str
    key: Key | None = None
    without: frozenset[str] = frozenset()


def asked_for(members: Iterable[Member], keys: Sequence[Key], names: Names) -> tuple[Who, ...]:
    """Filters that bring the usage of the query's people, each request once."""
    for member in members:
        names.learn(member.id, member.email)
    configured = names.configured()
    users = [member.id for member in members if names.actor(member.id)]
    users = list(dict.fromkeys([*users, *(name for name in configured if name.startswith("user_"))]))
    given = [_key(name, keys) for name in configured if not name.startswith("user_")]
    # A key that its own maker is given comes with the maker's usage.
    given = [key for key in given if not _is_own(key, users, names)]
    found = [Who("user", user, names.actor(user) or user, None, _names_of(given, user)) for user in users]
    return tuple(found + [Who("api_key_id", key.hash, names.actor(key.hash) or key.hash, key) for key in given])


def tags_of(key_name: str) -> tags.Tags:
    """What the name of a key says: one tag, or several with blanks or commas between them."""
    return tags.read(key_name.replace(",", " ").split())


def _key(name: str, keys: Sequence[Key]) -> Key:
    return next((key for key in keys if key.hash.lower() == name.lower()), Key(name))


def _is_own(key: Key, users: Sequence[str], names: Names) -> bool:
    maker = key.creator_user_id
    return maker in users and names.person_of(maker) == names.person_of(key.hash)


def _names_of(given: Iterable[Key], user: str) -> frozenset[str]:
    return frozenset(key.name for key in given if key.name and key.creator_user_id == user)
