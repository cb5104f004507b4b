"""Charges as Parquet, for warehouses: money as DECIMAL(38, 12), times in UTC. Needs the extra `parquet` (pyarrow)."""

from collections.abc import Iterable
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from pr_cost_bot.exports.charges import Charge
from pr_cost_bot.ledger.units import DIGITS
from pr_cost_bot.model import Problem
from pr_cost_bot.ports import PublishError

_ROW_GROUP = 50_000
_COUNTS = ("requests", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "pr_number")


def write_parquet(found: Iterable[Charge], path: Path) -> int:
    """Write the file. Returns how many rows there were. Raises PublishError, also when pyarrow is missing."""
    try:
        pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")  # an extra, without type hints
    except ImportError:
        raise PublishError(
            Problem("Parquet needs pyarrow, which is not installed.", "", "Install it beside the program: pip install pyarrow")
        ) from None
    schema, count, charges = _schema(pa), 0, iter(found)
    try:
        with parquet.ParquetWriter(path, schema) as writer:
            while rows := [msgspec.structs.asdict(charge) for charge in islice(charges, _ROW_GROUP)]:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                count += len(rows)
    except OSError as error:
        raise PublishError(Problem(f"{path} could not be written: {error.strerror or error}.")) from error
    return count


def _schema(pa: Any) -> Any:
    kinds = {
        "start": pa.timestamp("s", tz="UTC"),
        "end": pa.timestamp("s", tz="UTC"),
        "cost_usd": pa.decimal128(38, DIGITS),
        "billed_usd": pa.decimal128(38, DIGITS),
        "priced": pa.bool_(),
        **dict.fromkeys(_COUNTS, pa.int64()),
    }
    return pa.schema([(name, kinds.get(name, pa.string())) for name in Charge.__struct_fields__])
