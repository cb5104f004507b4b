"""A sheet at a terminal, where rich (an extra) is installed."""

from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pr_cost_bot.reports.sheet import NOTHING, Sheet, shown


def write(sheet: Sheet, stdout: TextIO) -> None:
    """Print it with its notes."""
    table = Table(title=Text(sheet.title), title_justify="left", show_footer=sheet.total is not None)
    for column in sheet.columns:
        footer = shown(sheet.total.get(column.name), column.kind) if sheet.total else ""
        table.add_column(Text(column.title), justify="left" if column.kind == "text" else "right", footer=Text(footer))
    for row in sheet.rows:
        table.add_row(*(Text(shown(row.get(column.name), column.kind)) for column in sheet.columns))
    console = Console(file=stdout)
    console.print(table if sheet.rows or sheet.total else Text(f"{sheet.title}\n{NOTHING}"))
    for note in sheet.notes:
        console.print(Text(note))
