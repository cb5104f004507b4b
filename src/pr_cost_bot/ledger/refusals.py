"""Why a database refused: what its error means, in words that are all this program's own.

Only codes of the error and known phrases in it are looked at; nothing of its text is told, for that can hold the address, the
user's name or what somebody else's server says. Sources: https://www.postgresql.org/docs/current/errcodes-appendix.html, the
messages of libpq (it gives no code for a connection that fails), https://sqlite.org/rescode.html and
https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html.
"""

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping

import msgspec
import sqlalchemy as sa

from pr_cost_bot.model import Problem

_URL = "Correct it in the database URL."


class Reason(msgspec.Struct, frozen=True):
    """The end of the sentence "The database could not be read: …", why it may be, and what to do next."""

    what: str
    why: str
    remedy: str


REASONS: Mapping[str, Reason] = {
    "host": Reason(
        "its host is not found",
        "The host's name is mistyped, or this network does not know it.",
        f"{_URL} A name of a private network needs a runner in that network.",
    ),
    "refused": Reason(
        "nothing answers at its address",
        "The server is down or listens elsewhere (host, port, socket), or a firewall turns this network away.",
        "Check host and port in the database URL, and that the server takes connections from this network.",
    ),
    "timeout": Reason(
        "it did not answer in time",
        "A firewall that drops this network's connections looks like that, and so does a server under load.",
        "Let this network in, or use a runner inside the database's own network.",
    ),
    "unreachable": Reason(
        "there is no way to its network",
        "It may have an IPv6 address only, which GitHub's own runners cannot reach, or lie in a private network.",
        "Use an address with IPv4 (many services offer a pooler with one), or a runner in the database's network.",
    ),
    "password": Reason(
        "user or password is refused",
        "One of them is wrong or has changed, or the URL has no password.",
        "Set the secret anew; in a URL the characters @ : / % # ? of a password are written %40 %3A %2F %25 %23 %3F.",
    ),
    "user": Reason("there is no such user, or it may not log in", "The user's name is mistyped, or was never made.", _URL),
    "name": Reason("there is no database of that name", "The name at the URL's end is mistyped, or was never made.", _URL),
    "entry": Reason(
        "its rules let nobody in from here",
        "This address, user and database have no line in its rules (pg_hba.conf, host grants), or only with encryption.",
        "Allow this network there; for encryption add ?sslmode=require (PostgreSQL) to the database URL.",
    ),
    "encryption": Reason(
        "it wants an encrypted connection",
        "The server refuses connections in clear.",
        "Add ?sslmode=require (PostgreSQL) or ?ssl_verify_cert=true (PyMySQL) to the database URL.",
    ),
    "certificate": Reason(
        "an encrypted connection cannot be made",
        "The server has no encryption, or its certificate is not one that this machine trusts.",
        "Check sslmode and sslrootcert (PostgreSQL) or the driver's own settings in the database URL.",
    ),
    "crowded": Reason(
        "it has no connection left",
        "Others hold as many as it allows.",
        "Run it again later, or use a pooler's address.",
    ),
    "starting": Reason("it is starting or stopping", "Somebody restarts it, or it recovers.", "Run it again in some minutes."),
    "lost": Reason(
        "the connection broke off",
        "The server was restarted, or something between here and there ended the connection.",
        "Run it again; if it happens again, look into the server's log.",
    ),
    "protocol": Reason(
        "what answers there is another kind of server",
        "Host or port belong to something else, such as a web server or another database.",
        "Check host, port and the first word of the database URL.",
    ),
    "setting": Reason(
        "the URL has a setting that the driver does not know",
        "What stands behind the ? is mistyped, or is another driver's.",
        _URL,
    ),
    "permission": Reason(
        "the account lacks a permission",
        "A run reads and writes the tables, and the first one makes them.",
        "Grant it SELECT, INSERT, UPDATE and DELETE on the tables, and until they are there CREATE in the schema.",
    ),
    "read-only": Reason(
        "it is read-only",
        "It is a replica or a read-only copy, its account or file may only be read, or its disk has filled up.",
        "Name the primary server, or let the account write to the file and its folder.",
    ),
    "full": Reason("its disk is full", "There is no room for another row.", "Make room, then run it again."),
    "locked": Reason(
        "others kept it locked for too long",
        "Another program holds a lock, such as an open transaction at a terminal.",
        "End that transaction, then run it again; a workflow's 'concurrency' lets one run after the other write.",
    ),
    "stopped": Reason(
        "it stopped the statement",
        "Statements of this account may not take that long (statement_timeout), or somebody ended it.",
        "Raise that limit for this account, then run it again.",
    ),
    "tables": Reason(
        "its tables are not this program's",
        "Tables of the same names were made by something else, or columns were changed.",
        "Use a database or schema of its own.",
    ),
    "file": Reason(
        "its file cannot be opened",
        "Its folder does not exist, or this user may not read or write there.",
        "Check the path in the database URL: sqlite:///relative.db, sqlite:////absolute/path.db.",
    ),
    "format": Reason(
        "the file is no sound SQLite database",
        "It is something else, or was damaged.",
        "Name another file, or put back a copy of it.",
    ),
}

