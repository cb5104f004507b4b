from datetime import UTC, datetime, timedelta

from pr_cost_bot.github import Patience, connect
from pr_cost_bot.marker import Marker, write_marker

START = datetime(2026, 11, 16, 9, tzinfo=UTC)
CONFIG = ".github/pr-cost-bot.yml"
NAMES = ("cost:low", "cost:medium", "cost:high")


def at(hours):
    return START + timedelta(hours=hours)


def body_of(text="It cost $1.", *, number=1, computed_at=START):
    marker = Marker(repository="acme/web", pr=number, head_sha="0" * 40, computed_at=computed_at)
    return f"{write_marker(marker)}\n{text}"


def client_of(hub, waits=None, token="job-token", **given):
    pauses = [] if waits is None else waits
    return connect(
        token,
        "acme/web",
        api_url=hub.api_url,
        graphql_url=hub.graphql_url,
        patience=Patience(180, pauses.append),
        **given,
    )


def requests_of(hub):
    return [f"{each.request.method} {each.request.path}" for each in hub.exchanges]
