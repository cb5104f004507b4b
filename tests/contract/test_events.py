import json
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pr_cost_bot.simulator.github import FakeGitHub, Work
from tests.integration.github.scenes import at

DATA = Path(__file__).parent / "data"
EXAMPLES = sorted((Path(__file__).parent.parent / "fixtures/github").glob("*.json"))
ACTIONS = ("opened", "synchronize", "reopened", "ready_for_review", "edited", "closed")


@cache
def _webhooks():
    return json.loads((DATA / "webhooks.json").read_text())


def errors_of(payload):
    webhooks = _webhooks()
    schema = {"$ref": f"#/components/schemas/{webhooks['actions'][payload['action']]}", "components": webhooks["components"]}
    return [
        f"{'/'.join(map(str, error.path))}: {error.message[:200]}"
        for error in Draft202012Validator(schema).iter_errors(payload)
    ]


@pytest.fixture(scope="module")
def web():
    with FakeGitHub() as hub:
        web = hub.add_repository("acme/web", at=at(-1))
        web.open_pull_request("ada", [Work("ada", at(1))], text="Title\n\nBody")
        web.label(1, "bug")
        web.open_pull_request("zoe", [Work("zoe", at(1))], fork=True)
        web.merge(1, at(3))
        web.close(2, at(3))
        yield web


@pytest.mark.parametrize("number", [1, 2], ids=["merged", "fork"])
@pytest.mark.parametrize("action", ACTIONS)
def test_simulated_payloads_have_the_documented_shape(web, action, number):
    assert errors_of(web.event(action, number)) == []


def test_simulated_payloads_tell_what_happened(web):
    merged, fork = web.event("closed", 1)["pull_request"], web.event("closed", 2)["pull_request"]
    assert (merged["merged"], merged["state"], merged["merged_at"]) == (True, "closed", "2026-11-16T12:00:00Z")
    assert merged["head"]["repo"]["full_name"] == merged["base"]["repo"]["full_name"] == "acme/web"
    assert (fork["merged"], fork["head"]["repo"]["full_name"], fork["head"]["repo"]["fork"]) == (False, "zoe/web", True)


def test_a_payload_of_another_shape_is_found(web):
    payload = web.event("closed", 1)
    del payload["pull_request"]["head"]["sha"]
    assert errors_of(payload)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_simulated_payloads_have_the_fields_of_githubs_own_examples(web, example):
    theirs = json.loads(example.read_text())
    ours = web.event(theirs["action"], 1)
    assert theirs.keys() - {"organization", "installation"} <= ours.keys()
    for part in ("pull_request", "repository", "sender"):
        assert theirs[part].keys() <= ours[part].keys(), part
    assert theirs["pull_request"]["head"].keys() == ours["pull_request"]["head"].keys()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_githubs_examples_have_the_documented_shape(example):
    assert errors_of(json.loads(example.read_text())) == []


def test_there_are_examples():
    assert len(EXAMPLES) >= 5
