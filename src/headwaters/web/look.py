"""What pages look like: style sheets, scripts and pictures, kept in memory under an address with a hash of their bytes.

A browser keeps them for a year. The program's: `/static/<name>-<hash>`, a theme's: `/static/<theme>/<name>-<hash>`.
A style sheet is there three times: as it is, and for shops that are always light or always dark. The Studio, which has
sheets of its own, loads `common.css`: what of `pages.css` is not for public pages alone.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

from headwaters.core.errors import N_, Code, HeadwatersError, NotFound
from headwaters.core.look import RIVER, SCHEMES, TYPES
from headwaters.core.themes import RIVER_THEME, Theme
from headwaters.errands.house import House
from headwaters.errands.look import read_logo
from headwaters.errands.themes import load_theme
from headwaters.store.assets import AssetRow
from headwaters.web.colours import in_scheme, look_sheet
from headwaters.web.keys import HOUSE

routes = web.RouteTableDef()

STATIC_DIR = Path(__file__).parent.parent / "static"
FOREVER = "public, max-age=31536000, immutable"
CSS = "text/css; charset=utf-8"
_TYPES = {".css": CSS, ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_THEME_TYPES = {
    ".css": CSS,
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
}
_PACKED = frozenset({".css", ".js", ".svg"})
_HASHED = re.compile(r"(?P<stem>[a-z0-9_-]+)-[0-9a-f]{12}(?P<suffix>\.[a-z]+)", re.ASCII)
_LOOK = re.compile(rf"look-([0-9a-f]{{6}}|own)-({'|'.join(TYPES)}|own)-({'|'.join(SCHEMES)})\.css")
_LOGO_NAME = re.compile(r"logo-[0-9a-f]{16}\.webp")
_PUBLIC = re.compile(r"^/\* public: .*?(?=^/\* )", re.MULTILINE | re.DOTALL)  # a section of a style sheet
_HARMLESS = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # for a picture that is opened by itself


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages refer to. `packed` is the same, gzipped, for who takes it so; empty where it saves nothing."""

    address: str
    body: bytes
    packed: bytes
    media_type: str


def _asset(name: str, body: bytes, place: str, media_type: str) -> Asset:
    stem, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(body).hexdigest()[:12]
    packed = gzip.compress(body, mtime=0) if dot + suffix in _PACKED else b""
    return Asset(f"{place}/{stem}-{digest}{dot}{suffix}", body, packed, media_type)


def _read(folder: Path, types: Mapping[str, str], place: str) -> Iterator[tuple[str, Asset]]:
    """Every file of a folder by its name; of a style sheet also `<stem>-light.css` and `<stem>-dark.css`."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix not in types or not path.is_file() or path.is_symlink():
            continue
        body = path.read_bytes()
        yield path.name, _asset(path.name, body, place, types[path.suffix])
        if path.suffix == ".css":
            for scheme in ("light", "dark"):
                name = f"{path.stem}-{scheme}.css"
                yield name, _asset(name, in_scheme(body.decode(errors="replace"), scheme).encode(), place, CSS)


@cache
def assets() -> Mapping[str, Asset]:
    """The program's own by their names: `pages.css`."""
    found = dict(_read(STATIC_DIR, _TYPES, "/static"))
    common = _PUBLIC.sub("", found["pages.css"].body.decode())
    return {**found, "common.css": _asset("common.css", common.encode(), "/static", CSS)}


@lru_cache(maxsize=8)
def theme_assets(theme: Theme) -> Mapping[str, Asset]:
    """Those that came with a theme."""
    if theme.folder is None:
        return {}
    return dict(_read(theme.folder / "static", _THEME_TYPES, f"/static/{theme.name}"))


def address_of(name: str) -> str:
    """Where `pages.css` is."""
    return assets()[name].address


@lru_cache(maxsize=8)
def file_addresses(theme: Theme) -> Mapping[str, str]:
    """Where each file is that a theme's pages may refer to: the theme's own, and the program's."""
    return MappingProxyType({name: one.address for name, one in {**assets(), **theme_assets(theme)}.items()})


