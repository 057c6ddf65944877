"""What the shop looks like: a picture becomes its logo, and a form of the Studio is kept whole or not at all."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from headwaters.actions import look as verbs
from headwaters.core.errors import N_, Code, Refused, TooLarge
from headwaters.core.look import LOGO, mark
from headwaters.core.works.content import HEAD_BYTES, Content, sniff
from headwaters.errands.blobs import blob_of, row_of
from headwaters.errands.house import House, refresh
from headwaters.errands.themes import load_theme
from headwaters.store.assets import AssetRow, read_asset

LARGEST_LOGO = 8 << 20  # bytes, as it is sent
MOST_LOGO_PIXELS = 25_000_000  # that a logo may unpack to: 100 MB for a moment, whoever sends it
LOGO_HEIGHT = 240  # pixels that are kept: three for each that a page shows it with
LOGO_WIDTH = 960
_SVG = (b"<svg", b"<?xml", b"<!doctype svg", b"<html", b"<!doctype html")
_EXTENSIONS = {Content.PNG: "png", Content.JPEG: "jpg", Content.WEBP: "webp", Content.AVIF: "avif", Content.GIF: "gif"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture as it came: its bytes, and what it was called."""

    name: str
    data: bytes


# ── logo ─────────────────────────────────────────────────────────────────────────────────────────


async def make_logo(house: House, upload: Upload) -> AssetRow:
    """Read a picture, and keep it as a small WebP with nothing of the original but its pixels.

    Raises Refused(LOGO_UNREADABLE), TooLarge(LOGO_TOO_LARGE), Refused(DISK_FULL).
    """
    if len(upload.data) > LARGEST_LOGO:
        raise logo_too_large()
    return await asyncio.to_thread(_make_logo, house, upload)


def logo_too_large() -> TooLarge:
    """What is said of a file that is far larger than any logo."""
    return TooLarge(
        Code.LOGO_TOO_LARGE,
        N_("This file is too large for a logo: %(most)d MB at most."),
        hint=N_("Save a smaller copy of it; %(wide)d pixels across are plenty."),
        field=LOGO,
        most=LARGEST_LOGO >> 20,
        wide=LOGO_WIDTH,
    )


def _make_logo(house: House, upload: Upload) -> AssetRow:
    _refuse_drawing(upload.data)
    extension = _EXTENSIONS.get(sniff(upload.data[:HEAD_BYTES]))
    if extension is None:
        raise _unreadable()
    with tempfile.TemporaryDirectory(dir=house.config.shop, prefix=".logo-") as folder:
        path = Path(folder) / f"logo.{extension}"  # what its sender called it does not count
        path.write_bytes(upload.data)
        try:
            seen = house.media.look(path)
            if not (seen.width and seen.height):
                raise _unreadable()
            if seen.width * seen.height > MOST_LOGO_PIXELS:
                raise _too_many_pixels()
            picture = house.media.pictures(path, (_width(seen.width, seen.height),))[0]
        except Refused as refused:
            raise refused if refused.code is Code.LOGO_UNREADABLE else _unreadable() from None
    kept = row_of(house.storage.keep_bytes(picture.data))
    return AssetRow(LOGO, picture.media_type, picture.width, picture.height, kept)


def _width(width: int, height: int) -> int:
    """As wide as it is to be, so that it is no higher than LOGO_HEIGHT."""
    return max(1, min(width, LOGO_WIDTH, round(LOGO_HEIGHT * width / height)))


def _refuse_drawing(data: bytes) -> None:
    """An SVG is a program as much as a picture: it can carry scripts and call other hosts."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(_SVG):
        raise Refused(
            Code.LOGO_UNREADABLE,
            N_("An SVG cannot be a logo here: it may carry scripts."),
            hint=N_("Save it as a PNG, about %(wide)d pixels across."),
            field=LOGO,
            wide=LOGO_WIDTH,
        )


def _unreadable() -> Refused:
    return Refused(
        Code.LOGO_UNREADABLE,
        N_("This file cannot be read as a picture."),
        hint=N_("Save it anew as PNG, JPEG, WebP or AVIF."),
        field=LOGO,
    )


def _too_many_pixels() -> Refused:
    return Refused(
        Code.LOGO_UNREADABLE,
        N_("This picture is too large: %(most)s million pixels at most."),
        hint=N_("Save a smaller copy of it."),
        field=LOGO,
        most=MOST_LOGO_PIXELS // 1_000_000,
    )


async def read_logo(house: House, logo: AssetRow) -> bytes:
    """Its bytes. Raises Unavailable(BLOB_MISSING | BLOB_CHANGED)."""
    with house.storage.open(blob_of(logo.blob)) as source:
        return await source.read(0, logo.blob.size)


async def set_logo(house: House, upload: Upload, who: int | None) -> bool:
    """Put it up by itself; False when it is up already."""
    logo, now = await make_logo(house, upload), house.clock()
    changed = await house.db.write(lambda conn: verbs.put_logo(conn, logo, read_asset(conn, LOGO), who, now))
    await refresh(house)
    return changed


async def drop_logo(house: House, who: int | None) -> bool:
    """Take it away; False when there is none."""
    now = house.clock()
    changed = await house.db.write(lambda conn: verbs.take_logo_away(conn, who, now))
    await refresh(house)
    return changed


# ── the form ─────────────────────────────────────────────────────────────────────────────────────


def check_theme_name(house: House, values: Mapping[str, str]) -> None:
    """Refuse a theme that is not there, or cannot be used, before it is kept. Raises Refused(THEME_UNKNOWN |
    THEME_BROKEN)."""
    if name := values.get("theme", ""):
        load_theme(house.config.shop, name)


async def keep_look(house: House, form: verbs.LookForm, upload: Upload | None, who: int) -> bool:
    """Keep what a form of the Studio says; whether that changed anything.

    Raises as change_look, make_logo and load_theme.
    """
    if form.started.get("theme") != mark(form.typed.get("theme", "")):
        check_theme_name(house, form.typed)
    if upload is not None:
        form = replace(form, logo=await make_logo(house, upload))
    now = house.clock()
    changed = await house.db.write(lambda conn: verbs.change_look(conn, form, who, now))
    await refresh(house)
    return changed
