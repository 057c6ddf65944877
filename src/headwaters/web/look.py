"""What pages look like: the style sheet, script and icon, kept in memory under an address with a hash of their content.

A browser keeps them for a year. An accent colour is a style sheet of its own whose address says the colour, so that any
process can make it: `/static/accent-0d4a68.css`.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web

from headwaters.core.errors import N_, Code, NotFound

routes = web.RouteTableDef()

STATIC_DIR = Path(__file__).parent.parent / "static"
FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_ACCENT = re.compile(r"accent-([0-9a-f]{6})\.css")
_HASHED = re.compile(r"(?P<stem>[a-z-]+)-[0-9a-f]{12}(?P<suffix>\.[a-z]+)")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages refer to. `packed` is the same, gzipped, for who takes it so."""

    address: str
    body: bytes
    packed: bytes
    media_type: str


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:12]
    address = f"/static/{path.stem}-{digest}{path.suffix}"
    return Asset(address, body, gzip.compress(body, mtime=0), _TYPES[path.suffix])


@cache
def assets() -> Mapping[str, Asset]:
    """All of them by their own names: `pages.css`."""
    return {path.name: _asset(path) for path in sorted(STATIC_DIR.iterdir()) if path.suffix in _TYPES}


def address_of(name: str) -> str:
    """Where `pages.css` is."""
    return assets()[name].address


def accent_address(colour: str) -> str:
    """Where the style sheet of an accent such as #0d4a68 is; empty for none."""
    return f"/static/accent-{colour[1:].lower()}.css" if colour else ""


@routes.get("/static/{name}")
async def get_static(request: web.Request) -> web.Response:
    """A file that pages refer to. One of an older version gets today's, which is not kept."""
    name = request.match_info["name"]
    if accent := _ACCENT.fullmatch(name):
        return _answer(request, accent_sheet(accent[1]), "text/css; charset=utf-8", FOREVER)
    hashed = _HASHED.fullmatch(name)
    asset = assets().get(hashed["stem"] + hashed["suffix"]) if hashed else None
    if asset is None:
        raise NotFound(Code.PAGE_UNKNOWN, N_("There is no such page."))
    keep = FOREVER if asset.address == request.path else "no-cache"
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return _answer(request, asset.packed, asset.media_type, keep, {"Content-Encoding": "gzip"})
    return _answer(request, asset.body, asset.media_type, keep)


def _answer(
    request: web.Request, body: bytes, media_type: str, keep: str, more: Mapping[str, str] | None = None
) -> web.Response:
    headers = {"Content-Type": media_type, "Cache-Control": keep, "Vary": "Accept-Encoding", **(more or {})}
    return web.Response(body=body, headers=headers)


# ── accent colours ───────────────────────────────────────────────────────────────────────────────

Colour = tuple[int, int, int]
_PAPERS: tuple[Colour, Colour] = ((0xFB, 0xFA, 0xF6), (0x14, 0x19, 0x1C))  # light, dark: as in pages.css
_RAISED: tuple[Colour, Colour] = ((0xFF, 0xFF, 0xFF), (0x1D, 0x24, 0x28))
_BLACK: Colour = (0x0B, 0x12, 0x16)
_WHITE: Colour = (0xFF, 0xFF, 0xFF)
_ENOUGH = 5.5  # to 1; WCAG 2.2 asks for 4.5, and washes take some of it


def luminance(colour: Colour) -> float:
    """WCAG 2.2's relative luminance, 0 to 1."""
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.2's contrast ratio, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _towards(colour: Colour, goal: Colour, step: int) -> Colour:
    red, green, blue = (part + (end - part) * step // 40 for part, end in zip(colour, goal, strict=True))
    return red, green, blue


def readable(colour: Colour, papers: tuple[Colour, ...], goal: Colour) -> Colour:
    """`colour`, moved towards `goal` only as far as it takes to read it on each of `papers`."""
    shades = (_towards(colour, goal, step) for step in range(41))
    return next((shade for shade in shades if min(contrast(shade, paper) for paper in papers) >= _ENOUGH), goal)


def _css(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def accent_sheet(digits: str) -> bytes:
    """The custom properties of an accent in both schemes, always readable, from six hexadecimal digits."""
    colour: Colour = (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))
    sheets = []
    for paper, raised, goal in zip(_PAPERS, _RAISED, (_BLACK, _WHITE), strict=True):
        river = readable(colour, (paper, raised), goal)
        ink = _BLACK if contrast(_BLACK, river) > contrast(_WHITE, river) else _WHITE
        sheets.append(f":root{{--river:{_css(river)};--river-ink:{_css(ink)}}}")
    light, dark = sheets
    return f"{light}\n@media (prefers-color-scheme:dark){{{dark}}}\n".encode()
