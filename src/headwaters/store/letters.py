"""Named queries of letters, and of who wants no mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.letters import Author, Tray
from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import letters, mail_refusals, order_lines, orders, settings, works
from headwaters.store.tables import threads as states


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter of an order's thread. `wants_mail`: its reader asked for the answer by mail; of a creator's letter, it
    went out by mail as well."""

    id: int
    ref: str
    order_id: int
    author: Author
    body: str
    wants_mail: bool
    created_at: datetime
    read_at: datetime | None


_COLUMNS = (
    letters.c.id,
    letters.c.ref,
    letters.c.order_id,
    letters.c.author,
    letters.c.body,
    letters.c.wants_mail,
    letters.c.created_at,
    letters.c.read_at,
)
_NEW = ("ref", "nonce", "order_id", "author", "body", "wants_mail", "created_at")
_ADD = Prepared(
    insert(letters)  # SQLite speaks PostgreSQL's ON CONFLICT
    .values({name: bindparam(name) for name in _NEW})
    .on_conflict_do_nothing(index_elements=["nonce"])
    .returning(*_COLUMNS)
)


def _letter(row: Sequence[Any]) -> LetterRow:
    letter_id, ref, order_id, author, body, wants_mail, created_at, read_at = row
    seen = None if read_at is None else from_micros(read_at)
    return LetterRow(letter_id, ref, order_id, Author(author), body, bool(wants_mail), from_micros(created_at), seen)


def add_letter(conn: Connection, **values: object) -> LetterRow | None:
    """Keep a letter, once by its nonce; None: it was kept before."""
    row = _ADD.first(conn, **values)
    return None if row is None else _letter(row)


def letter_by_nonce(conn: Connection, nonce: str) -> LetterRow:
    """The letter that this form wrote before. It exists: `add_letter` just said so."""
    return _one(conn, letters.c.nonce == nonce)


def letter_by_id(conn: Connection, letter_id: int) -> LetterRow:
    """Raises NotFound(LETTER_UNKNOWN)."""
    return _one(conn, letters.c.id == letter_id)


def letter_by_ref(conn: Connection, ref: str) -> LetterRow:
    """The letter that the creator's lists call `ref`. Raises NotFound(LETTER_UNKNOWN)."""
    return _one(conn, letters.c.ref == ref)


def _one(conn: Connection, which: ColumnElement[bool]) -> LetterRow:
    row = conn.execute(select(*_COLUMNS).where(which)).first()
    if row is None:
        raise NotFound(Code.LETTER_UNKNOWN, N_("There is no such letter."), hint=N_("“headwaters letters” lists them."))
    return _letter(row)


def thread(conn: Connection, order_id: int) -> list[LetterRow]:
    """The letters of an order, oldest first."""
    found = conn.execute(select(*_COLUMNS).where(letters.c.order_id == order_id).order_by(letters.c.id))
    return [_letter(row) for row in found]


