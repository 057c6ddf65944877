"""Times: aware UTC datetimes in code, integer microseconds since 1970 in tables. Nothing here reads a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z, exact (no float on the way); a naive datetime is refused."""
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of `micros` microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)
