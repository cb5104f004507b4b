"""Cut GitHub's own descriptions down to what the bot uses, for the tests.

    npm install @octokit/openapi @octokit/openapi-webhooks @octokit/graphql-schema @octokit/webhooks-examples
    python scripts/slim_github_contract.py node_modules/@octokit

Writes tests/contract/data and tests/fixtures/github. A new REST call, GraphQL type or event is added to the lists below.
"""

# ruff: noqa: INP001 - a script, in no package
import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    print_schema,
)

ROOT = Path(__file__).parent.parent
OPERATIONS = {
    "/repos/{owner}/{repo}/pulls/{pull_number}/commits": ["get"],
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ["get", "patch", "delete"],
    "/repos/{owner}/{repo}/labels": ["post"],
    "/repos/{owner}/{repo}/issues/{issue_number}/labels": ["post"],
    "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}": ["delete"],
    "/repos/{owner}/{repo}/git/trees": ["post"],
    "/repos/{owner}/{repo}/git/commits": ["post"],
    "/repos/{owner}/{repo}/git/refs": ["post"],
}
SPECS = ("api.github.com", "ghes-3.17", "ghes-3.18", "ghes-3.19")
EVENTS = ("opened", "synchronize", "reopened", "ready_for_review", "edited", "closed")
TYPES = set(
    """
    Query Mutation Actor User Bot Node GitObject Commit Blob Tree TreeEntry Ref Repository PullRequest
    PullRequestCommit GitActor IssueComment Label PageInfo SearchResultItem SearchResultItemConnection SearchType
    PullRequestConnection RefConnection PullRequestCommitConnection CommitConnection CommitHistoryConnection
    GitActorConnection LabelConnection IssueCommentConnection IssueCommentEdge PullRequestTimelineItemsConnection
    PullRequestTimelineItems PullRequestTimelineItemsItemType HeadRefForcePushedEvent CommitAuthor RefOrder
    RefOrderField IssueOrder IssueOrderField OrderDirection LabelOrder LabelOrderField IssueCommentOrder
    IssueCommentOrderField PullRequestOrder PullRequestOrderField PullRequestState RepositoryVisibility CommentAuthorAssociation
    RepositoryPermission AddCommentInput AddCommentPayload CreateCommitOnBranchInput CreateCommitOnBranchPayload
    CommittableBranch CommitMessage FileChanges FileAddition FileDeletion GitTimestamp DateTime URI GitObjectID
    BigInt Base64String HTML String Int Boolean ID Float
    """.split()  # noqa: SIM905 - a hundred quotes would not help
)
PROSE = {"description", "example", "examples", "externalDocs", "x-github", "x-multi-segment", "title", "summary", "tags"}


def main() -> None:
    """Write every file anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("octokit", type=Path, help="the folder node_modules/@octokit")
    octokit: Path = parser.parse_args().octokit
    data, events = ROOT / "tests/contract/data", ROOT / "tests/fixtures/github"
    same = write_openapi(octokit, data)
    webhooks = json.loads((octokit / "openapi-webhooks/generated/api.github.com.json").read_text())
    write(data / "webhooks.json", slim_webhooks(webhooks))
    schema = build_schema((octokit / "graphql-schema/schema.graphql").read_text(), assume_valid=True)
    (data / "schema.graphql").write_text(slim_graphql(schema))
    for action, payload in example_events(octokit):
        write(events / f"{action}.json", payload)
    write(data / "sources.json", {"packages": sources(octokit), "openapi_is_also_that_of": same})


def write_openapi(octokit: Path, data: Path) -> list[str]:
    """A file for github.com, and one for each Enterprise Server that differs. Returns those that do not."""
    ours, *servers = [
        (name, slim_openapi(json.loads((octokit / f"openapi/generated/{name}.json").read_text()))) for name in SPECS
    ]
    write(data / f"openapi-{ours[0]}.json", ours[1])
    for name, spec in servers:
        file = data / f"openapi-{name}.json"
        file.unlink(missing_ok=True)
        if spec != ours[1]:
            write(file, spec)
    return [name for name, spec in servers if spec == ours[1]]


def write(path: Path, value: Any) -> None:
    """Sorted JSON, a member to a line, so that a new version can be compared with the old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def sources(octokit: Path) -> dict[str, Any]:
    """Which packages this was cut from; all of them are MIT-licensed, by GitHub's Octokit."""
    names = ("openapi", "openapi-webhooks", "graphql-schema", "webhooks-examples")
    packages = [json.loads((octokit / name / "package.json").read_text()) for name in names]
    return {package["name"]: {"version": package["version"], "license": package["license"]} for package in packages}