@lru_cache(maxsize=8)
def assets_by_address(theme: Theme) -> Mapping[str, Asset]:
    """The same files by where they are today."""
    return {one.address: one for one in (*assets().values(), *theme_assets(theme).values())}


def style_address(theme: Theme, scheme: str) -> str:
    """Where the style sheet of pages in this theme is."""
    name = theme.card.style or "pages.css"
    found = theme_assets(theme) if theme.card.style else assets()
    return found[name if scheme == "auto" else f"{name.removesuffix('.css')}-{scheme}.css"].address


def look_address(theme: Theme, accent: str, kind: str, scheme: str) -> str:
    """Where the sheet of a creator's own colour and type is; empty where they have none."""
    if not accent and not kind:
        return ""
    return f"/static/{theme.name}/look-{accent.removeprefix('#') or 'own'}-{kind or 'own'}-{scheme}.css"


def logo_address(logo: AssetRow) -> str:
    """Where the shop's logo is."""
    return f"/static/logo-{logo.blob.sha256[:16]}.webp"


# ── answering ────────────────────────────────────────────────────────────────────────────────────


def _nothing() -> NotFound:
    return NotFound(Code.PAGE_UNKNOWN, N_("There is no such page."))


@routes.get("/static/{name}")
async def get_static(request: web.Request) -> web.Response:
    """A file that pages refer to. One of an older version gets today's, which is not kept."""
    name = request.match_info["name"]
    if _LOGO_NAME.fullmatch(name):
        return await _logo(request)
    return _answer_asset(request, name, assets())


@routes.get("/static/{theme}/{name}")
async def get_theme_static(request: web.Request) -> web.Response:
    """A theme's file, or the sheet of a creator's own colour and type."""
    theme, name = _theme(request.app[HOUSE], request.match_info["theme"]), request.match_info["name"]
    if look := _LOOK.fullmatch(name):
        accent, kind, scheme = look.groups()
        body = look_sheet("" if accent == "own" else f"#{accent}", "" if kind == "own" else kind, scheme, theme.card)
        return _answer(body, CSS, FOREVER)
    return _answer_asset(request, name, theme_assets(theme))


def _theme(house: House, name: str) -> Theme:
    if name == RIVER:
        return RIVER_THEME
    if name == house.now.dress.theme.name:
        return house.now.dress.theme
    try:
        return load_theme(house.config.shop, name)  # one that its creator only tries on
    except HeadwatersError:
        raise _nothing() from None


def _answer_asset(request: web.Request, name: str, among: Mapping[str, Asset]) -> web.Response:
    hashed = _HASHED.fullmatch(name)
    asset = among.get(hashed["stem"] + hashed["suffix"]) if hashed else None
    if asset is None:
        raise _nothing()
    body, headers = asset_answer(asset, request.headers, FOREVER if asset.address == request.path else "no-cache")
    return web.Response(body=body, headers=headers)


def asset_answer(asset: Asset, asked: Mapping[str, str], keep: str) -> tuple[bytes, Mapping[str, str]]:
    """The body and the headers for who asks with the headers `asked`."""
    if asset.packed and "gzip" in asked.get("accept-encoding", ""):
        return asset.packed, _headers(asset.media_type, keep, {"Content-Encoding": "gzip"})
    return asset.body, _headers(asset.media_type, keep)


def _answer(body: bytes, media_type: str, keep: str, more: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=body, headers=_headers(media_type, keep, more))


def _headers(media_type: str, keep: str, more: Mapping[str, str] | None = None) -> Mapping[str, str]:
    headers = {"Content-Type": media_type, "Cache-Control": keep, "Vary": "Accept-Encoding", **(more or {})}
    if media_type == "image/svg+xml":
        headers["Content-Security-Policy"] = _HARMLESS
    return headers


async def _logo(request: web.Request) -> web.Response:
    """The logo that is up; one that was taken down is gone."""
    house = request.app[HOUSE]
    logo = house.now.logo
    if logo is None or logo_address(logo) != request.path:
        raise _nothing()
    more = {"Content-Security-Policy": _HARMLESS}
    return _answer(await read_logo(house, logo), logo.media_type, FOREVER, more)
