import pytest
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.sources import tags
from pr_cost_bot.sources.tags import Tags

WEB = "acme/web"


@pytest.mark.parametrize(
    ("given_tags", "properties", "said"),
    [
        (["pr:acme/web#42"], {}, Tags(WEB, None, 42)),
        (["repo:acme/web", "branch:feat/x"], {}, Tags(WEB, "feat/x")),
        (["User-Agent: claude-cli", "pr:42", "repo:acme/web"], {}, Tags(WEB, None, 42)),
        (["PR: acme/web#42", "Branch:feat/x"], {}, Tags(WEB, "feat/x", 42)),
        ([], {"PR": "acme/web#42", "Branch": "feat/x"}, Tags(WEB, "feat/x", 42)),
        ([], {"pr": "42", "repo": "acme/web", "branch": "refs/heads/feat/x"}, Tags(WEB, "feat/x", 42)),
        ([], {"pr": 42, "repository": "repo:acme/web"}, Tags(WEB, None, 42)),
        ([], {"PR": "pr:acme/web#42"}, Tags(WEB, None, 42)),
        ([], {"Pr": "#42", "REPO": "acme/web"}, Tags(WEB, None, 42)),
        (["commit:0123ABC"], {}, Tags(None, None, None, "0123abc")),
        (["branch:feat/x"], {"repo": "acme/web"}, Tags(WEB, "feat/x")),
    ],
)
def test_the_documented_forms_are_read(given_tags, properties, said):
    assert tags.read(given_tags, properties) == said


def test_a_number_alone_needs_a_repository_beside_it():
    assert tags.read(["pr:42"], {"branch": "feat/x"}) == Tags(None, "feat/x")
    assert not tags.read(["pr:42"])


def test_a_repository_alone_is_no_evidence_of_a_piece_of_work():
    assert tags.read(["repo:acme/web"]) == Tags(WEB)
    assert not tags.read(["repo:acme/web"])
    assert tags.read(["repo:acme/web", "branch:x"])


def test_of_two_that_differ_the_full_one_goes_first_then_the_first():
    assert tags.read(["pr:7", "repo:acme/api", "pr:acme/web#42"]) == Tags(WEB, None, 42)
    assert tags.read(["pr:acme/web#1", "pr:acme/web#2"], {"pr": "acme/web#3"}).pr_number == 1
    assert tags.read(["branch:a", "branch:b"]).branch == "a"


def test_a_branch_of_another_repository_is_not_the_pull_requests():
    assert tags.read(["repo:acme/api", "branch:x", "pr:acme/web#42"]) == Tags(WEB, None, 42)
    assert tags.read(["repo:Acme/Web", "branch:x", "pr:acme/web#42"]) == Tags(WEB, "x", 42)


@pytest.mark.parametrize(
    "hostile",
    [
        "pr:acme/web#0",
        "pr:acme/web#-1",
        "pr:acme/web#99999999999",
        "pr:acme/web#\uff14\uff12",
        "pr:acme/web#42\n::error::x",
        "pr:../web#42",
        "pr:acme/..#42",
        "repo:acme/web/extra",
        "repo:https://evil.example/acme",
        "branch:a b",
        "branch:-rf",
        "branch:a..b",
        "branch:\u202egnp",
        "branch:" + "x" * 256,
        "commit:zzzzzzz",
        "commit:123",
        "pr:",
        ":",
        "",
    ],
)
def test_what_cannot_be_a_name_is_ignored(hostile):
    key, _, value = hostile.partition(":")
    assert tags.read([hostile]) == tags.read([], {key: value}) == Tags()


def test_values_that_are_no_text_and_no_number_are_ignored():
    assert tags.read([], {"pr": True, "repo": ["acme/web"], "branch": {"x": 1}, "commit": None}) == Tags()


junk = st.text(max_size=30) | st.sampled_from(["pr:acme/web#4", "repo:a/b", "branch:x", "pr:4", "commit:abcdef0"])


@given(st.lists(junk, max_size=6), st.dictionaries(junk, junk | st.integers() | st.none(), max_size=4))
def test_any_tags_give_names_that_can_be_trusted_to_be_names(some, properties):
    said = tags.read(some, properties)
    assert said.pr_number is None or (said.repository and said.pr_number > 0)
    assert said.repository is None or said.repository.count("/") == 1
    assert said.branch is None or (said.branch.isprintable() and " " not in said.branch)