_STATES = {
    "28P01": "password",
    "28000": "entry",
    "3D000": "name",
    "25006": "read-only",
    "40001": "locked",
    "40P01": "locked",
    "42501": "permission",
    "42703": "tables",
    "42P01": "tables",
    "42804": "tables",
    "53100": "full",
    "53300": "crowded",
    "55P03": "locked",
    "57014": "stopped",
    "57P03": "starting",
}
"""PostgreSQL's SQLSTATEs."""
_CLASSES = {"08": "lost", "28": "password", "57": "lost"}

# Those that got furthest come first: of the several addresses of a host each has an error in the text.
_PHRASES = {
    "password": r"authentication failed|no password supplied",
    "user": r"role .+ (?:does not exist|is not permitted to log in)",
    "name": r"database .+ does not exist",
    "encryption": r"SSL(?: connection)? is required|connection is insecure",
    "entry": r"pg_hba\.conf",
    "permission": r"permission denied for database",
    "certificate": r"SSL was required|certificate verify failed|certificate file|SSL error",
    "crowded": r"too many (?:connections|clients)|connection slots|max client",
    "starting": r"database system is",
    "protocol": r"invalid response to SSL negotiation|expected authentication request|unsupported frontend protocol",
    "setting": r"invalid (?:connection option|\w+ value|integer value)",
    "host": r"resolve host|translate host name|Name or service not known|name resolution|nodename nor servname",
    "unreachable": r"Network is unreachable|No route to host|Cannot assign requested address",
    "refused": r"Connection refused|No such file or directory",
    "timeout": r"timeout expired|timed out",
    "lost": r"closed the connection|connection (?:has been closed|reset|lost)|connection is closed|unexpected EOF",
    "locked": r"could not set lock",
    "tables": r"no such (?:table|column)|has no column",
}
_CONNECTING = {name: re.compile(phrase, re.IGNORECASE) for name, phrase in _PHRASES.items()}

_SQLITE = {
    "SQLITE_BUSY": "locked",
    "SQLITE_LOCKED": "locked",
    "SQLITE_CANTOPEN": "file",
    "SQLITE_PERM": "file",
    "SQLITE_NOTADB": "format",
    "SQLITE_CORRUPT": "format",
    "SQLITE_READONLY": "read-only",
    "SQLITE_FULL": "full",
}

