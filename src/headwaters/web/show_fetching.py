"""From a parcel to what pages say of other ways to fetch it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from headwaters.core.shelf import ways
from headwaters.core.shelf.metalink import under
from headwaters.core.works.media import format_name
from headwaters.errands.fetching import magnet_of
from headwaters.store.fetching import Parcel
from headwaters.store.pages import WorkView
from headwaters.store.shelf import GIVEN_ROLES
from headwaters.web.contexts.fetching import Fetch, Mirror
from headwaters.web.contexts.free import FreeFile, FreeWork
from headwaters.web.format import Format
from headwaters.web.show_formats import held_formats, shelf_tables
from headwaters.web.show_trouble import held_trouble, shelf_trouble

_KEY = f"key{secrets.token_hex(11)}"  # stands for a reader's key, so that a page is made once for all of them


def said_fetch(url: str, way: str, parcel: Parcel) -> Fetch:
    """The ways below `way` to what a work's newest edition has. `url`: the shop's."""
    return Fetch(
        sums=ways.sums_at(way),
        metalink=ways.meta4_at(way),
        torrent=ways.torrent_at(way) if parcel.torrent else "",
        magnet=magnet_of(url, way, parcel),
        mirrors=tuple(_mirror(base, parcel) for base in parcel.mirrors),
        private=way.startswith("/d/"),
    )


def _mirror(base: str, parcel: Parcel) -> Mirror:
    given = parcel.given
    return Mirror(urlsplit(base).netloc, under(base, given[0].name) if len(given) == 1 else base)


def fetch_for_all(url: str, parcel: Parcel | None) -> Fetch | None:
    """The same for every holder of a work, but for the key."""
    return said_fetch(url, ways.held_way(_KEY), parcel) if parcel and parcel.given else None


def fetch_with(fetch: Fetch, key: str) -> Fetch:
    """`fetch_for_all` for who has `key`."""
    texts = {name: getattr(fetch, name).replace(_KEY, key) for name in ("sums", "metalink", "torrent", "magnet")}
    return replace(fetch, **texts)


def fetch_json(fetch: Fetch | None, url: str) -> dict[str, Any]:
    """What the machine twin of an order page says of it."""
    told = (fetch.sums, fetch.metalink, fetch.torrent) if fetch else ("", "", "")
    names = ("sums", "metalink", "torrent")
    addresses = {name: url + path if path else None for name, path in zip(names, told, strict=True)}
    mirrors = [mirror.href for mirror in fetch.mirrors] if fetch else []
    return {**addresses, "magnet": (fetch.magnet or None) if fetch else None, "mirrors": mirrors}


def free_work(url: str, work: WorkView, parcel: Parcel, usual: str, said: Format) -> FreeWork | None:
    """What everybody may take of a work; `usual`: the shop's formats. None: there is nothing."""
    way, files = ways.free_way(work.slug), work.of_role(*GIVEN_ROLES)
    if not files:
        return None
    tables = shelf_tables(work, usual, parcel.coming, said)
    listed = tuple(
        FreeFile(
            label=file.label or file.name,
            name=file.name,
            format=format_name(file.media_type, file.name),
            length=said.length(file.seconds) if file.seconds else "",
            size=said.size(file.size),
            href=ways.file_at(way, file.ref, file.name),
            media_type=file.media_type,
            trouble=held_trouble(shelf_trouble(file, tables, parcel, said), way),
        )
        for file in files
    )
    return FreeWork(
        files=listed,
        archive=ways.archive_at(way) if len(files) > 1 else "",
        lacking=sum(file.fault != "" for file in files),
        size=said.size(sum(file.size for file in files)),
        formats=held_formats(tables, way),
        fetch=said_fetch(url, way, parcel),
    )
