"""View queries: everything that a page shows, in as few queries as it takes. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, func, select

from headwaters.core.errors import N_, Code, NotFound
from headwaters.store.connection import Connection, Prepared
from headwaters.store.tables import (
    blobs,
    collection_works,
    editions,
    files,
    grants,
    letters,
    order_lines,
    orders,
    payments,
    refunds,
    settings,
    threads,
    works,
)

PUBLISHED = "published"


def answers(conn: Connection) -> int:
    """Whether the database reads: how many settings there are."""
    return int(conn.execute(select(func.count()).select_from(settings)).scalar_one())


# ── works ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class FileView:
    """One file of an edition. `seconds` is whole."""

    ref: str
    role: str
    name: str
    label: str
    media_type: str
    sha256: str
    size: int
    seconds: int | None
    width: int | None
    height: int | None
    id: int = 0
    made_from: int | None = None
    recipe: str = ""
    details: str = ""
    fault: str = ""  # what was found wrong with its bytes (core.works.faults)


@dataclass(frozen=True, slots=True)
class EditionView:
    """An edition and what was new in it. Times are microseconds."""

    number: int
    published_at: int
    changes: str


@dataclass(frozen=True, slots=True)
class WorkView:
    """A work with its newest edition and that edition's files, in their order. Times are microseconds."""

    id: int
    slug: str
    state: str
    title: str
    by_line: str
    kind: str
    language: str
    year: int | None
    words: str
    description: str
    licence: str
    currency: str
    price_minor: int
    minimum_minor: int
    doors: str
    cover_alt: str
    note: str
    edition: int
    published_at: int
    files: tuple[FileView, ...]
    formats: str = ""  # as the work has them; empty: the shop's usual ones
    history: tuple[EditionView, ...] = ()  # all editions, the newest first, where they were asked for

    def of_role(self, *roles: str) -> tuple[FileView, ...]:
        """The files that play one of these roles."""
        return tuple(file for file in self.files if file.role in roles)


_WORK_COLUMNS = (
    works.c.id,
    works.c.slug,
    works.c.state,
    works.c.title,
    works.c.by_line,
    works.c.kind,
    works.c.language,
    works.c.year,
    works.c.words,
    works.c.description,
    works.c.licence,
    works.c.currency,
    works.c.price_minor,
    works.c.minimum_minor,
    works.c.doors,
    works.c.cover_alt,
    works.c.note,
)
_NEWEST = (
    select(editions.c.work_id, func.max(editions.c.number).label("number")).group_by(editions.c.work_id).subquery()
)
_WORKS = (
    select(
        *_WORK_COLUMNS,
        editions.c.number,
        editions.c.published_at,
        works.c.formats,
        editions.c.id.label("edition_id"),
    )
    .join(_NEWEST, _NEWEST.c.work_id == works.c.id)
    .join(editions, (editions.c.work_id == works.c.id) & (editions.c.number == _NEWEST.c.number))
)
_FILES = (
    select(
        files.c.edition_id,
        files.c.ref,
        files.c.role,
        files.c.name,
        files.c.label,
        files.c.media_type,
        files.c.sha256,
        files.c.size,
        files.c.seconds_micros,
        files.c.width,
        files.c.height,
        files.c.id,
        files.c.made_from,
        files.c.recipe,
        files.c.details,
        blobs.c.fault,
    )
    .select_from(files)
    .join(blobs, blobs.c.sha256 == files.c.sha256)
    .order_by(files.c.edition_id, files.c.position, files.c.id)
)

_WORK_BY_SLUG = Prepared(_WORKS.where(works.c.slug == bindparam("slug")))
_WORK_BY_ID = Prepared(_WORKS.where(works.c.id == bindparam("id")))
_IN_ORDER = (works.c.position, works.c.created_at.desc(), works.c.id.desc())
_SHOWN_WORKS = Prepared(_WORKS.where(works.c.state == PUBLISHED).order_by(*_IN_ORDER))
_HISTORY = Prepared(
    select(editions.c.number, editions.c.published_at, editions.c.changes)
    .where(editions.c.work_id == bindparam("work_id"))
    .order_by(editions.c.number.desc())
)
_EDITION_FILES = Prepared(_FILES.where(files.c.edition_id == bindparam("edition_id")))
_SHOWN_FILES = Prepared(
    _FILES.join(editions, editions.c.id == files.c.edition_id)
    .join(_NEWEST, (_NEWEST.c.work_id == editions.c.work_id) & (_NEWEST.c.number == editions.c.number))
    .join(works, works.c.id == editions.c.work_id)
    .where(works.c.state == PUBLISHED)
)


def _file(row: Sequence[Any]) -> FileView:
    _, ref, role, name, label, media_type, sha256, size, micros, *more = row
    seconds = None if micros is None else round(micros / 1_000_000)
    return FileView(ref, role, name, label, media_type, sha256, size, seconds, *more)


def _work(conn: Connection, row: Sequence[Any] | None) -> WorkView | None:
    if row is None:
        return None
    *values, formats, edition_id = row
    found = _EDITION_FILES.all(conn, edition_id=edition_id)
    return WorkView(*(*values, tuple(map(_file, found)), formats))


def work_by_slug(conn: Connection, slug: str) -> WorkView:
    """The work at an address, in whatever state it is. Raises NotFound(WORK_UNKNOWN)."""
    found = _work(conn, _WORK_BY_SLUG.first(conn, slug=slug))
    if found is None:
        raise NotFound(Code.WORK_UNKNOWN, N_("There is no such work here."))
    return found


