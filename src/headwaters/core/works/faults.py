"""What can be found wrong with kept bytes."""

from __future__ import annotations

from enum import StrEnum

from headwaters.core.errors import Code


class Fault(StrEnum):
    """As `blobs.fault` keeps it; empty where nothing is wrong."""

    MISSING = "missing"
    CHANGED = "changed"


_BY_CODE = {Code.BLOB_MISSING: Fault.MISSING, Code.BLOB_CHANGED: Fault.CHANGED}


def fault_of(code: Code) -> Fault | None:
    """What an error says of the bytes; None where it says only that they cannot be looked at."""
    return _BY_CODE.get(code)