def newest_from_reader(conn: Connection, order_id: int) -> LetterRow | None:
    """The reader's last word, whose tick says whether the answer goes out by mail."""
    row = conn.execute(
        select(*_COLUMNS)
        .where(letters.c.order_id == order_id, letters.c.author == Author.READER.value)
        .order_by(letters.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else _letter(row)


def known_letter(conn: Connection, nonce: str) -> LetterRow | None:
    """The letter that this form wrote before, if it did."""
    row = conn.execute(select(*_COLUMNS).where(letters.c.nonce == nonce)).first()
    return None if row is None else _letter(row)


def newest_id(conn: Connection, order_id: int) -> int:
    """The id of a thread's newest letter; 0 where there is none."""
    found = select(func.max(letters.c.id)).where(letters.c.order_id == order_id)
    return int(conn.execute(found).scalar() or 0)


def mark_unread(conn: Connection, order_id: int) -> bool:
    """The reader's last letter is new again. False where it is, or there is none."""
    last = select(func.max(letters.c.id)).where(letters.c.order_id == order_id, letters.c.author == Author.READER.value)
    again = update(letters).where(letters.c.id == last.scalar_subquery(), letters.c.read_at.is_not(None))
    return conn.execute(again.values(read_at=None)).rowcount == 1


def mark_read(conn: Connection, order_id: int, newest: int, now: datetime) -> int:
    """The creator saw the reader's letters up to the id `newest`; how many were new."""
    unread = (letters.c.order_id == order_id, letters.c.id <= newest, *_UNREAD)
    return conn.execute(update(letters).where(*unread).values(read_at=to_micros(now))).rowcount


_UNREAD = (letters.c.author == Author.READER.value, letters.c.read_at.is_(None))
_PUT_AWAY = or_(states.c.archived_at.is_not(None), states.c.blocked_at.is_not(None))
_IN_OPEN_THREAD = ~exists().where(states.c.order_id == letters.c.order_id, _PUT_AWAY).correlate(letters)


def count_unread(conn: Connection) -> int:
    """Readers' letters in open threads that the creator has not opened."""
    counted = select(func.count()).select_from(letters).where(*_UNREAD, _IN_OPEN_THREAD)
    return int(conn.execute(counted).scalar() or 0)


def count_between(conn: Connection, start: datetime, end: datetime) -> int:
    """Readers' letters written from `start` up to `end`."""
    when = letters.c.created_at.between(to_micros(start), to_micros(end) - 1)
    mine = letters.c.author == Author.READER.value
    return int(conn.execute(select(func.count()).select_from(letters).where(mine, when)).scalar() or 0)


# ── threads, as the creator lists them ───────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """An order's letters at a glance: how many, how many are new to the creator, and the last one."""

    order_id: int
    title: str  # of the order's first work
    count: int
    unread: int
    last: LetterRow
    archived: bool = False
    blocked: bool = False


_SUMS = (
    select(
        letters.c.order_id,
        func.count().label("count"),
        func.sum(case((and_(*_UNREAD), 1), else_=0)).label("unread"),
        func.max(letters.c.id).label("last"),
    )
    .group_by(letters.c.order_id)
    .subquery()
)
_FIRST_LINE = (
    select(func.min(order_lines.c.id)).where(order_lines.c.order_id == _SUMS.c.order_id).correlate(_SUMS)
).scalar_subquery()
_OPEN = and_(states.c.archived_at.is_(None), states.c.blocked_at.is_(None))
_TRAYS: dict[Tray, ColumnElement[bool]] = {
    Tray.OPEN: _OPEN,
    Tray.UNREAD: and_(_OPEN, _SUMS.c.unread > 0),
    Tray.ARCHIVED: and_(states.c.archived_at.is_not(None), states.c.blocked_at.is_(None)),
    Tray.BLOCKED: states.c.blocked_at.is_not(None),
    Tray.ALL: _SUMS.c.count > 0,
}


def _listed(*columns: ColumnElement[Any]) -> Select[Any]:
    """`columns` of each order with letters: its sums, its thread's row, its newest letter, its first work."""
    return (
        select(*columns)
        .select_from(_SUMS)
        .join(letters, letters.c.id == _SUMS.c.last)
        .join(states, states.c.order_id == _SUMS.c.order_id, isouter=True)
        .join(order_lines, order_lines.c.id == _FIRST_LINE, isouter=True)
        .join(works, works.c.id == order_lines.c.work_id, isouter=True)
    )


def _fits(find: str) -> ColumnElement[bool]:
    """Whether a thread's letters, works or e-mail address hold this text, or its order has this number.

    Databases compare small and large letters in ASCII alone for certain, so a word is also looked for in the ways it
    is commonly written.
    """
    inner, lines, titles = letters.alias(), order_lines.alias(), works.alias()
    mine = orders.c.id == _SUMS.c.order_id

    def holds(column: ColumnElement[Any]) -> ColumnElement[bool]:
        ways = {find, find.lower(), find.upper(), find.capitalize(), find.title()}
        written = (column.contains(way, autoescape=True) for way in sorted(ways))
        return or_(func.lower(column).contains(find.lower(), autoescape=True), *written)

    fits: list[ColumnElement[bool]] = [
        exists().where(inner.c.order_id == _SUMS.c.order_id, holds(inner.c.body)).correlate(_SUMS),
        exists()
        .where(lines.c.order_id == _SUMS.c.order_id, titles.c.id == lines.c.work_id, holds(titles.c.title))
        .correlate(_SUMS),
        exists().where(mine, holds(orders.c.email)).correlate(_SUMS),
    ]
    number = find.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= 15:
        fits.append(_SUMS.c.order_id == int(number))
    return or_(*fits)


def _chosen(tray: Tray, find: str) -> list[ColumnElement[bool]]:
    return [_TRAYS[tray], *([_fits(find)] if find else [])]


def _thread(row: Sequence[Any]) -> ThreadRow:
    count, unread, title, archived_at, blocked_at, *letter = row
    last = _letter(letter)
    away = archived_at is not None, blocked_at is not None
    return ThreadRow(last.order_id, title or "", int(count), int(unread), last, *away)


def threads(conn: Connection, most: int, skip: int = 0, tray: Tray = Tray.OPEN, find: str = "") -> list[ThreadRow]:
    """Threads of a tray, unread ones first and the newest first among each; `find`: those that hold it."""
    state = (states.c.archived_at, states.c.blocked_at)
    found = _listed(_SUMS.c.count, _SUMS.c.unread, works.c.title, *state, *_COLUMNS).where(*_chosen(tray, find))
    first = case((_SUMS.c.unread > 0, 0), else_=1)
    return [_thread(row) for row in conn.execute(found.order_by(first, _SUMS.c.last.desc()).limit(most).offset(skip))]


def count_threads(conn: Connection, tray: Tray = Tray.OPEN, find: str = "") -> int:
    """How many `threads` would find in all."""
    return int(conn.execute(_listed(func.count()).where(*_chosen(tray, find))).scalar() or 0)


def count_trays(conn: Connection, find: str = "") -> dict[Tray, int]:
    """How many threads are in each tray."""
    sums = [func.sum(case((condition, 1), else_=0)) for condition in _TRAYS.values()]
    counted = _listed(*sums).where(*_chosen(Tray.ALL, find))
    row = conn.execute(counted).one()
    return {tray: int(count or 0) for tray, count in zip(_TRAYS, row, strict=True)}


def unread_beside(conn: Connection, letter_id: int) -> tuple[int | None, int | None]:
    """The orders of the unread threads just newer and just older than the thread whose newest letter this is."""
    found = _listed(_SUMS.c.order_id).where(_TRAYS[Tray.UNREAD])
    newer = found.where(_SUMS.c.last > letter_id).order_by(_SUMS.c.last).limit(1)
    older = found.where(_SUMS.c.last < letter_id).order_by(_SUMS.c.last.desc()).limit(1)
    return conn.execute(newer).scalar(), conn.execute(older).scalar()


def unread_letters(conn: Connection, most: int) -> list[LetterRow]:
    """Readers' letters in open threads that the creator has not opened, oldest first."""
    found = conn.execute(select(*_COLUMNS).where(*_UNREAD, _IN_OPEN_THREAD).order_by(letters.c.id).limit(most))
    return [_letter(row) for row in found]


def newest_letters(conn: Connection, most: int, tray: Tray = Tray.ALL, find: str = "") -> list[LetterRow]:
    """The newest letters of both sides in a tray's threads, newest first."""
    chosen = _listed(_SUMS.c.order_id).where(*_chosen(tray, find))
    found = select(*_COLUMNS).where(letters.c.order_id.in_(chosen)).order_by(letters.c.id.desc()).limit(most)
    return [_letter(row) for row in conn.execute(found)]


# ── mail ─────────────────────────────────────────────────────────────────────────────────────────

_NOTIFY = Prepared(
    select(settings.c.key, settings.c.value).where(
        settings.c.key.in_(["notify_email", "notify_orders", "notify_letters", "notify_hour"])
    )
)
_REFUSE = Prepared(
    insert(mail_refusals)
    .values(digest=bindparam("digest"), created_at=bindparam("created_at"))
    .on_conflict_do_nothing()
    .returning(mail_refusals.c.digest)
)
_EMAIL = Prepared(select(orders.c.email).where(orders.c.id == bindparam("id")))


def order_email(conn: Connection, order_id: int) -> str | None:
    """The address that the reader gave with the order."""
    found: str | None = _EMAIL.scalar(conn, id=order_id)
    return found


def notify_settings(conn: Connection) -> dict[str, str]:
    """The creator's wishes about notices, as they are in this transaction."""
    return dict(_NOTIFY.all(conn))


def refuses_mail(conn: Connection, digest: str) -> bool:
    """Whether the mailbox of `digest` (core.letters.address_digest) wants no mail from this shop."""
    found = conn.execute(select(mail_refusals.c.digest).where(mail_refusals.c.digest == digest))
    return found.first() is not None


def add_refusal(conn: Connection, digest: str, now: datetime) -> bool:
    """Remember it, once. True: now."""
    return _REFUSE.scalar(conn, digest=digest, created_at=to_micros(now)) is not None
