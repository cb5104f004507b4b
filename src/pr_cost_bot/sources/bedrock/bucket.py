"""Bedrock's log in a bucket: packed JSON Lines under AWSLogs/<account>/BedrockModelInvocationLogs/<region>/<YYYY/MM/DD/HH>/.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html. Accounts and regions are found by listing. Bodies that
are too large for the log lie in `data/` below an hour and are not looked at.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

import msgspec

from pr_cost_bot.files import Reading, UnrecognisedError
from pr_cost_bot.hours import HOUR
from pr_cost_bot.http import Connection, HttpSession, Limits, SourceError
from pr_cost_bot.http_errors import Kind
from pr_cost_bot.model import Problem
from pr_cost_bot.sources.bedrock.aws import VENDOR, Credentials, Signer, domain
from pr_cost_bot.sources.logged import Entries, session_within, within
from pr_cost_bot.sources.opened import FileError, open_body
from pr_cost_bot.sources.reading import Chunk
from pr_cost_bot.sources.signed import SignedConnection
from pr_cost_bot.sources.spans import Span, hours_of

_LOG = "BedrockModelInvocationLogs/"
_MOST_PAGES = 200  # of one list: 200,000 names
_SUFFIXES = (".json.gz", ".json", ".jsonl.gz")


class Listed(msgspec.Struct, frozen=True):
    """What stands directly below a prefix: names of objects, and of what looks like folders."""

    keys: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    token: str = ""


class Bucket:
    """One bucket. `path` is how its name appears in addresses; empty where it stands in the host."""

    def __init__(self, connection: Connection, name: str, path: str, prefix: str) -> None:
        self._connection = connection
        self._name = name
        self._path = path
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def session(self) -> HttpSession:
        return self._connection.session()

    def read(self, span: Span) -> Sequence[Chunk[Entries] | SourceError]:
        """All entries of calls in the span."""
        session = session_within(self._connection)
        try:
            logs = self._logs(session)
        except SourceError as error:
            return [error]
        # A call is logged when it has ended: its entry may lie in a later hour.
        hours = [f"{log}{hour:%Y/%m/%d/%H}/" for log in logs for hour in hours_of(Span(span.start, span.end + HOUR))]
        found = session.gather([partial(self._list, session, hour) for hour in hours])
        missing = [each for each in found if isinstance(each, SourceError)]
        keys = [key for each in found if isinstance(each, Listed) for key in each.keys if key.endswith(_SUFFIXES)]
        read = session.gather([partial(self._object, session, key, span) for key in keys])
        # Hours without an object are an answer, but beside objects that cannot be read they would look like one in part.
        nothing = [Chunk[Entries]()] if not keys and len(missing) < len(found) else []
        return [*nothing, *missing, *read]

    def look(self, now: datetime) -> str:
        """Accounts and regions whose logs are there. Raises: SourceError."""
        places = [log.removeprefix(f"{self._prefix}AWSLogs/").split("/") for log in self._logs(self._connection.session())]
        named = ", ".join(f"{place[0]} in {place[2]}" for place in places[:5])
        return f"every logged call with session name, model and tokens, from the bucket {self._name} ({named})"

    def _logs(self, session: HttpSession) -> list[str]:
        """Prefixes of every account's log in every region. Raises: SourceError."""
        accounts = self._list(session, f"{self._prefix}AWSLogs/").folders
        listed = session.gather([partial(self._list, session, f"{account}{_LOG}") for account in accounts])
        for each in listed:
            if isinstance(each, SourceError):
                raise each
        regions = [folder for each in listed if isinstance(each, Listed) for folder in each.folders]
        if not regions:
            raise _empty(self._name, self._prefix)
        return regions

    def _list(self, session: HttpSession, prefix: str) -> Listed:
        """Everything directly below the prefix."""
        pages: list[Listed] = []
        while len(pages) < _MOST_PAGES:
            query = {"list-type": "2", "delimiter": "/", "prefix": prefix}
            if pages:
                query["continuation-token"] = pages[-1].token
            text = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
            pages.append(_listed(session, session.download(f"{self._path}/?{text}")))
            if not pages[-1].token:
                keys = tuple(key for page in pages for key in page.keys)
                return Listed(keys, tuple(folder for page in pages for folder in page.folders))
        raise session.malformed("a list without an end")

    def _object(self, session: HttpSession, key: str, span: Span) -> Chunk[Entries]:
        body = session.download(f"{self._path}/{quote(key, safe='/-_.~')}")
        called = f"an object of {VENDOR.title}'s log"
        try:
            with open_body(body, called) as lines:
                return Chunk([within(Reading(lines, called, "bedrock"), span)])
        except (FileError, UnrecognisedError) as error:
            raise SourceError(Kind.MALFORMED, error.problem) from None


def open_bucket(name: str, prefix: str, region: str, base_url: str | None, how: tuple[Credentials, Limits | None]) -> Bucket:
    """The bucket of that name. `base_url`: where AWS is, in tests; `how`: credentials and limits."""
    credentials, limits = how
    in_host = base_url is None and "." not in name  # certificates cover one label
    host = f"{name}.s3" if in_host else "s3"
    address = base_url or f"https://{host}.{region}.{domain(region)}"
    connection = SignedConnection(VENDOR, address, Signer(credentials, "s3", region), limits)
    return Bucket(connection, name, "" if in_host else f"/{name}", prefix)


def _listed(session: HttpSession, body: bytes) -> Listed:
    """Raises: SourceError for what is no list."""
    root = _parsed(body)
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    if root.tag != f"{space}ListBucketResult":
        raise session.malformed("not a list of objects")

    def texts(path: Sequence[str]) -> tuple[str, ...]:
        return tuple(each.text or "" for each in root.iterfind("/".join(space + step for step in path)))

    more = texts(["IsTruncated"])[:1] == ("true",)
    token = "".join(texts(["NextContinuationToken"])[:1])
    if more and not token:
        raise session.malformed("more objects are announced, but not how to ask for them")
    return Listed(texts(["Contents", "Key"]), texts(["CommonPrefixes", "Prefix"]), token if more else "")


def _parsed(body: bytes) -> ET.Element:
    """The root; an element without a name for what is no XML. A document type could bring entities and is none of S3's."""
    try:
        return ET.Element("") if b"<!DOCTYPE" in body else ET.fromstring(body)  # noqa: S314 - see above
    except (ET.ParseError, ValueError):
        return ET.Element("")


def _empty(name: str, prefix: str) -> SourceError:
    where = f"{name} below {prefix}" if prefix else name
    problem = Problem(
        f"{VENDOR.title} cannot be read: there is no model invocation log in the bucket {where}.",
        "Model invocation logging may be off, go elsewhere, or have logged no call yet.",
        "Check `sources.bedrock` in the configuration: `bucket` and `prefix`, which is what stands before AWSLogs/.",
    )
    return SourceError(Kind.NOT_FOUND, problem)
