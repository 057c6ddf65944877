"""Which works have public addresses: those that ask for nothing (docs/decisions/fetching.md)."""

from __future__ import annotations

from collections.abc import Collection

from headwaters.core.sales.states import Door


def is_free(doors: Collection[Door]) -> bool:
    """Whether a work with these open doors asks for nothing: nobody is asked to pay, and whoever comes may take it.

    Amounts do not count: the pay door asks for more than nothing by rule, and where it is closed nobody is shown one.
    """
    return Door.PAY not in doors and Door.CANT_PAY in doors


def reads_free(doors: str) -> bool:
    """The same of doors as the table has them, joined by commas."""
    names = doors.split(",")
    return is_free([door for door in Door if door.value in names])