def without_prose(value: Any, *, names: bool = False) -> Any:
    """Drop descriptions and examples; below `properties` the keys are names and stay."""
    if isinstance(value, list):
        return [without_prose(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = {"properties", "schemas", "parameters", "responses", "headers", "patternProperties"}
    return {key: without_prose(item, names=key in named) for key, item in value.items() if names or key not in PROSE}


def references(value: Any) -> Iterator[str]:
    """Every `$ref` within."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def components(spec: dict[str, Any], start: Any) -> dict[str, Any]:
    """The components that `start` needs, directly or not."""
    kept: dict[str, dict[str, Any]] = {}
    todo = [*references(start)]
    while todo:
        _, _, kind, name = todo.pop().split("/")
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = without_prose(spec["components"][kind][name])
            todo += references(kept[kind][name])
    return kept


def slim_openapi(spec: dict[str, Any]) -> dict[str, Any]:
    """The used operations with their components."""
    paths = {}
    for path, methods in OPERATIONS.items():
        paths[path] = {method: without_prose(spec["paths"][path][method]) for method in methods}
        for operation in paths[path].values():
            operation.pop("operationId", None)
            for response in operation["responses"].values():
                if "$ref" not in response:
                    response["description"] = ""
    found = components(spec, paths)
    for response in found.get("responses", {}).values():
        response["description"] = ""
    info = {"title": spec["info"]["title"], "version": spec["info"]["version"], "license": spec["info"]["license"]}
    return {
        "openapi": spec["openapi"],
        "info": info,
        "servers": [{"url": "http://github"}],
        "paths": paths,
        "components": found,
    }


def slim_webhooks(spec: dict[str, Any]) -> dict[str, Any]:
    """JSON Schemas of the payloads, by action."""
    schemas = {action: f"webhook-pull-request-{action.replace('_', '-')}" for action in EVENTS}
    start = [{"$ref": f"#/components/schemas/{name}"} for name in schemas.values()]
    return {"actions": schemas, "components": components(spec, start)}


def slim_graphql(schema: GraphQLSchema) -> str:
    """The listed types; of their fields those that need no other type."""
    for name in [*schema.type_map]:
        if name not in TYPES and not name.startswith("__"):
            del schema.type_map[name]
    for kind in schema.type_map.values():
        thin_out(kind)
    listed = [kind for name, kind in schema.type_map.items() if not name.startswith("__")]
    slim = GraphQLSchema(query=schema.query_type, mutation=schema.mutation_type, types=listed, assume_valid=True)
    return print_schema(slim) + "\n"


def thin_out(kind: Any) -> None:
    """Drop from one type what refers to types that are not listed, and all descriptions."""
    if isinstance(kind, GraphQLScalarType | GraphQLEnumType | GraphQLUnionType | GraphQLObjectType | GraphQLInterfaceType):
        kind.description = None
    if isinstance(kind, GraphQLUnionType):
        kind.types = tuple(member for member in kind.types if member.name in TYPES)
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        kind.interfaces = tuple(interface for interface in kind.interfaces if interface.name in TYPES)
    if isinstance(kind, GraphQLEnumType):
        for value in kind.values.values():
            value.description = None
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        kind.description = None
        for name, field in [*kind.fields.items()]:
            arguments = getattr(field, "args", {})
            field.description = None
            for argument in arguments.values():
                argument.description = None
            if any(get_named_type(each.type).name not in TYPES for each in (field, *arguments.values())):
                del kind.fields[name]


def example_events(octokit: Path) -> Iterator[tuple[str, Any]]:
    """GitHub's first example of each action, with the fields that GitHub added since it was taken."""
    index = json.loads((octokit / "webhooks-examples/api.github.com/index.json").read_text())
    examples = next(entry["examples"] for entry in index if entry["name"] == "pull_request")
    for action in EVENTS:
        for example in examples:
            if example["action"] == action:
                pull = example["pull_request"]
                pull.setdefault("auto_merge", None)
                for repository in (example["repository"], pull["head"]["repo"], pull["base"]["repo"]):
                    repository.setdefault("has_discussions", False)
                yield action, example
                break


if __name__ == "__main__":
    main()
