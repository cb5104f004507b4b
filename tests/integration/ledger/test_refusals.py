"""What is told of a database that refuses, by real servers and files where they can be had."""

import os
import socket
import sqlite3
import ssl
import struct
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from pr_cost_bot.ledger.database import Database, plain_engine
from pr_cost_bot.ledger.refusals import REASONS, reason_of, refusal
from pr_cost_bot.ports import PublishError

SECRET = "s3cret"


def told(url, begin="reading"):
    """What is said, none of it from outside."""
    with pytest.raises(PublishError) as caught, getattr(Database(url), begin)():
        pass
    assert caught.value.__suppress_context__
    assert SECRET not in str(caught.value)
    return caught.value.problem


def is_reason(problem, name):
    return problem.what.endswith(f": {REASONS[name].what}.") and (problem.why, problem.remedy) == (
        REASONS[name].why,
        REASONS[name].remedy,
    )


@pytest.fixture(scope="module")
def server(postgresql_server):
    """Roles of several kinds; gives a URL by user, database and password."""

    def url(user, database="postgres", password=""):
        return f"postgresql+psycopg://{user}:{password}@/{database}?host={quote(str(postgresql_server))}"

    engine = sa.create_engine(url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in (
            f"CREATE ROLE refused_keyed LOGIN PASSWORD '{SECRET}'",
            "CREATE ROLE refused_reader LOGIN",
            "CREATE ROLE refused_crowd LOGIN CONNECTION LIMIT 0",
            "CREATE ROLE refused_idle LOGIN",
            "ALTER ROLE refused_idle SET default_transaction_read_only = on",
            "CREATE ROLE refused_group",
            "CREATE ROLE refused_closed LOGIN",
        ):
            connection.exec_driver_sql(statement)
        rules = Path(connection.exec_driver_sql("SHOW hba_file").scalar_one())
        text = rules.read_text(encoding="utf-8")
        rules.write_text(f"local all refused_keyed scram-sha-256\nlocal all refused_closed reject\n{text}", encoding="utf-8")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    closed = sa.create_engine(url("refused_closed"), poolclass=sa.NullPool)
    for _ in range(5000):  # until the server has read its rules
        try:
            closed.connect().close()
        except sa.exc.OperationalError:
            return url
    pytest.fail("The server goes on letting in whom its rules turn away.")


@pytest.mark.parametrize(
    ("user", "database", "password", "name"),
    [
        ("refused_keyed", "postgres", f"{SECRET}-not", "password"),
        ("refused_keyed", "postgres", "", "password"),
        ("refused_nobody", "postgres", "", "user"),
        ("refused_group", "postgres", "", "user"),
        ("postgres", "refused_nowhere", "", "name"),
        ("refused_closed", "postgres", "", "entry"),
        ("refused_crowd", "postgres", "", "crowded"),
        ("refused_idle", "postgres", "", "read-only"),
    ],
)
def test_postgresql_s_reason_is_told(server, user, database, password, name):
    assert is_reason(told(server(user, database, password)), name)


def test_an_account_that_may_only_read_gets_answers_and_writes_no_row(server, postgresql_url):
    with Database(postgresql_url).writing() as connection:
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO refused_reader")
    url = sa.make_url(postgresql_url).set(username="refused_reader").render_as_string(hide_password=False)
    with Database(url).reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM pr_costs").scalar() == 0
    with pytest.raises(PublishError) as caught, Database(url).writing() as connection:
        connection.exec_driver_sql("DELETE FROM pr_costs")
    assert caught.value.problem.what == "The database did not take the row: the account lacks a permission."


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        ("127.0.0.1:1/x", "refused"),
        ("nosuch.invalid/x", "host"),
        ("/x?host=/nowhere/at/all", "refused"),
        ("127.0.0.1:1/x?nosuchsetting=1", "setting"),
        ("127.0.0.1:1/x?sslmode=nonsense", "setting"),
    ],
)
def test_postgresql_out_of_reach_is_told_apart(rest, name):
    assert is_reason(told(f"postgresql+psycopg://u:{SECRET}@{rest}"), name)


def test_a_server_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert is_reason(told(f"postgresql+psycopg://u:{SECRET}@127.0.0.1:{port}/x?connect_timeout=2"), "timeout")
    assert plain_engine("postgresql+psycopg://h/x").url.query["connect_timeout"] == "20"
    assert plain_engine("postgresql+psycopg://h/x?connect_timeout=2").url.query["connect_timeout"] == "2"


@pytest.fixture
def answers():
    """A server that answers everybody with the same bytes. Gives its port."""
    listening = [socket.create_server(("127.0.0.1", 0))]

    def start(answer):
        def serve():
            try:
                while True:
                    with listening[0].accept()[0] as client:
                        client.recv(1000)
                        client.sendall(answer)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        return listening[0].getsockname()[1]

    yield start
    listening[0].shutdown(socket.SHUT_RDWR)
    listening[0].close()


