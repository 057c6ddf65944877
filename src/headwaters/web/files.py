"""The addresses of files: what a download key opens, and the samples and art of published works.

Names at the end of an address are decoration: what counts is the key and the reference before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from aiohttp import web

from headwaters.core.shelf.digests import digest_headers
from headwaters.core.shelf.keys import content_disposition
from headwaters.core.shelf.ranges import begins, plan
from headwaters.core.shelf.ways import held_way
from headwaters.errands.download import Desk, Download, Part
from headwaters.errands.fetching import Fetching, links_of
from headwaters.web.handover import as_it_is, hand_over
from headwaters.web.keys import HOUSE
from headwaters.web.sending import PartsResponse

routes = web.RouteTableDef()

Headers = tuple[tuple[str, str], ...]

SMALL = 64 << 10  # bytes of a body that go out in one piece with the headers
PRIVATE = (
    ("Cache-Control", "private, no-transform"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
)
_QUIET = PRIVATE[1:]
PUBLIC = (("Cache-Control", "public, max-age=31536000, immutable, no-transform"),)

# What a browser plays or shows in place without running anything of it. Never HTML, SVG or XML. These go without the
# sandbox: Chromium plays no film in one, as it asks for it again from nobody's origin.
INLINE = frozenset(
    {
        "application/epub+zip",
        "application/pdf",
        "audio/aac",
        "audio/flac",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/opus",
        "audio/wav",
        "audio/webm",
        "audio/x-flac",
        "audio/x-m4a",
        "audio/x-wav",
        "image/avif",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/plain",
        "video/mp4",
        "video/ogg",
        "video/quicktime",
        "video/webm",
        "video/x-m4v",
    }
)
_PASSIVE = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; form-action 'none'"
_SANDBOX = f"sandbox; {_PASSIVE}"
_CONDITIONS = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range")

DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
FETCHING: web.AppKey[Fetching] = web.AppKey("fetching", Fetching)


@routes.get("/d/{key}/everything.zip")
async def get_everything(request: web.Request) -> web.StreamResponse:
    """The newest edition as one archive, made on the way."""
    key = request.match_info["key"]
    download = await request.app[DESK].everything(key)
    return await send(request, download, PRIVATE, partial(request.app[HOUSE].downloads.begun, key))


@routes.get("/d/{key}/everything-{recipe:[a-z0-9-]{1,40}}.zip")
async def get_everything_in_a_format(request: web.Request) -> web.StreamResponse:
    """The same with the files of one format in the places of their originals."""
    key = request.match_info["key"]
    download = await request.app[DESK].everything(key, request.match_info["recipe"])
    return await send(request, download, PRIVATE, partial(request.app[HOUSE].downloads.begun, key))


@routes.get("/d/{key}/{ref}")
@routes.get("/d/{key}/{ref}/{name:.*}")
async def get_file(request: web.Request) -> web.StreamResponse:
    """A file of a work."""
    key, ref = request.match_info["key"], request.match_info["ref"]
    download = await request.app[DESK].file(key, ref)
    links = links_of(held_way(key), await request.app[FETCHING].held(key), ref)
    return await send(request, download, PRIVATE, partial(request.app[HOUSE].downloads.begun, key), links)


@routes.get("/w/{slug}/f/{ref}/{name:.*}")
async def get_public_file(request: web.Request) -> web.StreamResponse:
    """A sample of a work or its art, for everybody."""
    download = await request.app[DESK].public_file(request.match_info["slug"], request.match_info["ref"])
    return await send(request, download, PUBLIC)


async def send(
    request: web.Request,
    download: Download,
    caching: Headers,
    begun: Callable[[], None] | None = None,
    links: Headers = (),
) -> web.StreamResponse:
    """The answer to a request for a download. `begun` is called where one begins; `links` say where else it is."""
    conditions = {name: ", ".join(found) for name in _CONDITIONS if (found := request.headers.getall(name, None))}
    planned = plan(request.method, conditions, download.representation)
    if begun is not None and begins(planned):
        begun()
    if planned.status >= 400:  # one odd request must not stand for the file in everybody's cache
        caching, links = (("Cache-Control", "no-store"), *caching[1:]), ()
    handed = hand_over(request, planned, download, request.app[DESK]) if planned.length > SMALL else None
    if handed and links:  # nginx before 1.23 passes on one of several lines
        links = (("Link", ", ".join(value for _, value in links)),)
    headers = [*(handed or planned.headers), *caching, *links, *_about(request, download, planned.status)]
    if handed:
        return web.Response(headers=headers)
    if planned.status in (200, 206):
        headers += as_it_is(request)
    parts = download.parts(planned.segments)
    if begun is not None and (address := await _elsewhere(request, download, planned.status, conditions)):
        return web.Response(status=307, headers=[("Location", address), ("Cache-Control", "no-store"), *links, *_QUIET])
    if planned.length > SMALL:
        return PartsResponse(planned.status, headers, *await request.app[DESK].begin(parts))
    body = await _read(request.app[DESK], parts)
    return web.Response(status=planned.status, headers=headers, body=body if planned.segments else None)


async def _elsewhere(
    request: web.Request, download: Download, status: int, conditions: Mapping[str, str]
) -> str | None:
    """Where a store has it, and answers instead, conditions and ranges too. Whoever goes on with what came from us,
    by our tag, gets the rest from us; several ranges at once are few stores' art."""
    if status not in (200, 206) or "inline" in request.query or download.representation.size <= SMALL:
        return None
    if any(download.representation.etag in value for value in conditions.values()) or "," in conditions.get(
        "Range", ""
    ):
        return None
    return await request.app[DESK].elsewhere(download, request.method)


async def _read(desk: Desk, parts: Iterable[Part]) -> bytes:
    """A small body, whole."""
    body = bytearray()
    parts, open_blob = await desk.begin(parts)
    for part in parts:
        if isinstance(part, bytes):
            body += part
        else:
            blob, offset, length = part
            with open_blob(blob) as source:
                body += await source.read(offset, length)
    return bytes(body)


def _about(request: web.Request, download: Download, status: int) -> Iterator[tuple[str, str]]:
    """How a browser is to treat it, and what proves that it is whole."""
    media_type = download.representation.media_type.partition(";")[0]
    shown = "inline" in request.query and media_type in INLINE
    yield "Content-Security-Policy", _PASSIVE if shown else _SANDBOX
    yield "X-Content-Type-Options", "nosniff"
    if status in (200, 206):
        yield "Content-Disposition", content_disposition("inline" if shown else "attachment", download.name)
        if download.sha256 is not None:
            wanted = (request.headers.get(name, "") for name in ("Want-Repr-Digest", "Want-Digest"))
            yield from digest_headers(download.sha256, *wanted)
