"""Printing: results to stdout, progress and errors to stderr. User's texts are never read as markup."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["complain", "plain_table", "say", "stdout"]

PIPE_WIDTH = 120
"""Columns of a table where no terminal says how many there are."""
WIDEST = 150
"""A table up to this width keeps every cell on one line; on a narrower terminal its lines run over."""


def stdout() -> Console:
    """The console of the results."""
    # numbers are never cut: on a narrow terminal the lines run over
    return Console(width=max(PIPE_WIDTH, Console().width), highlight=False)


def say(text: str) -> None:
    """Tell how far things are, now and not when a buffer is full."""
    print(text, file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """Print an error: its first line in red, the rest as it is, one fault a line."""
    console = Console(stderr=True, highlight=False)
    head, _, rest = text.partition("\n")
    console.print(Text(head, style="bold red"), soft_wrap=True)
    if rest:
        console.print(Text(rest), soft_wrap=True)


def plain_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """Print a table; the columns named in ``right`` are aligned to the right."""
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(column), justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = stdout()
    natural = console.measure(table, options=console.options.update(width=10 * WIDEST)).maximum
    if natural <= WIDEST:
        console.width = max(console.width, natural)
    console.print(table)
