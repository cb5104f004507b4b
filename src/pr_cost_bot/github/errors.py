"""What can go wrong between the bot and GitHub, in one type."""

from collections.abc import Mapping
from typing import Any

from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError, ReadError

_TRANSIENT = frozenset({0, 408, 500, 502, 503, 504})
_LONGEST_QUOTE = 300


class GitHubError(ReadError):
    """GitHub refused, failed or could not be reached. `status` 0: no answer; GraphQL errors carry a like HTTP status."""

    def __init__(self, status: int, message: str, headers: Mapping[str, Any] | None = None) -> None:
        self.status = status
        self.message = quote(message)
        self.headers: Mapping[str, Any] = headers or {}
        super().__init__(_explain(status, self.message, self.accepted), credentials=status == 401)

    @property
    def transient(self) -> bool:
        """Another try may succeed; a write may have been stored all the same."""
        return self.status in _TRANSIENT

    @property
    def timed_out(self) -> bool:
        """GitHub gave up after its ten seconds: it may manage less."""
        return self.status in {502, 504}

    @property
    def rate_limited(self) -> bool:
        """GitHub did not process the request because there were too many."""
        if self.status == 429:
            return True
        if self.status != 403:
            return False
        text = self.message.lower()
        return (
            "retry-after" in self.headers
            or self.headers.get("x-ratelimit-remaining") == "0"
            or "rate limit" in text
            or "abuse detection" in text
        )

    @property
    def accepted(self) -> str:
        """The permissions that would do, where GitHub names them; a sentence, or empty.

        https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#insufficient-permissions-errors
        """
        named = quote(str(self.headers.get("x-accepted-github-permissions") or ""))
        words = named.replace(" ", "").replace("_", "-").replace("=", ": ").replace(",", " and ").replace(";", ", or ")
        return f" GitHub asks for {words}." if words else ""

    @property
    def forbidden(self) -> bool:
        return self.status == 403 and not self.rate_limited

    @property
    def missing(self) -> bool:
        return self.status in {404, 410}


def quote(text: str) -> str:
    """An answer's text, fit for one line of a message: short, and without what could drive a terminal."""
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"


def sentence(text: str) -> str:
    """With a full stop, so that what follows it does not run on."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _explain(status: int, message: str, accepted: str) -> Problem:
    what = f"GitHub answered {status}." if status else "GitHub could not be reached."
    remedies = {
        0: "Check GITHUB_API_URL and the runner's network, then run the job again.",
        401: "Check the input github_token: it is missing, expired or revoked.",
        403: f"Check the job's `permissions` and the token's scopes.{accepted}",
        404: "Check the repository's name, the pull request's number, and that the token may see them.",
        429: "Wait for the limit to reset, then run the job again.",
    }
    remedy = remedies.get(status, "Run the job again; githubstatus.com tells of outages." if status >= 500 else "")
    return Problem(what, f"It said: {sentence(message)}" if message else "", remedy)


def publish_error(what: str, error: GitHubError, permissions: str) -> PublishError:
    """`error` as the pipeline wants to hear of it; `permissions` is the line for the workflow that may be missing."""
    if error.forbidden or error.missing:  # GitHub also answers 404 where a token may not know that something is there
        remedy = f"Give the job's token `permissions: {permissions}` in the workflow."
        return PublishError(Problem(what, f"GitHub said: {sentence(error.message)}", remedy), permission=True)
    return PublishError(Problem(what, error.problem.what + " " + error.problem.why, error.problem.remedy))
