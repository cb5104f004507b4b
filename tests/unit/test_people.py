from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pr_cost_bot.config import PersonEntry
from pr_cost_bot.model import Author, GitCommit, Identity, SourceState, SourceStatus
from pr_cost_bot.people import co_authors, commits_of, is_bot, resolve, unmatched

MONA = Author("Mona", "mona@example.com", "Mona")
DAY = datetime(2026, 11, 1, tzinfo=UTC)


def commit(*authors, message="", sha="a1"):
    return GitCommit(sha=sha, repository="acme/web", authors=authors, authored_at=DAY, message=message)


def test_a_person_is_the_login_in_lower_case():
    assert resolve([], [MONA]).of_author(MONA) == "mona"


def test_a_person_without_login_is_the_email_in_lower_case():
    author = Author("X", "X@Example.COM")
    assert resolve([], [author]).of_author(author) == "x@example.com"


def test_an_author_without_login_and_email_is_nobody():
    assert resolve([], [Author("X")]).of_author(Author("X")) is None


@pytest.mark.parametrize(
    "email",
    ["583231+Octocat@users.noreply.github.com", "octocat@users.noreply.github.com", "7+octocat@users.noreply.ghe.acme.io"],
)
def test_every_noreply_form_names_the_login(email):
    author = Author("O", email)
    people = resolve([], [author])
    assert people.of_author(author) == "octocat"
    assert people.of_actor("copilot", "octocat") == "octocat"


def test_noreply_addresses_are_never_given_to_vendors():
    people = resolve([], [Author("M", "1+mona@users.noreply.github.com", "mona"), MONA])
    assert people.identities(["mona"]) == (Identity(person="mona", emails=("mona@example.com",), login="mona"),)


def test_github_links_an_email_to_a_login_for_commits_that_lack_the_login():
    bare = Author("M", "MONA@example.com")
    assert resolve([], [bare, MONA]).of_author(bare) == "mona"


def test_several_emails_of_one_login_are_one_person():
    people = resolve([], [MONA, Author("Mona", "mona@home.example", "mona")])
    assert people.identities(["mona"])[0].emails == ("mona@example.com", "mona@home.example")
    assert people.of_actor("cursor", "Mona@Home.example") == "mona"


def test_equal_display_names_join_nobody():
    one, two = Author("Sam Lee", "sam@a.example"), Author("Sam Lee", "sam@b.example")
    people = resolve([], [one, two])
    assert people.of_author(one) != people.of_author(two)


def test_the_old_login_of_a_renamed_account_is_the_new_one():
    renamed = Author("N", "5+oldname@users.noreply.github.com", "newname")
    bare = Author("N", "5+oldname@users.noreply.github.com")
    assert resolve([], [renamed, bare]).of_author(bare) == "newname"


def test_a_login_that_somebody_else_holds_now_is_not_taken_for_a_renamed_account():
    stale, holder = Author("N", "5+name@users.noreply.github.com", "newname"), Author("H", "h@x.example", "name")
    assert resolve([], [stale, holder]).of_author(holder) == "name"


def test_the_people_map_joins_emails_and_second_accounts():
    entry = PersonEntry(github="@Octocat", emails=("octo@home.example",))
    second = Author("O", "octo@home.example", "octo-work")
    other_mail = Author("O", "o@work.example", "octo-work")
    people = resolve([entry], [second, other_mail])
    assert {people.of_author(second), people.of_author(other_mail)} == {"octocat"}
    assert people.identities(["octocat"])[0].emails == ("octo@home.example", "o@work.example")


def test_configured_vendor_ids_come_before_email_and_login():
    entry = PersonEntry(github="octocat", vendors={"anthropic": ("apikey_01ABC", "mona"), "litellm": "octo"})
    people = resolve([entry], [MONA])
    assert people.of_actor("anthropic", "apikey_01ABC") == "octocat"
    assert people.of_actor("anthropic", "mona") == "octocat"
    assert people.of_actor("litellm", "Octo") == "octocat"
    assert people.of_actor("litellm", "mona") == "mona"
    assert people.of_actor("openai", "octo") is None
    assert people.identities(["octocat"])[0].vendors == {"anthropic": ("apikey_01ABC", "mona"), "litellm": ("octo",)}


