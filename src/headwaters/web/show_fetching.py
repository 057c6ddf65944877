"""From a parcel to what pages say of other ways to fetch it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from headwaters.core.shelf import ways
from headwaters.core.shelf.metalink import under
from headwaters.core.works.media import format_name
from headwaters.errands.fetching import magnet_of
from headwaters.store.fetching import Parcel
from headwaters.store.pages import FileView
from headwaters.web.contexts.fetching import Fetch, FreeFile, FreeWork, Mirror
from headwaters.web.format import Format

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


def free_work(url: str, files: Sequence[FileView], parcel: Parcel, said: Format) -> FreeWork | None:
    """What everybody may take; `files`: what is given of the work, as its page shows it. None: there is nothing."""
    way = ways.free_way(parcel.edition.slug)
    if not files:
        return None
    listed = tuple(
        FreeFile(
            label=file.label or file.name,
            name=file.name,
            format=format_name(file.media_type, file.name),
            length=said.length(file.seconds) if file.seconds else "",
            size=said.size(file.size),
            href=ways.file_at(way, file.ref, file.name),
            media_type=file.media_type,
        )
        for file in files
    )
    return FreeWork(
        files=listed,
        archive=ways.archive_at(way) if len(files) > 1 else "",
        size=said.size(sum(file.size for file in files)),
        fetch=said_fetch(url, way, parcel),
    )
