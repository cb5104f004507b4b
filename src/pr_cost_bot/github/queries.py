"""The GraphQL documents. Everything that comes from outside travels as a variable; only aliases are generated."""

# `$contents`: commits and files may be read. `$stats`: ask for additions and deletions, which cost GitHub a diff each.
COMMIT = """
fragment commit on Commit {
  oid message authoredDate committedDate
  additions @include(if: $stats) deletions @include(if: $stats)
  parents(first: 1) { totalCount }
  authors(first: 100) { totalCount nodes { name email user { id login } } }
}
"""

COMMENT = """
fragment comment on IssueComment { fullDatabaseId body url viewerDidAuthor author { __typename login } }
"""

_PULL = """
fragment pull on PullRequest {
  id number title body url state isCrossRepository authorAssociation createdAt closedAt mergedAt additions deletions
  baseRefName headRefName headRefOid
  author { __typename login }
  labels(first: 100) { nodes { name } }
  commits(first: 100) @include(if: $contents) { totalCount pageInfo { hasNextPage endCursor } nodes { commit { ...commit } } }
  head: commits(last: 1) @include(if: $contents) {
    nodes { commit { receipts: file(path: ".receipt/ledger.jsonl") { ...file } } }
  }
  comments(first: 100) { totalCount pageInfo { hasNextPage endCursor } nodes { ...comment } }
  timelineItems(first: 100, itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT]) @include(if: $contents) { ...pushes }
}
"""

_PUSHES = """
fragment pushes on PullRequestTimelineItemsConnection {
  pageInfo { hasNextPage endCursor }
  nodes { __typename ... on HeadRefForcePushedEvent { createdAt beforeCommit { ...commit } } }
}
"""

_BASE = """
fragment base on PullRequest {
  baseRef @include(if: $contents) { target { __typename ... on Commit { file(path: $config) { ...file } } } }
}
"""

_REPOSITORY = """
fragment repository on Repository {
  id visibility
  labels(first: 100) { nodes { name } }
  defaultBranchRef { name }
  data: ref(qualifiedName: $data) @include(if: $contents) { target { __typename oid } }
  notes: ref(qualifiedName: "refs/notes/ai") @include(if: $contents) { target { __typename oid } }
}
"""

_FILE = """
fragment file on TreeEntry { object { __typename ... on Blob { text isBinary isTruncated } } }
"""

_ROW = """
fragment row on Blob { text isTruncated }
"""

PULL_REQUEST_FACTS = (
    """
query PullRequestFacts(
  $owner: String!, $name: String!, $number: Int!, $config: String!, $data: String!, $row: String!,
  $contents: Boolean!, $stats: Boolean!
) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    ...repository
    row: object(expression: $row) @include(if: $contents) { __typename ...row }
    pullRequest(number: $number) { ...pull ...base }
  }
}
"""
    + _REPOSITORY
    + _PULL
    + _PUSHES
    + _BASE
    + COMMIT
    + COMMENT
    + _FILE
    + _ROW
)


def pull_requests_facts(count: int) -> str:
    """A query for `count` pull requests: variables `n0`, `r0` (row expression), `n1`, `r1`, ...; aliases `p0`, `row0`, ..."""
    indices = range(count)
    variables = " ".join(f"$n{i}: Int! $r{i}: String!" for i in indices)
    fields = "\n".join(
        f"p{i}: pullRequest(number: $n{i}) {{ ...pull ...base }}\n"
        f"row{i}: object(expression: $r{i}) @include(if: $contents) {{ __typename ...row }}"
        for i in indices
    )
    head = (
        "query PullRequestsFacts($owner: String!, $name: String!, $config: String!, $data: String!, "
        "$contents: Boolean!, $stats: Boolean!, "
        f"{variables}) {{ viewer {{ login }} repository(owner: $owner, name: $name) {{ ...repository\n{fields} }} }}"
    )
    return head + _REPOSITORY + _PULL + _PUSHES + _BASE + COMMIT + COMMENT + _FILE + _ROW


