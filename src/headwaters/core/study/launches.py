"""What a launch view and its accounts are asked: since when, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.sales.money import Money, parse_amount

EARLIEST = datetime(2011, 12, 10, tzinfo=UTC)  # nothing was sold with this before
MOST_COSTS = 30  # lines
LONGEST = timedelta(days=7)
USUAL = timedelta(hours=1)


def read_time(text: str, now: datetime, field: str) -> datetime | None:
    """A time in UTC as a form's field has it, 2026-11-26T14:30, to the minute; None for nothing.

    Raises Refused(TIME_INVALID).
    """
    text = text.strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).replace(second=0, microsecond=0)
    except (ValueError, OverflowError):
        raise Refused(
            Code.TIME_INVALID,
            N_("“%(text)s” is not a time."),
            hint=N_("Write it like 2026-11-26T14:30, in UTC."),
            field=field,
            text=text[:40],
        ) from None
    if moment > now:
        raise Refused(Code.TIME_INVALID, N_("That is still to come."), field=field)
    return max(moment, EARLIEST)


def read_since(text: str, now: datetime) -> datetime | None:
    """The start of a launch. Raises Refused(TIME_INVALID)."""
    since = read_time(text, now, "since")
    if since is not None and since < now - LONGEST - timedelta(minutes=1):
        raise Refused(
            Code.TIME_INVALID,
            N_("A launch is followed for seven days at most."),
            hint=N_("The first page has the numbers of a longer time."),
            field="since",
        )
    return since


# ── what it cost ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Cost:
    """What something cost, as the creator says."""

    name: str
    amount: Money


def read_costs(text: str, currency: str) -> list[Cost]:
    """One a line, the amount last: “Production 170,000”. Raises Refused(COSTS_INVALID) naming the line."""
    costs = []
    for line in filter(None, map(str.strip, text.splitlines()[:MOST_COSTS])):
        name, _, amount = line.rpartition(" ")
        try:
            money = parse_amount(amount, currency)
        except Refused:
            name = ""
        if not name.strip(" :–-"):
            raise Refused(
                Code.COSTS_INVALID,
                N_("“%(line)s” has no name with an amount behind it."),
                hint=N_("Write what it was and then what it cost, like: Camera 1200"),
                field="costs",
                line=line[:60],
            )
        costs.append(Cost(name.strip(" :–-")[:80], money))
    return costs


def usual_since(now: datetime, published_at: datetime | None) -> datetime:
    """Where to begin when nobody says: when the newest work came out, if within seven days; else an hour ago."""
    if published_at is not None and now - LONGEST < published_at < now:
        return published_at.replace(second=0, microsecond=0)
    return (now - USUAL).replace(second=0, microsecond=0)