def test_an_actor_whom_nobody_knows_is_nobody():
    assert resolve([], [MONA]).of_actor("cursor", "stranger@example.com") is None


def test_one_email_under_two_people_counts_for_the_first_and_is_reported():
    entries = [PersonEntry(github="a", emails=("x@y.example",)), PersonEntry(github="b", emails=("X@y.example",))]
    people = resolve(entries, [])
    assert people.of_actor("cursor", "x@y.example") == "a"
    assert "e-mail address 1 of entry 2 (b) stands under entry 1 (a) already" in str(people.problems[0])
    assert "y.example" not in str(people.problems[0]).lower()
    assert people.identities(["b"])[0].emails == ()


def test_one_vendor_id_under_two_people_counts_for_the_first_and_is_reported():
    entries = [PersonEntry(github="a", vendors={"openai": "user-1"}), PersonEntry(github="b", vendors={"openai": "user-1"})]
    people = resolve(entries, [])
    assert people.of_actor("openai", "user-1") == "a"
    assert [problem.what for problem in people.problems] == [
        "In `people`, openai id 1 of entry 2 (b) stands under entry 1 (a) already."
    ]


def test_conflicts_name_no_address_even_where_one_stands_for_the_login():
    entries = [
        PersonEntry(github="A@x.example", emails=("c@x.example",)),
        PersonEntry(github="b", emails=("d@x.example", "C@x.example", "1+e@users.noreply.github.com")),
        PersonEntry(github="e", vendors={"cursor": ("id-1", "id-2")}),
        PersonEntry(github="f", vendors={"cursor": "ID-2"}),
    ]
    told = [str(problem) for problem in resolve(entries, []).problems]
    assert [text.partition(" already")[0] for text in told] == [
        "In `people`, e-mail address 2 of entry 2 (b) stands under entry 1",
        "In `people`, the account of entry 3 (e) stands under entry 2 (b)",
        "In `people`, cursor id 1 of entry 4 (f) stands under entry 3 (e)",
    ]
    assert not any("@" in text or "id-" in text.lower() for text in told)


@pytest.mark.parametrize(
    "author",
    [
        Author("d", "49699333+dependabot[bot]@users.noreply.github.com"),
        Author("d", "", "renovate[bot]"),
        Author("x", "x@y.example", "x", is_bot=True),
        Author("Claude", "noreply@anthropic.com"),
        Author("Claude", "NoReply@Anthropic.com", "claude"),
        Author("Cursor Agent", "cursoragent@cursor.com"),
        Author("Copilot", "175728472+Copilot@users.noreply.github.com"),
        Author("GitHub", "noreply@github.com"),
    ],
)
def test_bots_and_coding_agents_are_no_people(author):
    assert is_bot(author)
    assert resolve([], [author]).of_author(author) is None


def test_a_person_who_works_at_an_ai_company_is_a_person():
    assert not is_bot(Author("Jane", "jane@anthropic.com", "jane"))


def test_co_authors_are_read_from_trailers_in_any_case():
    message = "Fix\n\nCo-authored-by: Ann Lee <ann@x.example>\nCO-AUTHORED-BY: Bo <bo@x.example>\r\nco-authored-by: broken"
    assert co_authors(message) == (Author("Ann Lee", "ann@x.example"), Author("Bo", "bo@x.example"))


def test_a_commit_belongs_to_its_author_and_names_its_co_authors_once():
    ann = Author("Ann", "ann@x.example")
    message = "x\n\nCo-authored-by: Ann <ANN@x.example>\nCo-authored-by: Claude <noreply@anthropic.com>"
    (result,) = commits_of([commit(MONA, ann, message=message)], resolve([], [MONA, ann]))
    assert (result.person, result.co_authors) == ("mona", ("ann@x.example",))


def test_the_human_co_author_of_an_agents_commit_is_its_person():
    agent = Author("Copilot", "198982749+Copilot@users.noreply.github.com", "Copilot", is_bot=True)
    (result,) = commits_of([commit(agent, MONA)], resolve([], [agent, MONA]))
    assert (result.person, result.co_authors) == ("mona", ())


