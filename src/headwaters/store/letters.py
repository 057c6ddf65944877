"""Named queries of letters, and of who wants no mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.errors import N_, Code, NotFound
from headwaters.core.letters import Author
from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import letters, mail_refusals, order_lines, orders, settings, works


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter of an order's thread. `wants_mail`: its reader asked for the answer by mail."""

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


def mark_read(conn: Connection, order_id: int, newest: int, now: datetime) -> int:
    """The creator saw the reader's letters up to the id `newest`; how many were new."""
    unread = (letters.c.order_id == order_id, letters.c.id <= newest, *_UNREAD)
    return conn.execute(update(letters).where(*unread).values(read_at=to_micros(now))).rowcount


_UNREAD = (letters.c.author == Author.READER.value, letters.c.read_at.is_(None))


def count_unread(conn: Connection) -> int:
    """Readers' letters that the creator has not opened."""
    return int(conn.execute(select(func.count()).select_from(letters).where(*_UNREAD)).scalar() or 0)


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


def _threads() -> Select[Any]:
    """Each order with letters: its counts and its newest letter. What is unread comes first, then the newest."""
    unread = func.sum(case((_UNREAD[0] & _UNREAD[1], 1), else_=0))
    sums = (
        select(
            letters.c.order_id,
            func.count().label("count"),
            unread.label("unread"),
            func.max(letters.c.id).label("last"),
        )
        .group_by(letters.c.order_id)
        .subquery()
    )
    first_line = (
        select(func.min(order_lines.c.id))
        .where(order_lines.c.order_id == sums.c.order_id)
        .correlate(sums)
        .scalar_subquery()
    )
    return (
        select(sums.c.count, sums.c.unread, works.c.title, *_COLUMNS)
        .join(letters, letters.c.id == sums.c.last)
        .join(order_lines, order_lines.c.id == first_line, isouter=True)
        .join(works, works.c.id == order_lines.c.work_id, isouter=True)
        .order_by(case((sums.c.unread > 0, 0), else_=1), sums.c.last.desc())
    )


def _thread(row: Sequence[Any]) -> ThreadRow:
    count, unread, title, *letter = row
    last = _letter(letter)
    return ThreadRow(last.order_id, title or "", int(count), int(unread), last)


def threads(conn: Connection, most: int, skip: int = 0) -> list[ThreadRow]:
    """Threads, unread ones first and the newest first among each."""
    return [_thread(row) for row in conn.execute(_threads().limit(most).offset(skip))]


def count_threads(conn: Connection) -> int:
    """How many orders have letters."""
    return int(conn.execute(select(func.count(letters.c.order_id.distinct()))).scalar() or 0)


def unread_letters(conn: Connection, most: int) -> list[LetterRow]:
    """Readers' letters that the creator has not opened, oldest first."""
    found = conn.execute(select(*_COLUMNS).where(*_UNREAD).order_by(letters.c.id).limit(most))
    return [_letter(row) for row in found]


def all_letters(conn: Connection, most: int) -> list[LetterRow]:
    """The newest letters of both sides, newest first."""
    return [_letter(row) for row in conn.execute(select(*_COLUMNS).order_by(letters.c.id.desc()).limit(most))]


# ── mail ─────────────────────────────────────────────────────────────────────────────────────────

_NOTIFY = Prepared(
    select(settings.c.key, settings.c.value).where(
        settings.c.key.in_(["notify_email", "notify_orders", "notify_letters"])
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
