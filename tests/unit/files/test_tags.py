import pytest
from tests.factories import usage

from pr_cost_bot.files.tags import tagged


def tags(attributes):
    record = tagged(usage(), attributes)
    return record.repository, record.branch, record.pr_number, record.commit


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, (None, None, None, None)),
        ({"repo": "acme/web"}, ("acme/web", None, None, None)),
        ({"Repository": "acme/web", "BRANCH": "refs/heads/fix"}, ("acme/web", "fix", None, None)),
        ({"pr": "acme/web#42"}, ("acme/web", None, 42, None)),
        ({"pr": 42, "repo": "acme/web"}, ("acme/web", None, 42, None)),
        ({"pr": "https://github.com/acme/web/pull/42"}, ("acme/web", None, 42, None)),
        ({"tags": "pr:acme/web#42,team:x"}, ("acme/web", None, 42, None)),
        ({"tags": ["repo:acme/web", "branch:fix"]}, ("acme/web", "fix", None, None)),
        ({"vcs.repository.name": "web", "vcs.owner.name": "acme"}, ("acme/web", None, None, None)),
        ({"vcs.repository.url.full": "https://github.com/acme/web.git"}, ("acme/web", None, None, None)),
        ({"repository": "git@github.com:acme/web.git"}, ("acme/web", None, None, None)),
        (
            {"vcs.repository.name": "acme/web", "vcs.ref.head.name": "fix", "vcs.ref.head.revision": "A" * 40},
            ("acme/web", "fix", None, "a" * 40),
        ),
        ({"vcs.change.id": "42", "vcs.repository.url.full": "https://github.com/acme/web"}, ("acme/web", None, 42, None)),
        ({"repo": "acme/web", "vcs.repository.name": "x/y"}, ("acme/web", None, None, None)),
    ],
)
def test_documented_keys_and_those_of_the_conventions_are_understood(attributes, expected):
    assert tags(attributes) == expected


@pytest.mark.parametrize(
    "attributes",
    [
        {"repo": "web"},
        {"repo": ["acme/web"]},
        {"repo": "acme/web/x"},
        {"pr": "many"},
        {"pr": -1, "branch": None},
        {"vcs.repository.name": "web"},
        {"tags": 7},
        {"branch": "a b"},
        {"pr": True},
    ],
)
def test_what_names_nothing_is_ignored(attributes):
    assert tags(attributes) == (None, None, None, None)
