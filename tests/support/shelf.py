"""Works on a shop's shelves, made straight in its database and storage: for tests and benches of downloads."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from sqlalchemy import insert, update

from headwaters.config import KEY_NAME, Config
from headwaters.core.clock import to_micros
from headwaters.core.errors import Code, HeadwatersError, NotFound, Refused
from headwaters.errands.blobs import row_of
from headwaters.errands.download import Desk
from headwaters.errands.fetching import Fetching
from headwaters.errands.house import House, refresh
from headwaters.ports import Blob, Keep
from headwaters.store.db import Connection
from headwaters.store.tables import blobs, catalogue, editions, files, grants, orders, works
from headwaters.web import fetching as web_fetching
from headwaters.web import files as web_files
from headwaters.web.keys import HOUSE
from headwaters.wiring import furnish, make_token

PUBLISHED = datetime(2026, 11, 22, 10, 30, 15, tzinfo=UTC)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Item:
    """A file to put on the shelf, from the disk or from `content`."""

    name: str
    content: bytes | Path
    media_type: str = "application/octet-stream"
    role: str = "work"
    keep: Keep = Keep.COPY
    ref: str = field(default_factory=lambda: make_token()[:13])


def config_of(folder: Path, database_url: str = "") -> Config:
    """The configuration of a shop in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / KEY_NAME).write_bytes(bytes(32))
    database = database_url.replace("postgresql+psycopg:", "postgresql:")
    return Config(shop=folder, url="http://127.0.0.1:8000", database=database if "postgresql" in database else "")


@asynccontextmanager
async def open_house(config: Config) -> AsyncIterator[House]:
    """A furnished house, as the process has it."""
    async with furnish(config) as house:
        yield house


@web.middleware
async def _errors_in_short(request: web.Request, handler: object) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)  # type: ignore[operator]
    except HeadwatersError as error:
        status = 404 if isinstance(error, NotFound) else 422 if isinstance(error, Refused) else 503
        return web.Response(status=451 if error.code is Code.WORK_WITHHELD else status, text=f"{error.code}\n")
    return answer


def app_of(house: House) -> web.Application:
    """An application with nothing but the addresses of files."""
    app = web.Application(middlewares=[_errors_in_short])
    app[HOUSE] = house
    app[web_files.DESK] = Desk(house)
    app[web_files.FETCHING] = Fetching(house, app[web_files.DESK])
    app.add_routes(web_fetching.routes)
    app.add_routes(web_files.routes)
    return app


def _keep(house: House, item: Item) -> Blob:
    if isinstance(item.content, bytes):
        return house.storage.keep_bytes(item.content)
    return house.storage.keep(item.content, item.keep, lambda done: None)


def _add_blob(conn: Connection, blob: Blob) -> None:
    values = {**asdict(row_of(blob)), "created_at": 0}
    known = conn.execute(blobs.select().where(blobs.c.sha256 == blob.sha256)).first()
    conn.execute(
        insert(blobs).values(values)
        if known is None
        else update(blobs).values(values).where(blobs.c.sha256 == blob.sha256)
    )


def _add_work(conn: Connection, slug: str, title: str) -> int:
    text = dict.fromkeys(("source", "by_line", "kind", "words", "description", "licence", "cover_alt", "note"), "")
    values = {"title": title, "language": "en", "currency": "EUR", "doors": "pay", **text, "by_line": "Alice"}
    money = {"price_minor": 500, "minimum_minor": 0, "created_at": 0, "changed_at": 0}
    statement = insert(works).values(slug=slug, state="published", **values, **money).returning(works.c.id)
    return int(conn.execute(statement).scalar_one())


def _add_edition(conn: Connection, work_id: int, number: int, at: datetime) -> int:
    values = {"fingerprint": "", "rights": "own", "rights_text": "1", "rights_at": 0, "published_at": to_micros(at)}
    return int(
        conn.execute(
            insert(editions).values(work_id=work_id, number=number, **values).returning(editions.c.id)
        ).scalar_one()
    )


async def stock(
    house: House,
    slug: str,
    items: Sequence[Item],
    *,
    number: int = 1,
    work_id: int | None = None,
    at: datetime = PUBLISHED,
) -> int:
    """Publish an edition of a work (a new work without `work_id`); the work's id."""
    kept = [_keep(house, item) for item in items]

    def add(conn: Connection) -> int:
        work = work_id or _add_work(conn, slug, slug.replace("-", " ").title())
        edition = _add_edition(conn, work, number, at)
        for position, (item, blob) in enumerate(zip(items, kept, strict=True)):
            _add_blob(conn, blob)
            conn.execute(
                insert(files).values(
                    edition_id=edition,
                    ref=item.ref,
                    position=position,
                    role=item.role,
                    name=item.name,
                    label="",
                    media_type=item.media_type,
                    sha256=blob.sha256,
                    size=blob.size,
                )
            )
        _touch(conn)
        return work

    found = await house.db.write(add)
    await refresh(house)
    return found


async def grant(house: House, work_id: int) -> str:
    """A download key of a new order of the work."""
    key, number = make_token(), next(_numbers)

    def add(conn: Connection) -> None:
        values = {"door": "cant_pay", "came_from": "", "state": "granted", "currency": "EUR", "amount_minor": 0}
        token = {"token": make_token(), "nonce": f"{number}", "created_at": 0}
        order = conn.execute(insert(orders).values(**values, **token).returning(orders.c.id)).scalar_one()
        conn.execute(insert(grants).values(order_id=order, work_id=work_id, key=key, created_at=0))

    await house.db.write(add)
    return key


async def set_state(house: House, work_id: int, state: str) -> None:
    """Retire, withhold or publish a work, and let the process see it."""

    def change(conn: Connection) -> None:
        conn.execute(update(works).where(works.c.id == work_id).values(state=state))
        _touch(conn)

    await house.db.write(change)
    await refresh(house)


def _touch(conn: Connection) -> None:
    if conn.execute(update(catalogue).values(version=catalogue.c.version + 1)).rowcount == 0:
        conn.execute(insert(catalogue).values(id=1, version=1))