def refused_by_server(text):
    fields = b"SFATAL\0VFATAL\0C28000\0M" + text.encode() + b"\0\0"
    return b"E" + struct.pack("!i", len(fields) + 4) + fields


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (refused_by_server("SSL connection is required. Please specify SSL options and retry."), "encryption"),
        (refused_by_server("connection is insecure (try using `sslmode=require`)"), "encryption"),
        (refused_by_server('no pg_hba.conf entry for host "1.2.3.4", user "u", database "x", no encryption'), "entry"),
        (refused_by_server("sorry, too many clients already"), "crowded"),
        (refused_by_server("the database system is starting up"), "starting"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol"),
        (b"", "lost"),
    ],
)
def test_what_servers_and_poolers_say_is_told_in_own_words(answers, answer, name):
    assert is_reason(told(f"postgresql+psycopg://u:{SECRET}@127.0.0.1:{answers(answer)}/x?sslmode=disable"), name)


def test_nothing_of_a_server_s_own_text_is_told(answers):
    text = f"Passwort f\u00fcr \u00bbu\u00ab falsch: {SECRET}\n::error::<img src=x> role x does not exist, u@127.0.0.1"
    for said in (text, text.replace("role x does not exist", "")):
        port = answers(refused_by_server(said))
        problem = told(f"postgresql+psycopg://u:{SECRET}@127.0.0.1:{port}/x?sslmode=disable")
        assert not {"Passwort", "::", "<img", "127.0.0.1", str(port)} & set(str(problem).split())
        assert "error::" not in str(problem)


def test_sqlite_s_reason_is_told(tmp_path):
    (tmp_path / "text.db").write_text("this is no database, and longer than the header of one is " * 9, encoding="utf-8")
    assert is_reason(told(f"sqlite:///{tmp_path}/text.db"), "format")
    assert is_reason(told(f"sqlite:///{tmp_path}/nowhere/x.db"), "file")
    assert is_reason(told(f"sqlite:///{tmp_path}"), "file")
    with Database(f"sqlite:///{tmp_path}/costs.db").reading():
        pass
    assert is_reason(changed(f"sqlite:///file:{tmp_path}/costs.db?mode=ro&uri=true"), "read-only")


def changed(url):
    with pytest.raises(PublishError) as caught, Database(url).writing() as connection:
        connection.exec_driver_sql("DELETE FROM pr_costs")
    return caught.value.problem


def test_a_locked_file_is_told(tmp_path):
    path = tmp_path / "costs.db"
    database = Database(f"sqlite:///{path}")
    sa.event.listen(database._writer, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 0"))
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(PublishError) as caught, database.writing():
            pass
    assert is_reason(caught.value.problem, "locked")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told():
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match=r"\d") as caught:  # noqa: PTH123 - unbuffered
        full.write(b"x")
    assert reason_of(caught.value) == "full"


def of_pymysql(cause):
    error = Exception(2003, f"Can't connect to MySQL server on 'db.internal' ({cause})")
    error.original_exception = cause
    return error


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (Exception(1045, "Access denied for user 'u'@'h' (using password: YES)"), "password"),
        (Exception(1049, "Unknown database 'x'"), "name"),
        (Exception(1142, "INSERT command denied to user 'u'@'h' for table 'pr_costs'"), "permission"),
        (Exception(3159, "Connections using insecure transport are prohibited"), "encryption"),
        (Exception(1205, "Lock wait timeout exceeded"), "locked"),
        (Exception(1114, "The table is full"), "full"),
        (of_pymysql(ConnectionRefusedError(111, "Connection refused")), "refused"),
        (of_pymysql(socket.gaierror(-2, "Name or service not known")), "host"),
        (of_pymysql(TimeoutError("timed out")), "timeout"),
        (of_pymysql(OSError(101, os.strerror(101))), "unreachable"),
        (of_pymysql(ssl.SSLCertVerificationError(1, "certificate verify failed")), "certificate"),
    ],
)
def test_mysql_s_reason_is_told(error, name):
    assert reason_of(error) == name


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ("53100", "full"),
        ("55P03", "locked"),
        ("57014", "stopped"),
        ("57P01", "lost"),
        ("42P01", "tables"),
        ("08006", "lost"),
        ("XX000", None),
        ("<img>", None),
    ],
)
def test_a_statement_s_sqlstate_decides_and_not_its_text(state, name):
    error = Exception("password authentication failed") if name else Exception("?")
    error.sqlstate = state
    assert reason_of(error) == name


def test_an_unknown_error_tells_its_kind_and_code_only():
    error = sqlite3.OperationalError(f"disk I/O error in {SECRET}")
    error.sqlite_errorname = "SQLITE_IOERR_WRITE"
    problem = refusal("The database did not take the row", sa.exc.OperationalError("INSERT", {}, error))
    assert problem.what == "The database did not take the row (OperationalError SQLITE_IOERR_WRITE)."
    assert SECRET not in str(problem)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"postgres://u:{SECRET}@h/x", "no SQLAlchemy dialect has the name before its ://"),
        (f"oracle+nosuchdriver://u:{SECRET}@h/x", "no SQLAlchemy dialect has the name before its ://"),
        (f"mssql+pymssql://u:{SECRET}@h/x", "its driver is not installed here"),
        (f"{SECRET} is no URL", "it is not a SQLAlchemy URL"),
        (f"postgresql+psycopg://u@h:{SECRET}/x", "it is not a SQLAlchemy URL"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_apart(url, words):
    with pytest.raises(PublishError) as caught:
        Database(url)
    assert words in caught.value.problem.what
    assert SECRET not in str(caught.value)


def test_the_page_for_trouble_names_every_reason():
    page = (Path(__file__).parents[3] / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = [f"| {reason.what} | {reason.why} | {reason.remedy} |" for reason in REASONS.values()]
    assert "\n".join(rows) in page
