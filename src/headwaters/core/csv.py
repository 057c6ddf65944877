"""Tables for other programs: RFC 4180, and safe in programs that run what begins like a formula.

Texts that somebody typed may begin with what a spreadsheet takes for a formula (= + - @, a tab, a line end); such a one
gets an apostrophe before it, which spreadsheets hide. Numbers, amounts and times are ours, and stay exact: an amount
below zero keeps its bare minus.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from headwaters.core.sales.money import Money, plain

BOM = "\ufeff"  # by which Excel knows UTF-8
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_QUOTED = frozenset('",\r\n')

Cell = str | int | Money | datetime | None


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Money):
        return plain(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    if isinstance(cell, int):
        return str(cell)
    text = cell.replace("\0", "")
    return f"'{text}" if text[:1] in _FORMULA or text.lstrip(" ")[:1] in _FORMULA else text


def csv_line(cells: Iterable[Cell]) -> str:
    """One record with its line end. Money is written without its currency, which wants a column of its own."""
    texts = (_text(cell) for cell in cells)
    return ",".join('"' + text.replace('"', '""') + '"' if _QUOTED & set(text) else text for text in texts) + "\r\n"
