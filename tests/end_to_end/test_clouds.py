"""Claude Code on Bedrock and on Vertex through the whole program, with the job's own sign-in at the clouds."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from pr_cost_bot.simulator import vendor_bedrock, vendor_vertex
from pr_cost_bot.simulator.server import Server
from pr_cost_bot.simulator.vendors import World
from tests.end_to_end.world import at, call, stage, work
from tests.integration.sources.clouds import MODELS, SECRETS, point_google_at, service_account

__all__ = ["service_account"]
LOGS = """\
  bedrock: {{base_url: {aws}, regions: eu-west-1, log_group: /acme/bedrock, bucket: acme-bedrock-logs, prefix: team}}
  vertex: {{base_url: {google}, table: {table}}}
"""


@pytest.fixture
def clouds(service_account):
    """Ada used Claude Code on both clouds before her commit, and somebody else did, too."""
    over = World(now=at("12:00"), keys=dict(SECRETS))
    mine = [replace(call("ada", at("09:00"), vendor="cursor"), vendor=name, model=model) for name, model in MODELS.items()]
    over.add(*mine, *(replace(each, person="stranger@acme.example") for each in mine))
    with Server(vendor_bedrock.bedrock(over)) as aws, Server(vendor_vertex.vertex(over)) as google:
        point_google_at(google.url, service_account)
        with stage(sources=(), config=LOGS.format(aws=aws.url, google=google.url, table=vendor_vertex.TABLE)) as s:
            s.env.update(
                AWS_ACCESS_KEY_ID=vendor_bedrock.ACCESS_KEY,
                AWS_SECRET_ACCESS_KEY=SECRETS["bedrock"],
                AWS_EC2_METADATA_DISABLED="true",
                GOOGLE_APPLICATION_CREDENTIALS=str(service_account),
            )
            yield s, over


def test_the_session_name_and_the_name_that_was_sent_lead_to_the_authors_pull_request(clouds):
    s, _ = clouds
    number = s.repository.open_pull_request("ada", [work("ada", at("09:05"))], head="fix-a", text="A")
    finished = s.event("opened", number, at("12:00"))
    assert finished.status == 0, finished.log
    # 2,000 tokens uncached, 15,000 read and 3,000 written in the cache, 900 of output; Bedrock's regions cost a tenth more.
    google = (Decimal(3) * 2000 + Decimal("0.30") * 15000 + Decimal("3.75") * 3000 + Decimal(15) * 900) / 10**6
    lines = {line["source"]: line for line in json.loads(finished.outputs["summary"])["lines"]}
    assert {name: Decimal(line["cost_usd"]) for name, line in lines.items()} == {
        "bedrock": google * Decimal("1.1"),
        "vertex": google,
    }
    assert finished.outputs["complete"] == "true"
    assert not any(secret in finished.log + s.comment(number) for secret in SECRETS.values())


def test_a_job_without_a_sign_in_says_so_and_leaves_the_figure_incomplete(clouds):
    s, _ = clouds
    s.env.clear()
    s.env["AWS_EC2_METADATA_DISABLED"] = s.env["NO_GCE_CHECK"] = "true"
    number = s.repository.open_pull_request("ada", [work("ada", at("09:05"))], head="fix-a", text="A")
    finished = s.event("opened", number, at("12:00"))
    assert finished.status == 0, finished.log
    assert finished.outputs["complete"] == "false"
    assert "there are no AWS credentials" in finished.log
    assert "no token can be had (DefaultCredentialsError)" in finished.log
