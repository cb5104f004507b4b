"""An answer as a table of typed columns, and its forms: for people, for spreadsheets, for programs, for pull requests."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import msgspec

from pr_cost_bot.ledger.files import cell
from pr_cost_bot.ledger.rows import exact_dollars
from pr_cost_bot.render import numbers
from pr_cost_bot.render.escape import clean, escape

Kind = Literal["text", "usd", "count", "percent", "points", "times", "ratio"]
Form = Literal["table", "csv", "json", "markdown"]
NOTHING = "Nothing to show."
_WIDE = 60
_LONG = 500
_CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")
_ESCAPED = {code: f"\\u{code:04x}" for code in range(127, 160)}  # the others JSON escapes by itself


class Column(msgspec.Struct, frozen=True):
    """`kind`: usd is exact dollars; percent and points are parts of 1; times and ratio are factors."""

    name: str
    title: str
    kind: Kind = "text"


class Unknown(msgspec.Struct, frozen=True):
    """Stands for a value that is not known, or only in part. `says`: what people read; programs read null."""

    says: str = ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` hold a value, or None, for every column. `total`: a last row. `notes`: plain sentences below."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    total: Mapping[str, Any] | None = None
    notes: Sequence[str] = ()


def render(sheet: Sheet, form: Form) -> str:
    """The sheet in one of its forms, with a newline at the end."""
    forms: dict[Form, Callable[[Sheet], str]] = {"table": _plain, "csv": _csv, "json": _json, "markdown": _markdown}
    return forms[form](sheet)


def shown(value: Any, kind: Kind) -> str:
    """A value as people read it; nothing for None."""
    if value is None:
        return ""
    return value.says if isinstance(value, Unknown) else _FORMS[kind](value)


_FORMS: dict[Kind, Callable[[Any], str]] = {
    "text": lambda value: clean(str(value), _WIDE),
    "usd": numbers.dollars,
    "count": numbers.count,
    "percent": lambda value: f"{_rounded(value * 100, '0.1'):f}%",
    "points": lambda value: f"{'+' if value > 0 else ''}{_rounded(value * 100, '0.1'):f} pp",
    "times": lambda value: f"{_rounded(value, '0.1')} times",
    "ratio": lambda value: f"{_rounded(value, '0.01')}",
}


def _rounded(value: Decimal, unit: str) -> Decimal:
    return Decimal(value).quantize(Decimal(unit), ROUND_HALF_UP)


def _body(sheet: Sheet) -> list[Mapping[str, Any]]:
    return [*sheet.rows, *([sheet.total] if sheet.total else [])]


def _plain(sheet: Sheet) -> str:
    """Columns aligned with spaces: numbers to the right."""
    body = [[shown(row.get(column.name), column.kind) for column in sheet.columns] for row in _body(sheet)]
    titles = [column.title for column in sheet.columns]
    widths = [max(map(len, texts)) for texts in zip(titles, *body, strict=True)]
    aligned = [
        "  ".join(
            _aligned(text, width, column) for text, width, column in zip(texts, widths, sheet.columns, strict=True)
        ).rstrip()
        for texts in (titles, ["-" * width for width in widths], *body)
    ]
    title, notes = clean(sheet.title, _LONG), [clean(note, _LONG) for note in sheet.notes]
    return "\n".join([title, "", *(aligned if body else [NOTHING]), *(["", *notes] if notes else [])]) + "\n"


def _aligned(text: str, width: int, column: Column) -> str:
    return text.ljust(width) if column.kind == "text" else text.rjust(width)


def _markdown(sheet: Sheet) -> str:
    lines = [f"### {escape(sheet.title, 200)}", "", _line(escape(column.title) for column in sheet.columns)]
    lines.append(_line(":---" if column.kind == "text" else "---:" for column in sheet.columns))
    lines += [_line(_markdown_cell(row.get(column.name), column.kind) for column in sheet.columns) for row in sheet.rows]
    if sheet.total:
        cells = (_markdown_cell(sheet.total.get(column.name), column.kind) for column in sheet.columns)
        lines.append(_line(f"**{text}**" if text else "" for text in cells))
    if not _body(sheet):
        lines = [lines[0], "", NOTHING]
    return "\n".join([*lines, *(text for note in sheet.notes for text in ("", escape(note, 500)))]) + "\n"


def _markdown_cell(value: Any, kind: Kind) -> str:
    text = shown(value, kind)
    return escape(text, _WIDE) if kind == "text" else text.replace("<", "&lt;").replace("$", "\\$")


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _csv(sheet: Sheet) -> str:
    """Exact values under the columns' names; neither total nor notes, so that columns can be added up."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in sheet.columns])
    writer.writerows([_csv_cell(row.get(column.name), column.kind) for column in sheet.columns] for row in sheet.rows)
    return text.getvalue()


def _csv_cell(value: Any, kind: Kind) -> Any:
    """Only texts could be formulas, for a fall begins with a minus sign and stays a number; or could steer a terminal."""
    return cell(_without_controls(_exact(value, kind))) if kind == "text" else _exact(value, kind)


def _without_controls(value: Any) -> Any:
    return value.translate(_CONTROLS) if isinstance(value, str) else value


def _json(sheet: Sheet) -> str:
    def values(row: Mapping[str, Any]) -> dict[str, Any]:
        return {column.name: _exact(row.get(column.name), column.kind) for column in sheet.columns}

    document = {
        "title": sheet.title,
        "rows": [values(row) for row in sheet.rows],
        "total": values(sheet.total) if sheet.total else None,
        "notes": list(sheet.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False).translate(_ESCAPED) + "\n"


def _exact(value: Any, kind: Kind) -> Any:
    """Money as exact decimal text; ratios to six digits."""
    if value is None or isinstance(value, Unknown):
        return None
    if kind in {"count", "text"}:
        return value if isinstance(value, int | str) else str(value)
    return exact_dollars(value if kind == "usd" else _rounded(value, "0.000001"))
