"""Works and orders put straight into a shop, for what pages show: real rows and real bytes, without a publisher."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from headwaters.actions.works import Publication, Published, publish_edition
from headwaters.core.sales.doors import Take
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.works.details import Defaults
from headwaters.core.works.editions import EditionFile, Rights, Role
from headwaters.core.works.manifest import Said
from headwaters.core.works.media import WorkKind
from headwaters.errands.blobs import row_of
from headwaters.errands.house import House, refresh
from headwaters.errands.take import Taken, take
from headwaters.store import sales as sales_rows
from headwaters.store.works import BlobRow
from headwaters.wiring import make_token


@dataclass(frozen=True)
class Part:
    """A file of a work. `pretend` is a size that only the page sees."""

    name: str
    content: bytes = b"content"
    media_type: str = "text/plain"
    role: Role = Role.WORK
    label: str = ""
    seconds: int | None = None
    width: int | None = None
    height: int | None = None
    pretend: int | None = None


def painted(size: tuple[int, int], name: str = "art.webp") -> Part:
    """A cover's picture of this size."""
    data = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(data, "WEBP")
    return Part(name, data.getvalue(), "image/webp", Role.ART, width=size[0], height=size[1])


def _row(house: House, part: Part) -> tuple[EditionFile, BlobRow]:
    blob = house.storage.keep_bytes(part.content)
    size = part.pretend or blob.size
    micros = part.seconds * 1_000_000 if part.seconds is not None else None
    file = EditionFile(
        part.role, part.name, part.label, part.media_type, blob.sha256, size, micros, part.width, part.height
    )
    return file, row_of(blob)


async def publish(house: House, title: str, parts: Sequence[Part] = (), *, changes: str = "", **said: Any) -> Published:
    """Publish `parts` as a work called `title`; `said` as in work.toml, `changes` is what is new in the edition."""
    kept = [_row(house, part) for part in parts or (Part("text.txt"),)]
    publication = Publication(
        source=f"/made/for/{title}",
        said=replace(Said(title=title, rights=Rights.OWN), **said),
        defaults=Defaults(title, "Alice", WorkKind.OTHER, "en", "EUR"),
        files=tuple(file for file, _ in kept),
        blobs=tuple({row.sha256: row for _, row in kept}.values()),
        changes=changes,
    )
    refs = [make_token()[:13] for _ in kept]
    now = house.clock()
    published = await house.db.write(lambda conn: publish_edition(conn, publication, refs, now))
    await refresh(house)
    return published


async def order(
    house: House,
    slug: str,
    door: Door = Door.CANT_PAY,
    *,
    amount: int = 500,
    till: str | None = "practice",
    email: str | None = None,
    letter: str | None = None,
) -> Taken:
    """Take a work through a door."""
    work = await house.db.read(lambda conn: sales_rows.work_for_sale(conn, slug))
    money = Money(amount, work.currency) if door is Door.PAY else None
    return await take(house, Take(door, money, email, letter, make_token(), "", till), work)
