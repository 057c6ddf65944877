"""What programs fetch by, below a download key, and of free works for everybody: sums, Metalink, torrent, web seed.

Both have the same addresses (`core.shelf.ways`). These stand before those of files, whose references look otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from headwaters.core.shelf import metalink, torrents
from headwaters.core.shelf.archive import SUMS
from headwaters.core.shelf.keys import content_disposition
from headwaters.core.shelf.ways import free_way, held_way
from headwaters.errands.download import Download
from headwaters.errands.fetching import links_of, metalink_of, sums_of
from headwaters.store.fetching import Parcel
from headwaters.web.files import DESK, FETCHING, PRIVATE, Headers, send
from headwaters.web.keys import HOUSE

routes = web.RouteTableDef()

_REF = "{ref:[a-z2-7]{13}}"
# Of a free work: an hour, so that what is withheld, retired or not free any more is nowhere kept for long.
PUBLIC = (("Cache-Control", "public, max-age=3600, no-transform"),)
_NEWEST = {True: "private, no-cache, no-transform", False: "public, max-age=300, no-transform"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which parcel is asked for, and by whom."""

    way: str
    parcel: Parcel
    private: bool
    begun: Callable[[], None]

    @property
    def caching(self) -> Headers:
        """How its files may be kept."""
        return PRIVATE if self.private else PUBLIC


async def _asked(request: web.Request) -> _Asked:
    house, fetching, found = request.app[HOUSE], request.app[FETCHING], request.match_info
    if (key := found.get("key")) is not None:
        return _Asked(held_way(key), await fetching.held(key), True, partial(house.downloads.begun, key))
    slug = found["slug"]
    parcel = await fetching.free(slug)
    return _Asked(free_way(slug), parcel, False, partial(house.fetched.begun, parcel.work_id))


def _document(asked: _Asked, body: bytes, media_type: str, name: str) -> web.Response:
    kind = "inline" if media_type.startswith("text/plain") else "attachment"
    headers = [
        *(PRIVATE if asked.private else ()),
        ("Content-Type", media_type),
        ("Content-Disposition", content_disposition(kind, name)),
        ("Content-Security-Policy", "sandbox; default-src 'none'"),
    ]
    answer = web.Response(body=body, headers=headers)
    answer.headers["Cache-Control"] = _NEWEST[asked.private]
    return answer


@routes.get("/d/{key}/SHA256SUMS")
@routes.get("/w/{slug}/get/SHA256SUMS")
async def get_sums(request: web.Request) -> web.Response:
    """The SHA-256 of each file of the newest edition, for sha256sum."""
    asked = await _asked(request)
    return _document(asked, sums_of(asked.parcel), "text/plain; charset=utf-8", SUMS)


@routes.get("/d/{key}/all.meta4")
@routes.get("/w/{slug}/get/all.meta4")
async def get_metalink(request: web.Request) -> web.Response:
    """The Metalink of the newest edition."""
    asked = await _asked(request)
    body = metalink_of(request.app[HOUSE].config.url, asked.way, asked.parcel)
    return _document(asked, body, metalink.MEDIA_TYPE, f"{asked.parcel.edition.slug}.meta4")


@routes.get(f"/d/{{key}}/{_REF}.meta4")
@routes.get(f"/w/{{slug}}/get/{_REF}.meta4")
async def get_file_metalink(request: web.Request) -> web.Response:
    """The Metalink of one file of it."""
    asked, ref = await _asked(request), request.match_info["ref"]
    body = metalink_of(request.app[HOUSE].config.url, asked.way, asked.parcel, ref)
    name = next(file.name for file in asked.parcel.files if file.ref == ref)
    return _document(asked, body, metalink.MEDIA_TYPE, f"{name}.meta4")


@routes.get("/d/{key}/all.torrent")
@routes.get("/w/{slug}/get/all.torrent")
async def get_torrent(request: web.Request) -> web.Response:
    """The torrent of the newest edition, with this way as its web seed."""
    asked = await _asked(request)
    body = await request.app[FETCHING].torrent(asked.parcel, asked.way)
    edition = asked.parcel.edition
    name = torrents.folder_name(edition.slug, edition.number)
    return _document(asked, body, torrents.MEDIA_TYPE, f"{name}.torrent")


@routes.get("/d/{key}/seed/{edition:[1-9][0-9]{0,8}}/{path:.+}")
@routes.get("/w/{slug}/get/seed/{edition:[1-9][0-9]{0,8}}/{path:.+}")
async def get_seed(request: web.Request) -> web.StreamResponse:
    """A file of a torrent of an edition, by the torrent's own path."""
    asked = await _asked(request)
    number, path = int(request.match_info["edition"]), request.match_info["path"]
    download = await request.app[FETCHING].seeded(asked.parcel, number, path)
    return await send(request, download, asked.caching, asked.begun)


# ── free works ───────────────────────────────────────────────────────────────────────────────────


@routes.get("/w/{slug}/get/everything.zip")
@routes.get("/w/{slug}/get/everything-{recipe:[a-z0-9-]{1,40}}.zip")
async def get_everything(request: web.Request) -> web.StreamResponse:
    """The newest edition of a free work as one archive, as it was given or in a format."""
    asked, recipe = await _asked(request), request.match_info.get("recipe", "")
    download = await request.app[DESK].everything_of(asked.parcel.work_id, recipe)
    return await send(request, download, asked.caching, asked.begun)


@routes.get(f"/w/{{slug}}/get/{_REF}")
@routes.get(f"/w/{{slug}}/get/{_REF}/{{name:.*}}")
async def get_free_file(request: web.Request) -> web.StreamResponse:
    """A file of a free work."""
    asked, ref = await _asked(request), request.match_info["ref"]
    download: Download = await request.app[DESK].file_of(asked.parcel.work_id, ref)
    return await send(request, download, asked.caching, asked.begun, links_of(asked.way, asked.parcel, ref))