PULL_REQUEST_PAGES = (
    """
query PullRequestPages(
  $owner: String!, $name: String!, $number: Int!, $stats: Boolean!,
  $commitsGo: Boolean!, $commitsAfter: String, $commentsGo: Boolean!, $commentsAfter: String,
  $timelineItemsGo: Boolean!, $timelineItemsAfter: String
) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      commits(first: 100, after: $commitsAfter) @include(if: $commitsGo) {
        totalCount pageInfo { hasNextPage endCursor } nodes { commit { ...commit } }
      }
      comments(first: 100, after: $commentsAfter) @include(if: $commentsGo) {
        totalCount pageInfo { hasNextPage endCursor } nodes { ...comment }
      }
      timelineItems(first: 100, itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT], after: $timelineItemsAfter)
        @include(if: $timelineItemsGo) { ...pushes }
    }
  }
}
"""
    + _PUSHES
    + COMMIT
    + COMMENT
)

RECENT_COMMENTS = (
    """
query RecentComments($owner: String!, $name: String!, $number: Int!) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) { id comments(last: 100) { nodes { ...comment } } }
  }
}
"""
    + COMMENT
)

# The answer to the mutation lists the comments as they are after it: creating and listing again are one request.
ADD_COMMENT = (
    """
mutation AddComment($subject: ID!, $body: String!) {
  addComment(input: {subjectId: $subject, body: $body}) {
    commentEdge { node { ...comment } }
    subject { __typename ... on PullRequest { comments(last: 100) { nodes { ...comment } } } }
  }
}
"""
    + COMMENT
)

RECENT_PULL_REQUESTS = """
query RecentPullRequests(
  $owner: String!, $name: String!, $open: Boolean!, $openAfter: String, $closed: Boolean!, $closedAfter: String
) {
  repository(owner: $owner, name: $name) {
    open: pullRequests(states: [OPEN], first: 100, after: $openAfter) @include(if: $open) {
      pageInfo { hasNextPage endCursor } nodes { number }
    }
    closed: pullRequests(
      states: [CLOSED, MERGED], first: 100, after: $closedAfter, orderBy: {field: UPDATED_AT, direction: DESC}
    ) @include(if: $closed) {
      pageInfo { hasNextPage endCursor } nodes { number closedAt updatedAt }
    }
  }
}
"""

CONFIGURATION = (
    """
query Configuration($owner: String!, $name: String!, $config: String!) {
  repository(owner: $owner, name: $name) {
    id
    defaultBranchRef { name target { __typename ... on Commit { file(path: $config) { ...file } } } }
  }
}
"""
    + _FILE
)

COMMIT_ON_BRANCH = """
mutation CommitOnBranch($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}
"""


def ledger_rows(count: int) -> str:
    """The data branch's head and `count` of its files: variables `r0`, `r1`, ... (expressions), aliases `row0`, ..."""
    indices = range(count)
    variables = " ".join(f"$r{i}: String!" for i in indices)
    fields = " ".join(f"row{i}: object(expression: $r{i}) {{ __typename ...row }}" for i in indices)
    return (
        f"query LedgerRows($owner: String!, $name: String!, $data: String!, {variables}) {{\n"
        "  repository(owner: $owner, name: $name) {\n"
        f"    id data: ref(qualifiedName: $data) {{ target {{ __typename oid }} }} {fields}\n  }}\n}}" + _ROW
    )


INSPECTION = """
query Inspection($owner: String!, $name: String!, $since: GitTimestamp!, $data: String!) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    id nameWithOwner visibility viewerPermission isArchived
    data: ref(qualifiedName: $data) { target { __typename oid } }
    labels(first: 100) { nodes { name } }
    workflows: object(expression: "HEAD:.github/workflows") {
      __typename ... on Tree { entries { name object { __typename ... on Blob { text } } } }
    }
    defaultBranchRef {
      name
      target { __typename ... on Commit {
        history(first: 100, since: $since) { nodes { ...named } }
      } }
    }
  }
  pulls: repository(owner: $owner, name: $name) {
    pullRequests(first: 50, orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes { updatedAt author { __typename login } commits(last: 20) { nodes { commit { ...named } } } }
    }
  }
}
fragment named on Commit { author { name email user { id login } } }
"""


def files(count: int) -> str:
    """A query for `count` files: variables `e0`, `e1`, ... (expressions `ref:path`); aliases `f0`, `f1`, ..."""
    indices = range(count)
    variables = " ".join(f"$e{i}: String!" for i in indices)
    fields = "\n".join(f"f{i}: object(expression: $e{i}) {{ __typename ...row }}" for i in indices)
    head = f"query Files($owner: String!, $name: String!, {variables})"
    return f"{head} {{ repository(owner: $owner, name: $name) {{ {fields} }} }}" + _ROW
