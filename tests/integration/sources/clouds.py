"""Bedrock's and Google's logs over real sockets, and the job's credentials as the clouds' own libraries look for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.integration.sources.worlds import NOW, PATIENT, calls

from pr_cost_bot.config import BedrockSettings, VertexSettings
from pr_cost_bot.http import Limits
from pr_cost_bot.ports import Source
from pr_cost_bot.simulator import vendor_bedrock, vendor_vertex
from pr_cost_bot.simulator.server import Server
from pr_cost_bot.simulator.vendors import World
from pr_cost_bot.sources.bedrock import source as bedrock
from pr_cost_bot.sources.vertex import source as vertex

LOGS = ("bedrock-logs", "bedrock-bucket", "vertex-table", "vertex-view")
SECRETS = {"bedrock": "sim-secret-access-key", "vertex": "sim-token-of-google"}
BEDROCK = {
    "bedrock-logs": {"log_group": vendor_bedrock.LOG_GROUP},
    "bedrock-bucket": {"bucket": vendor_bedrock.BUCKET, "prefix": "team"},
}
VERTEX = {"vertex-table": {"table": vendor_vertex.TABLE}, "vertex-view": {"log_view": vendor_vertex.LOG_VIEW}}
MODELS = {
    "bedrock": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "vertex": "claude-sonnet-4-5@20250929",
}


def name_of(log: str) -> str:
    return log.partition("-")[0]


def world(log: str, count: int = 30, **how: object) -> World:
    """Calls of one person, of whom the first names a pull request, and as many of a stranger."""
    name = name_of(log)
    made = World(now=NOW, keys=dict(SECRETS))
    for who in ("Dev@example.com", "x@example.com"):
        said = calls(name, count, who)
        if log.endswith("view"):  # that log does not tell cache writes apart
            said = [replace(call, tokens=replace_write(call)) for call in said]
        made.add(*[replace(call, model=MODELS[name]) for call in said])
    for field, value in how.items():
        setattr(made, field, value)
    return made


def replace_write(call: object) -> object:
    tokens = call.tokens
    return type(tokens)(tokens.input, tokens.cache_read, 0, tokens.output)


@contextmanager
def serving(log: str, over: World, limits: Limits = PATIENT, **how: int) -> Iterator[tuple[Source, Server]]:
    """`how`: sizes of the vendor's pages."""
    if name_of(log) == "bedrock":
        with Server(vendor_bedrock.bedrock(over, **how)) as server:
            settings = BedrockSettings(base_url=server.url, regions=vendor_bedrock.REGION, **BEDROCK[log])
            yield bedrock.make(settings, limits), server
    else:
        with Server(vendor_vertex.vertex(over, **how)) as server:
            point_google_at(server.url, *_FILE)
            yield vertex.make(VertexSettings(base_url=server.url, **VERTEX[log]), limits), server


_FILE: list[Path] = []


def point_google_at(url: str, file: Path) -> None:
    """The service account of the job gets its tokens there."""
    file.write_text(json.dumps({**json.loads(file.read_text()), "token_uri": f"{url}/token"}))


@pytest.fixture(scope="session")
def service_account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service account's file with a key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    account = {
        "type": "service_account",
        "project_id": vendor_vertex.PROJECT,
        "client_email": f"pr-cost-bot@{vendor_vertex.PROJECT}.iam.gserviceaccount.com",
        "private_key": key.private_bytes(*kinds).decode(),
        "token_uri": "http://127.0.0.1:9/token",
    }
    file = tmp_path_factory.mktemp("google") / "account.json"
    file.write_text(json.dumps(account))
    return file


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service_account: Path) -> None:
    """A job that signed in at both clouds, and in which nothing of the machine's own sign-ins is found."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", vendor_bedrock.ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRETS["bedrock"])
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account))
    _FILE[:] = [service_account]
