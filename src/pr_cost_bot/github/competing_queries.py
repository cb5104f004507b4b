"""The GraphQL documents that ask for competing work. Only aliases are generated; what comes from outside is a variable."""

from collections.abc import Iterable

# Here co-authors are read from the messages: `authors` of a hundred commits in each of fifty pull requests would cost
# 5,000 of GitHub's inner requests, which is 50 points of an Action's 1,000 an hour; without it the whole query costs a few.
_COMPETING_COMMIT = """
fragment work on Commit {
  oid message authoredDate committedDate
  additions @include(if: $stats) deletions @include(if: $stats)
  parents(first: 1) { totalCount }
  author { name email user { id login } }
}
"""

_COMPETING_PULL = """
fragment other on PullRequest {
  number headRefName createdAt closedAt mergedAt isCrossRepository authorAssociation
  repository { nameWithOwner }
  author { __typename login }
  commits(last: 100) { totalCount nodes { commit { ...work } } }
}
"""

_HISTORY = """
fragment history on CommitHistoryConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    ...work
    associatedPullRequests(first: 1) {
      nodes { number headRefName createdAt closedAt mergedAt repository { nameWithOwner } author { __typename login } }
    }
  }
}
"""


def competing_work(searches: Iterable[str], repositories: int, authors: int, *, open_pulls: bool) -> str:
    """Other work of some people.

    searches: names of the variables with a search each (`s0`); with `<name>After` for its page; aliases like the names.
    repositories: variables `owner0`, `name0`, ...; aliases `repo0`, ...; in each the default branch's history by author
    (`$a0`, ...; aliases `h0`, ...) and its most recently changed branches. open_pulls: also the open pull requests of the
    first repository, whoever opened them: the search index is late by up to minutes and does not know co-authors.
    """
    searches = tuple(searches)
    declared = ["$stats: Boolean!"]
    if repositories and authors:
        declared.append("$since: GitTimestamp! $until: GitTimestamp!")
    declared += [f"${name}: String! ${name}After: String" for name in searches]
    declared += [f"$owner{i}: String! $name{i}: String!" for i in range(repositories)]
    declared += [f"$a{j}: CommitAuthor!" for j in range(authors)]
    fields = [
        f"{name}: search(type: ISSUE, first: 50, query: ${name}, after: ${name}After) "
        "{ pageInfo { hasNextPage endCursor } nodes { __typename ... on PullRequest { ...other } } }"
        for name in searches
    ]
    fields += [_competing_repository(i, authors, open_pulls=open_pulls and i == 0) for i in range(repositories)]
    document = f"query CompetingWork({', '.join(declared)}) {{\n" + "\n".join(fields) + "\n}"
    if searches or open_pulls:
        document += _COMPETING_PULL
    return document + _COMPETING_COMMIT + (_HISTORY if repositories and authors else "")


def _competing_repository(index: int, authors: int, *, open_pulls: bool) -> str:
    histories = " ".join(
        f"h{j}: history(first: 100, since: $since, until: $until, author: $a{j}) {{ ...history }}" for j in range(authors)
    )
    branch_histories = " ".join(
        f"h{j}: history(first: 50, since: $since, until: $until, author: $a{j}) {{ nodes {{ ...work }} }}"
        for j in range(authors)
    )
    parts = [f"repo{index}: repository(owner: $owner{index}, name: $name{index}) {{ nameWithOwner"]
    if authors:
        parts.append(f"defaultBranchRef {{ name target {{ __typename oid ... on Commit {{ {histories} }} }} }}")
        parts.append(
            'branches: refs(refPrefix: "refs/heads/", first: 20, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) '
            "{ nodes { name associatedPullRequests(first: 1) { totalCount } "
            f"target {{ __typename oid ... on Commit {{ {branch_histories} }} }} }} }}"
        )
    if open_pulls:
        parts.append(
            "pullRequests(states: [OPEN], first: 20, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { ...other } }"
        )
    return " ".join(parts) + " }"


def history_pages(count: int) -> str:
    """Further pages of `count` histories: variables `owner<i>`, `name<i>`, `a<i>`, `after<i>`; aliases `repo<i>`."""
    indices = range(count)
    declared = ["$stats: Boolean!", "$since: GitTimestamp!", "$until: GitTimestamp!"]
    declared += [f"$owner{i}: String! $name{i}: String! $a{i}: CommitAuthor! $after{i}: String!" for i in indices]
    fields = [
        f"repo{i}: repository(owner: $owner{i}, name: $name{i}) {{ defaultBranchRef {{ name target {{ "
        "__typename ... on Commit { "
        f"h0: history(first: 100, since: $since, until: $until, author: $a{i}, after: $after{i}) {{ ...history }} "
        "} } } }"
        for i in indices
    ]
    return f"query HistoryPages({', '.join(declared)}) {{\n" + "\n".join(fields) + "\n}" + _COMPETING_COMMIT + _HISTORY