def work_by_id(conn: Connection, work_id: int) -> WorkView:
    """The work that an order's line names, with its history. Raises NotFound(WORK_UNKNOWN)."""
    found = _work(conn, _WORK_BY_ID.first(conn, id=work_id))
    if found is None:
        raise NotFound(Code.WORK_UNKNOWN, N_("There is no such work here."))
    return replace(found, history=tuple(EditionView(*row) for row in _HISTORY.all(conn, work_id=work_id)))


def published_works(conn: Connection) -> tuple[WorkView, ...]:
    """All works that are published, as their creator ordered them, else the newest first; in two queries."""
    by_edition: dict[int, list[FileView]] = {}
    for row in _SHOWN_FILES.all(conn):
        by_edition.setdefault(row[0], []).append(_file(row))
    return tuple(
        WorkView(*(*values, tuple(by_edition.get(edition_id, ())), formats))
        for *values, formats, edition_id in _SHOWN_WORKS.all(conn)
    )


def works_in(conn: Connection, collection_id: int) -> tuple[WorkView, ...]:
    """The published works of a collection, in its order."""
    query = (
        select(collection_works.c.work_id)
        .where(collection_works.c.collection_id == collection_id)
        .order_by(collection_works.c.position, collection_works.c.id)
    )
    by_id = {work.id: work for work in published_works(conn)}
    return tuple(by_id[row.work_id] for row in conn.execute(query) if row.work_id in by_id)


# ── orders ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class LineView:
    """A work on an order. `key` is its grant's download key, None before it is granted."""

    work_id: int
    amount_minor: int
    key: str | None


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment and what went back of it. Times are microseconds."""

    reference: str
    till: str
    mode: str
    state: str
    currency: str
    amount_minor: int
    url: str | None
    session_id: str | None
    created_at: int
    expires_at: int
    settled_at: int | None
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class LetterView:
    """One letter of an order's thread."""

    ref: str
    author: str
    body: str
    wants_mail: int
    created_at: int


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with its lines, payments and letters, each in the order they came."""

    id: int
    token: str
    door: str
    state: str
    currency: str
    amount_minor: int
    email: str | None
    created_at: int
    granted_at: int | None
    expires_at: int | None
    withdrawn_at: int | None
    blocked_at: int | None  # since when the creator takes no letters from it
    country: str | None
    lines: tuple[LineView, ...]
    payments: tuple[PaymentView, ...]
    letters: tuple[LetterView, ...]


_HAS_LETTERS = select(letters.c.id).where(letters.c.order_id == orders.c.id).correlate(orders).exists()
_ORDER = Prepared(
    select(
        _HAS_LETTERS.label("has_letters"),
        orders.c.id,
        orders.c.token,
        orders.c.door,
        orders.c.state,
        orders.c.currency,
        orders.c.amount_minor,
        orders.c.email,
        orders.c.created_at,
        orders.c.granted_at,
        orders.c.expires_at,
        orders.c.withdrawn_at,
        threads.c.blocked_at,
        orders.c.country,
        order_lines.c.work_id,
        order_lines.c.amount_minor,
        grants.c.key,
    )
    .join(order_lines, order_lines.c.order_id == orders.c.id)
    .outerjoin(threads, threads.c.order_id == orders.c.id)
    .outerjoin(grants, (grants.c.order_id == orders.c.id) & (grants.c.work_id == order_lines.c.work_id))
    .where(orders.c.token == bindparam("token"))
    .order_by(order_lines.c.id)
)
_REFUNDED = (
    select(func.sum(refunds.c.amount_minor))
    .where(refunds.c.payment_id == payments.c.id, refunds.c.undone_at.is_(None))
    .correlate(payments)
).scalar_subquery()
_PAYMENTS = Prepared(
    select(
        payments.c.reference,
        payments.c.till,
        payments.c.mode,
        payments.c.state,
        payments.c.currency,
        payments.c.amount_minor,
        payments.c.url,
        payments.c.session_id,
        payments.c.created_at,
        payments.c.expires_at,
        payments.c.settled_at,
        _REFUNDED,
    )
    .where(payments.c.order_id == bindparam("order_id"))
    .order_by(payments.c.id)
)
_LETTERS = Prepared(
    select(letters.c.ref, letters.c.author, letters.c.body, letters.c.wants_mail, letters.c.created_at)
    .where(letters.c.order_id == bindparam("order_id"))
    .order_by(letters.c.id)
)
_ORDER_WIDTH = 14  # columns of the order itself and whether it has letters, before those of the line


def order_by_token(conn: Connection, token: str) -> OrderView:
    """Everything of one order. Raises NotFound(ORDER_UNKNOWN)."""
    rows = _ORDER.all(conn, token=token)
    if not rows:
        raise NotFound(Code.ORDER_UNKNOWN, N_("There is no such page."))
    has_letters, *order = rows[0][:_ORDER_WIDTH]
    order_id = order[0]
    lines = tuple(LineView(*row[_ORDER_WIDTH:]) for row in rows)
    paid = tuple(PaymentView(*(*row[:-1], int(row[-1] or 0))) for row in _PAYMENTS.all(conn, order_id=order_id))
    written = tuple(LetterView(*row) for row in _LETTERS.all(conn, order_id=order_id)) if has_letters else ()
    return OrderView(*(*order, lines, paid, written))
