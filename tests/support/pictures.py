"""Pictures of every page, in three widths and both colour schemes: `python -m tests.support.pictures [--out DIR]`.

A filled shop is served, the application's own addresses are walked so that no page is forgotten, and an `index.html`
beside the pictures lays them out to be looked at.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from headwaters.store.db import migrate
from tests.support.browser import FLAGS
from tests.support.gallery import Gallery, gallery
from tests.support.gallery_studio import fill_studio
from tests.support.needs import ROOT, need

WIDTHS = (320, 768, 1280)
SCHEMES = ("light", "dark")
_PLACEHOLDER = re.compile(r"\{[^}]+\}")

# Addresses that answer with something else than a page.
NO_PAGES = frozenset(
    {
        *(
            f"{way}/{what}"
            for way in ("/d/{key}", "/w/{slug}/get")
            for what in (
                "SHA256SUMS",
                "all.meta4",
                "all.torrent",
                "everything.zip",
                "everything-{recipe}.zip",
                "seed/{edition}/{path}",
                "{ref}",
                "{ref}.meta4",
                "{ref}/{name}",
            )
        ),
        "/d/{key}/everything-{recipe}.zip",
        "/healthz",
        "/o/{token}.json",
        "/o/{token}/back",  # leads to the order page
        "/robots.txt",
        "/static/{name}",
        "/static/{theme}/{name}",
        "/studio/drafts/{draft}/progress",
        "/studio/letters/{order_id}/saved/{saved_id}",  # words for the script
        "/studio/look/accent",  # a colour for the script
        "/studio/uploads/",
        "/w/{slug}/f/{ref}/{name}",
        "/w/{slug}/read",  # leads to the first page
        "/w/{slug}/read/{book}/p/{name}",
        "/d/{key}/{ref}/read",
        "/d/{key}/{ref}/read/p/{name}",
    }
)
_SUFFIXES = (".csv", ".json", ".js", ".css", ".png", ".svg", ".txt")

# For addresses with a placeholder: what to put there. What the gallery knows is found by the pattern itself.
SAMPLES = {
    "/studio/in/{secret}": ("/studio/in/" + "a" * 26,),
    "/studio/collections/{slug}": ("/studio/collections/all-water",),
    "/studio/letters/saved/{saved_id}": ("/studio/letters/saved/1",),
    "/studio/letters/{order_id}/saved/{saved_id}": ("/studio/letters/2/saved/1",),
    "/studio/reports/{reference}": ("/studio/reports/WR-GALL-ERY1",),
    "/studio/works/{slug}": ("/studio/works/high-water", "/studio/works/gone"),
    "/studio/works/{slug}/mirrors": ("/studio/works/high-water/mirrors", "/studio/works/zine/mirrors"),
    "/studio/works/{slug}/files": ("/studio/works/songs/files", "/studio/works/gone/files"),
    "/studio/works/{slug}/preview": ("/studio/works/high-water/preview",),
    "/studio/letters/{order_id}": ("/studio/letters/2", "/studio/letters/1"),
    "/studio/people/{person}": ("/studio/people/1", "/studio/people/2", "/studio/people/4"),
    "/studio/orders/{order_id}": ("/studio/orders/3", "/studio/orders/5", "/studio/orders/2"),
}

# The same page as it looks with something asked or said.
ALSO = (
    "/studio?span=today",
    "/studio?span=7",
    "/studio?span=365&work=high-water",
    "/studio?span=all",
    "/studio?work=gone",
    "/studio/numbers?span=365",
    "/studio/launch?since=soon",
    "/studio/launch/accounts?work=high-water&since=2025-01-01T00:00&costs=Camera+1200%0AFour+friends:+2,400.50",
    "/studio/launch/accounts?costs=Camera",
    "/studio/log?room=people",
    "/studio/orders?which=waiting",
    "/studio/orders?find=nothing",
    "/studio/works?said=retired",
)


@dataclass(frozen=True)
class Shot:
    """A page to take pictures of."""

    path: str

    @property
    def name(self) -> str:
        """For its files."""
        return re.sub(r"[^a-z0-9]+", "-", self.path.lower()).strip("-") or "home"

    @property
    def studio(self) -> bool:
        """Whether one has to be signed in."""
        return self.path.startswith("/studio") and not self.path.startswith(("/studio/in/", "/studio/signin"))


def _fits(pattern: str, path: str) -> bool:
    parts = (re.escape(part) for part in _PLACEHOLDER.split(pattern))
    return re.fullmatch("[^/]+".join(parts), path) is not None


def paths_of(pattern: str, known: Sequence[str]) -> list[str]:
    """Where the pages of an address are; nothing for one that is missing from SAMPLES."""
    if "{" not in pattern:
        return [pattern]
    return [path for path in known if _fits(pattern, path)] or list(SAMPLES.get(pattern, ()))


def is_page(pattern: str) -> bool:
    """Whether a person looks at what is there."""
    return pattern not in NO_PAGES and not pattern.endswith(_SUFFIXES)


def forgotten(opened: Gallery) -> list[str]:
    """Addresses of pages of which nobody said what to put into them."""
    pages = sorted(pattern for pattern in opened.routes if is_page(pattern))
    known = list(opened.paths.values())
    return [pattern for pattern in pages if pattern not in SAMPLES and not paths_of(pattern, known)]


def shots(opened: Gallery) -> list[Shot]:
    """Every page once."""
    known = list(opened.paths.values())
    found = [path for pattern in sorted(opened.routes) if is_page(pattern) for path in paths_of(pattern, known)]
    return [Shot(path) for path in dict.fromkeys([*found, *known, *ALSO])]


def _look(browser: Browser, opened: Gallery, width: int, scheme: str, state: Path | None) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        storage_state=state,
    )
    context.set_default_timeout(15_000)
    return context


def _sign_in(browser: Browser, opened: Gallery, state: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(opened.link)
    page.get_by_role("button").first.click()
    page.wait_for_url(re.compile(r"/studio(?!/in/)"))
    context.storage_state(path=state)
    context.close()


def take(opened: Gallery, out: Path, wanted: Sequence[Shot]) -> Iterator[Path]:
    """Take the pictures, one file each."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=need("chromium"), args=FLAGS)
        state = Path(folder) / "state.json"
        _sign_in(browser, opened, state)
        for width, scheme, studio in product(WIDTHS, SCHEMES, (False, True)):
            context = _look(browser, opened, width, scheme, state if studio else None)
            page = context.new_page()
            for shot in (each for each in wanted if each.studio == studio):
                page.goto(opened.url + shot.path)
                path = out / f"{shot.name}.{width}.{scheme}.png"
                page.screenshot(path=path, full_page=True)
                yield path
            context.close()
        browser.close()


_INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Every page</title><style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color-scheme:light dark}
section{margin-block:2.5rem}h2{font:600 1rem/1.4 ui-monospace,monospace}
div{display:flex;gap:1rem;align-items:flex-start;overflow-x:auto}
figure{margin:0}figcaption{font-size:.8rem;opacity:.7}
img{display:block;max-height:30rem;width:auto;border:1px solid #8886}
</style></head><body><h1>Every page</h1>
"""


def write_index(out: Path, wanted: Sequence[Shot]) -> Path:
    """The contact sheet."""
    parts = [_INDEX]
    for shot in wanted:
        parts.append(f'<section id="{shot.name}"><h2>{escape(shot.path)}</h2><div>')
        for scheme, width in product(SCHEMES, WIDTHS):
            name = f"{shot.name}.{width}.{scheme}.png"
            alt = escape(f"{shot.path}, {width} wide, {scheme}")
            picture = f'<a href="{name}"><img src="{name}" alt="{alt}" loading="lazy"></a>'
            parts.append(f"<figure>{picture}<figcaption>{width}, {scheme}</figcaption></figure>")
        parts.append("</div></section>\n")
    path = out / "index.html"
    path.write_text("".join(parts) + "</body></html>\n", encoding="utf-8")
    return path


def main() -> int:
    """Take them all, or those whose address holds ONLY; say where they are."""
    parser = argparse.ArgumentParser(prog="script/pictures", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "pictures", metavar="DIR", help="where to put them (pictures)"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="only pages whose address holds this")
    parser.add_argument("--theme", default="river", metavar="NAME", help="the public pages in this theme")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        migrate(f"sqlite:///{template}")
        with gallery(Path(folder) / "shop", template, {"theme": args.theme}, fill_studio) as opened:
            if missing := forgotten(opened):
                print(f"Nothing says what to put into {', '.join(missing)}: see SAMPLES.", file=sys.stderr)
                return 1
            wanted = [shot for shot in shots(opened) if args.only in shot.path]
            count = sum(1 for _ in take(opened, args.out, wanted))
    index = write_index(args.out, wanted)
    print(f"{count} pictures of {len(wanted)} pages in {time.monotonic() - start:.0f} s: {index}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
