"""Requests to AWS: signed by botocore, sent by the client that all sources share.

Of botocore only the search for credentials (environment, OpenID Connect, profiles, containers) and the signature are used. Its
clients would bring retries, timeouts and limits of their own beside the one deadline that a source has for a run.
Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html and, for the names of errors,
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
"""

import re
from typing import Any

import msgspec
import requests

from pr_cost_bot.http import Kind, Rate, Vendor
from pr_cost_bot.http_errors import vendor_message
from pr_cost_bot.sources.signed import Found, not_signed_in

TITLE = "Bedrock"
GUIDE = "docs/bedrock-vertex.md"
_LATER = "The next run tries again; re-run the job to try now."
_ADVICE = {
    Kind.UNAUTHORIZED: (
        "The AWS credentials of this job are wrong or have expired.",
        f"Run aws-actions/configure-aws-credentials in a step before this one ({GUIDE}).",
    ),
    Kind.FORBIDDEN: (
        "The role of this job may not read the logs.",
        f"Give it the IAM policy of {GUIDE}; a log group or bucket with a key of its own needs kms:Decrypt too.",
    ),
    Kind.NOT_FOUND: (
        "There is no such log group or bucket in this region and account.",
        "Check `sources.bedrock` in the configuration: `regions`, `log_group`, `bucket`.",
    ),
    Kind.REJECTED: (
        "The bucket may lie in another region than the first of `regions`, or AWS does not accept the request.",
        "Check `sources.bedrock` in the configuration; else report a bug.",
    ),
    Kind.TIMEOUT: (
        "The log, or the network on the way to it, is slow; one that holds whole prompts may be too large for a run.",
        f"Leave texts out of the log, or read it from a bucket ({GUIDE}). {_LATER}",
    ),
    Kind.RATE_LIMITED: ("Other readers of the account's logs use up the same limit.", _LATER),
}
# FilterLogEvents: 5 a second and account in most regions, 10 in the largest ones.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
LOGS_RATE = Rate(path="/", per_minute=300)

_STATUS_OF = {
    401: """ExpiredToken ExpiredTokenException IncompleteSignature InvalidAccessKeyId InvalidClientTokenId InvalidToken
        InvalidSignatureException MissingAuthenticationToken MissingAuthenticationTokenException RequestExpired
        RequestTimeTooSkewed SignatureDoesNotMatch TokenRefreshRequired UnrecognizedClientException""",
    403: "AccessDenied AccessDeniedException AllAccessDisabled KMSAccessDeniedException",
    404: "NoSuchBucket NoSuchKey ResourceNotFoundException",
    429: "LimitExceededException RequestLimitExceeded SlowDown Throttling ThrottlingException TooManyRequestsException",
    503: "InternalFailure InternalServerError ServiceUnavailable ServiceUnavailableException",
}
_MEANT = {code: status for status, codes in _STATUS_OF.items() for code in codes.split()}
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,80})</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]{1,500})</Message>")


def refusal(status: int, body: bytes) -> tuple[int, str]:
    """AWS names the fault in the body: `{"__type": "…#Code", "message"}` or `<Code>`; the status is mostly 400."""
    code, message = _named(body[:65536])
    return _MEANT.get(code, status), ": ".join(text for text in (code, message) if text)


def _named(body: bytes) -> tuple[str, str]:
    code, message = _CODE.search(body), _MESSAGE.search(body)
    if code:
        return code[1].decode(), message[1].decode("utf-8", "replace") if message else ""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return "", ""
    kind = said.get("__type") if isinstance(said, dict) else None
    text = said.get("Message") if isinstance(said, dict) else None
    return str(kind or "").rpartition("#")[2], vendor_message(body) or (text if isinstance(text, str) else "")


VENDOR = Vendor(
    title=TITLE,
    key_input="",
    needs="a role that may read the model invocation logs",
    advice=_ADVICE,
    refusal=refusal,
)


class Credentials(Found):
    """The job's AWS credentials, looked for when the first request needs them. Safe to use from several threads."""

    secrets: tuple[str, ...] = ()
    """What must never be shown, as far as it is known yet."""

    def frozen(self) -> Any:
        """Access key, secret key and token of one moment. Raises: SourceError."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra, imported when it is used

        with self._lock:
            try:
                self._found = self._found or _session().get_credentials()
                frozen = self._found.get_frozen_credentials() if self._found else None
            except (BotoCoreError, ClientError) as error:
                raise not_signed_in(VENDOR, f"AWS credentials cannot be had ({type(error).__name__})") from None
            if frozen is None:
                raise not_signed_in(VENDOR, "there are no AWS credentials")
            self.secrets = tuple(text for text in (frozen.secret_key, frozen.token, frozen.access_key) if text)
            return frozen


def _session() -> Any:
    """Give botocore's session; asking for a token of OpenID Connect must not outlast the run."""
    from botocore.config import Config  # noqa: PLC0415 - see Credentials
    from botocore.session import get_session  # noqa: PLC0415 - see Credentials

    session = get_session()
    session.set_default_client_config(Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2}))
    return session


class Signer:
    """Signs requests to one AWS service in one region."""

    def __init__(self, credentials: Credentials, service: str, region: str) -> None:
        self._credentials, self._service, self._region = credentials, service, region

    @property
    def secrets(self) -> tuple[str, ...]:
        """See sources.signed.Signer."""
        return self._credentials.secrets

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """See sources.signed.Signer."""
        from botocore.auth import S3SigV4Auth, SigV4Auth  # noqa: PLC0415 - see Credentials
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - see Credentials

        kind = S3SigV4Auth if self._service == "s3" else SigV4Auth
        signer = kind(self._credentials.frozen(), self._service, self._region)
        headers = {name: request.headers[name] for name in ("Content-Type", "X-Amz-Target") if name in request.headers}
        signed = AWSRequest(method=request.method, url=request.url, data=request.body, headers=headers)
        signer.add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request


def domain(region: str) -> str:
    """The domain of AWS's addresses in that region."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