def test_a_commit_of_bots_alone_keeps_the_bot_and_is_not_human():
    bot = Author("d", "1+dependabot[bot]@users.noreply.github.com", "dependabot[bot]", is_bot=True)
    flagged = Author("r", "r@x.example", "release-account", is_bot=True)
    people = resolve([], [bot, flagged])
    first, second = commits_of([commit(bot), commit(flagged)], people)
    assert (first.person, second.person) == ("dependabot[bot]", "release-account")
    assert not people.is_human(first.person)
    assert not people.is_human(second.person)
    assert people.is_human("mona")


def test_a_commit_of_nobody_is_left_out():
    assert commits_of([commit(Author("?"))], resolve([], [])) == ()


def status(name, *unknown, state=SourceState.OK):
    return SourceStatus(name=name, title=name, state=state, unknown_people=unknown)


def test_nobody_is_unmatched_while_the_source_that_may_know_them_is_silent():
    people = resolve([], [MONA])
    statuses = [status("cursor", "mona"), status("x", state=SourceState.FAILED)]
    assert unmatched(["mona"], statuses, people.identities(["mona"])) == ()


def test_an_author_is_unmatched_when_no_source_knows_them():
    people = resolve([], [MONA])
    statuses = [status("cursor", "mona"), status("openai", "mona", "ann")]
    (author,) = unmatched(["mona", "ann"], statuses, people.identities(["mona", "ann"]))
    assert author.person == "mona"
    assert author.suggestion == "- {github: mona, emails: [name@company.com]}"


def test_nobody_is_unmatched_when_no_source_answered():
    assert unmatched(["mona"], [status("cursor", "mona", state=SourceState.FAILED)], ()) == ()
    assert unmatched(["mona"], [], ()) == ()


def test_bots_are_never_unmatched():
    assert unmatched(["renovate[bot]"], [status("cursor", "renovate[bot]")], ()) == ()


def test_the_suggestion_for_a_bare_email_names_it():
    people = resolve([], [Author("X", "x@y.example")])
    (author,) = unmatched(["x@y.example"], [status("c", "x@y.example")], people.identities(["x@y.example"]))
    assert author.suggestion == "- {github: github-login, emails: [x@y.example, name@company.com]}"


@given(st.text(min_size=1, max_size=40).filter(lambda t: not t.endswith("[bot]")))
def test_a_suggestion_is_always_one_line_of_yaml_that_means_what_it_says(text):
    email = f"{text}@x"
    identity = Identity(person=email, emails=(email,))
    (author,) = unmatched([email], [status("c", email)], [identity])
    assert len(author.suggestion.splitlines()) == 1
    assert yaml.safe_load(author.suggestion) == [{"github": "github-login", "emails": [email, "name@company.com"]}]


def test_a_login_that_yaml_would_read_as_something_else_is_quoted():
    (author,) = unmatched(["null"], [status("c", "null")], [Identity(person="null", login="null")])
    assert author.suggestion == '- {github: "null", emails: [name@company.com]}'


LOGINS = st.sampled_from([None, "ann", "Bo", "cy", "dependabot[bot]"])
EMAILS = st.sampled_from(
    ["", "ann@x", "ANN@x", "bo@x", "1+ann@users.noreply.github.com", "2+old@users.noreply.github.com", "c@x"]
)
AUTHORS = st.lists(st.builds(Author, st.just("n"), EMAILS, LOGINS), max_size=8)


@given(AUTHORS, st.randoms())
def test_who_is_who_does_not_depend_on_the_order_of_the_authors(authors, random):
    entries = [PersonEntry(github="boss", emails=("bo@x",), vendors={"litellm": "b"})]
    shuffled = list(authors)
    random.shuffle(shuffled)
    one, two = resolve(entries, authors), resolve(entries, shuffled)
    assert [one.of_author(a) for a in authors] == [two.of_author(a) for a in authors]
    persons = [person for a in authors if (person := one.of_author(a))]
    assert one.identities(persons) == two.identities(persons)


@given(AUTHORS)
def test_whoever_is_known_is_found_again_by_every_name_given_to_vendors(authors):
    people = resolve([], authors)
    for identity in people.identities(p for a in authors if (p := people.of_author(a))):
        names = [*identity.emails, *([identity.login] if identity.login else [])]
        assert {people.of_actor("cursor", name) for name in names} == {identity.person}
