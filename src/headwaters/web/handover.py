"""Large files by way of a proxy in front: we say which, by `X-Accel-Redirect`, and nginx or Caddy sends it.

What a request gets is decided here all the same: who may have it, whether it is still as it was published, conditions,
odd ranges. A proxy gets those answers only that are a whole file or one plain range of it, so that it has nothing left
to decide: its own idea of an ETag never meets a reader's.
"""

from __future__ import annotations

import re

from aiohttp import web

from headwaters.config import Config
from headwaters.core.shelf.ranges import Plan
from headwaters.errands.download import Desk, Download
from headwaters.web.limits import is_trusted

ASKED = "X-Sendfile-Type"  # what a proxy says that can do it, as others ask for it (Rack::Sendfile)
HANDED = "X-Accel-Redirect"

_PLAIN_RANGE = re.compile(r"bytes=(\d{1,18}-\d{0,18}|-\d{1,18})", re.ASCII)
_OWN_CONDITIONS = ("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
_ITS_OWN = frozenset({"Content-Length", "Content-Range"})  # the proxy says these


def hand_over(
    request: web.Request, planned: Plan, download: Download, desk: Desk
) -> tuple[tuple[str, str], ...] | None:
    """The plan's headers for a proxy that is to send the body; None where we do. Raises as `Desk.file`."""
    place = desk.place_of(download) if _may(request, planned, desk.config) else None
    if place is None:
        return None
    return (*(pair for pair in planned.headers if pair[0] not in _ITS_OWN), (HANDED, desk.config.accel + place))


def _may(request: web.Request, planned: Plan, config: Config) -> bool:
    """Whether the proxy wants it, and would come to the very plan that is ours."""
    if not config.accel or request.headers.get(ASKED) != HANDED or not is_trusted(request.remote or "", config.proxies):
        return False
    if len(planned.segments) != 1 or any(name in request.headers for name in _OWN_CONDITIONS):
        return False
    asked = request.headers.getall("Range", [])
    if not asked:
        return planned.status == 200
    return planned.status == 206 and len(asked) == 1 and _PLAIN_RANGE.fullmatch(asked[0]) is not None
