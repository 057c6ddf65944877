"""The audit log: who did what, and when."""

from __future__ import annotations

from collections.abc import Container, Mapping

from aiohttp import web

from headwaters.core.deeds import ROOMS, WORDS, Room, What, room_of
from headwaters.core.people import Right
from headwaters.store import deeds as rows
from headwaters.store import signin as signin_rows
from headwaters.store.db import Connection
from headwaters.store.signin import CreatorRow
from headwaters.web.contexts.studio_people import Choice, LogLine, LogPage
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.studio.frame import PER_PAGE, frame, page_number, pages, show, words_of
from headwaters.web.studio.guard import Session, may
from headwaters.web.studio.log_words import details_words, is_about_money, subject_words
from headwaters.web.studio.words import moment

routes = web.RouteTableDef()


# ── a line in words; the command line says the same ──────────────────────────────────────────────


def deed_words(said: Format, deed: rows.DeedRow, names: Mapping[str, str]) -> str:
    """What was done. The name of a deed of a newer version stands for itself."""
    try:
        words = said.gettext(WORDS[What(deed.what)])
    except ValueError:
        words = f"{deed.what} %(subject)s"
    return (words % {"subject": subject_words(said, deed.subject, names)}).strip()


def who_words(said: Format, deed: rows.DeedRow) -> str:
    """Who did it."""
    return deed.name if deed.who is not None else said.gettext("The shop’s machine")


_PLACES = {
    "order": "/studio/orders/",
    "creator": "/studio/people/",
    "work": "/studio/works/",
    "collection": "/studio/collections/",
    "draft": "/studio/drafts/",
    "report": "/studio/reports/",
}
_LASTING = frozenset({"order", "report"})  # is there even if it has no name


def _href(deed: rows.DeedRow, names: Mapping[str, str]) -> str:
    kind, _, value = deed.subject.partition(":")
    return _PLACES[kind] + value if kind in _PLACES and (deed.subject in names or kind in _LASTING) else ""


def _line(said: Format, deed: rows.DeedRow, names: Mapping[str, str], may: Container[Right]) -> LogLine:
    """Of orders and money, whoever does not sell reads what was done, but no amount, and finds no way there."""
    hidden = (room_of(deed.what) is Room.SALES or is_about_money(deed)) and Right.SELL not in may
    return LogLine(
        when=moment(said, deed.at),
        who=who_words(said, deed),
        what=deed_words(said, deed, names),
        href="" if hidden else _href(deed, names),
        details="" if hidden else details_words(said, deed),
    )


# ── the page ─────────────────────────────────────────────────────────────────────────────────────


def _wanted(request: web.Request) -> rows.DeedFilter:
    """Filters of the address; nonsense filters nothing."""
    who, room = request.query.get("who", ""), request.query.get("room", "")
    number = int(who) if who.isascii() and who.isdigit() and len(who) <= 15 else None
    return rows.DeedFilter(number, Room(room) if room in set(Room) else None)


@routes.get("/studio/log")
@may(Right.PEOPLE)
async def get_log(request: web.Request, session: Session) -> web.Response:
    """Lines of the log, the newest first."""
    house, said = request.app[HOUSE], words_of(request)
    wanted, number = _wanted(request), page_number(request)

    def look(conn: Connection) -> tuple[list[rows.DeedRow], dict[str, str], int, list[CreatorRow]]:
        found = rows.find_deeds(conn, wanted, PER_PAGE, (number - 1) * PER_PAGE)
        return found, rows.names_of(conn, found), rows.count_deeds(conn, wanted), signin_rows.people(conn)

    found, names, count, people = await house.db.read(look)
    who = "" if wanted.who is None else str(wanted.who)
    room = "" if wanted.room is None else wanted.room.value
    context = LogPage(
        frame=await frame(request, session, "shop"),
        lines=tuple(_line(said, deed, names, session.row.may) for deed in found),
        people=_choices({str(person.id): person.name for person in people} | _machine(said), who),
        rooms=_choices({each.value: said.gettext(words) for each, words in ROOMS.items()}, room),
        filtered=bool(who or room),
        pages=pages("/studio/log", number, count, who=who, room=room),
    )
    return show(request, "log", context)


def _machine(said: Format) -> dict[str, str]:
    return {str(rows.MACHINE): said.gettext("The shop’s machine")}


def _choices(texts: Mapping[str, str], chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, text, value == chosen) for value, text in texts.items())