_MYSQL_CODES = {
    "password": (1045, 1251, 1698),
    "name": (1049,),
    "entry": (1129, 1130),
    "encryption": (3159,),
    "certificate": (2026,),
    "crowded": (1040, 1203, 1226),
    "starting": (1053,),
    "lost": (2006, 2013),
    "permission": (1044, 1142, 1143, 1227),
    "read-only": (1290, 1792, 1836),
    "full": (1021, 1114),
    "locked": (1205, 1213, 3572),
    "stopped": (1317, 3024),
    "tables": (1054, 1146),
    "host": (2005,),
}
_CODES = {**_STATES, **_SQLITE, **{str(code): name for name, codes in _MYSQL_CODES.items() for code in codes}}
_CODE = re.compile(r"[0-9A-Z]{5}|\d{1,5}|SQLITE_[A-Z_]{1,40}")

_SYSTEM = {
    errno.ECONNREFUSED: "refused",
    errno.ENOENT: "refused",
    errno.ETIMEDOUT: "timeout",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.ECONNRESET: "lost",
    errno.EPIPE: "lost",
    errno.ENOSPC: "full",
}


def refusal(what: str, error: sa.exc.DBAPIError) -> Problem:
    """`what` happened, and what is known of the reason without telling any text from outside."""
    name = reason_of(error.orig) if error.orig is not None else None
    if name is None and error.connection_invalidated:
        name = "lost"
    if name is not None:
        reason = REASONS[name]
        return Problem(f"{what}: {reason.what}.", reason.why, reason.remedy)
    code = _code(error.orig)
    return Problem(
        f"{what} ({type(error.orig).__name__}{f' {code}' if code else ''}).",
        "Its own message is not shown, for it can hold the address.",
        "Try the database URL with the database's own client from the same network.",
    )


def unusable(error: sa.exc.ArgumentError | ImportError | ValueError) -> Problem:
    """Why a URL leads to no database, before anything is connected. ValueError: its port is no number."""
    what = "The database_url cannot be used"
    if isinstance(error, sa.exc.NoSuchModuleError):
        return Problem(
            f"{what}: no SQLAlchemy dialect has the name before its ://.",
            "It is mistyped (postgresql, not postgres), or its package is not installed.",
            "Write it like sqlite:///costs.db or postgresql+psycopg://user:password@host/name, or install the dialect.",
        )
    if isinstance(error, ImportError):
        return Problem(
            f"{what}: its driver is not installed here.",
            "The Action's image has SQLite only; at a terminal the driver is a package of its own.",
            "Install the driver that docs/ledger.md names beside the program, such as psycopg, or build an image with it.",
        )
    return Problem(
        f"{what}: it is not a SQLAlchemy URL.",
        "It is mistyped, or its password holds characters that end it early.",
        "Write it like sqlite:///costs.db or postgresql+psycopg://user:password@host/name, with @ : / % # ? of a password "
        "as %40 %3A %2F %25 %23 %3F.",
    )


def reason_of(error: BaseException) -> str | None:
    """The name of the reason in `REASONS`; None when the error says nothing that is known."""
    code = _code(error)
    told = _CODES.get(code) or _CODES.get("_".join(code.split("_")[:2])) or (_CLASSES.get(code[:2]) if len(code) == 5 else None)
    system = filter(None, map(_of_system, _chain(error)))
    return told or next(system, None) or _of_text(str(error))


def _code(error: object) -> str:
    """The error's code: PostgreSQL's SQLSTATE, SQLite's name of it, MySQL's number."""
    state, name = getattr(error, "sqlstate", None), getattr(error, "sqlite_errorname", None)
    number = next(iter(getattr(error, "args", ())), None)
    code = state or name or (str(number) if type(number) is int else "")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from; PyMySQL keeps that in an attribute."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        kept = getattr(following, "original_exception", None)
        following = kept if isinstance(kept, BaseException) else following.__cause__ or following.__context__


def _of_system(error: BaseException) -> str | None:
    if isinstance(error, socket.gaierror):
        return "host"
    if isinstance(error, ssl.SSLError):
        return "certificate"
    if isinstance(error, TimeoutError):
        return "timeout"
    return _SYSTEM.get(error.errno or 0) if isinstance(error, OSError) else None


def _of_text(text: str) -> str | None:
    return next((name for name, phrase in _CONNECTING.items() if phrase.search(text)), None)
