"""Tables: RFC 4180, exact amounts, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.csv import csv_line
from headwaters.core.sales.money import Money


def read(line: str) -> list[str]:
    """As the standard library reads it, which knows nothing of us."""
    (row,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    return row


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("", ""),
        (None, ""),
        ("High Water", "High Water"),
        ("High, Water", '"High, Water"'),
        ('"High" Water', '"""High"" Water"'),
        ("one\r\ntwo", '"one\r\ntwo"'),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", '"\'\r=1"'),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ('=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'),
        ("a=1", "a=1"),
        ("a\0b", "ab"),
        (-5, "-5"),
        (Money(-750, "EUR"), "-7.50"),
        (Money(5, "JPY"), "5"),
        (Money(1, "BHD"), "0.001"),
        (datetime(2026, 11, 22, 12, 0, 1, 5, tzinfo=UTC), "2026-11-22T12:00:01+00:00"),
    ],
)
def test_a_cell(cell: object, written: str) -> None:
    assert csv_line([cell, "x"]) == f"{written},x\r\n"  # type: ignore[list-item]


@given(st.lists(st.text(), min_size=2))
def test_whatever_somebody_types_comes_back_and_runs_nowhere(texts: list[str]) -> None:
    row = read(csv_line(texts))
    assert len(row) == len(texts)
    for text, cell in zip(texts, row, strict=True):
        assert cell.removeprefix("'") == text.replace("\0", "").removeprefix("'")
        assert cell[:1] not in set("=+-@\t\r\n")
