"""The handbook as an e-book: the chapters in `handbook/` (the same text as docs/sell), bound into an EPUB 3.3.

The ZIP is laid out as OCF 3.3 asks (`mimetype` first and stored) and deterministic: fixed dates, fixed order.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from markdown_it import MarkdownIt
from markdown_it.token import Token

from headwaters.demo.rivermap import river_map

TITLE = "Nobody in Between"
SUBTITLE = "A handbook for people who make things"
_DATE = (2026, 11, 22, 0, 0, 0)
_HOME = files("headwaters.demo")
_PAGE = Template("""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><meta charset="utf-8"/><title>$title</title><meta name="viewport" content="width=device-width"/>
<link rel="stylesheet" href="style.css"/></head>
<body$attributes>
$body
</body>
</html>
""")


@dataclass(frozen=True)
class Chapter:
    """One Markdown file: its name without the ending, what its head says, and its text."""

    name: str
    title: str
    alt: str
    text: str

    @property
    def page(self) -> str:
        """Its file in the book."""
        return f"{self.name}.xhtml"


def chapters() -> list[Chapter]:
    """All of them, in the order of their names."""
    found = sorted((f for f in (_HOME / "handbook").iterdir() if f.name.endswith(".md")), key=lambda f: f.name)
    return [_read(file) for file in found]


def _read(file: Traversable) -> Chapter:
    _, head, text = file.read_text(encoding="utf-8").split("---\n", 2)
    about = dict(line.split(": ", 1) for line in head.strip().splitlines())
    return Chapter(file.name.removesuffix(".md"), about["title"], about["alt"], text)


def bind(to: Path, cover: Path, bands: list[Path]) -> None:
    """Write the EPUB. `cover` and `bands` (one a chapter, in order) are JPEG pictures."""
    book = chapters()
    if len(bands) != len(book):
        raise ValueError(f"{len(book)} chapters, but {len(bands)} pictures for their heads")
    drawings = sorted((f for f in (_HOME / "handbook").iterdir() if f.name.endswith(".svg")), key=lambda f: f.name)
    parts: dict[str, bytes] = {
        "cover.xhtml": _cover_page(),
        "title.xhtml": _title_page(book),
        "nav.xhtml": _nav(book),
        **{
            chapter.page: _chapter(number, chapter, band.name)
            for number, (chapter, band) in enumerate(zip(book, bands, strict=True), 1)
        },
        "style.css": (_HOME / "handbook.css").read_bytes(),
        "cover.jpg": cover.read_bytes(),
        **{band.name: band.read_bytes() for band in bands},
        **{drawing.name: drawing.read_bytes() for drawing in drawings},
    }
    _zip(to, {"META-INF/container.xml": _CONTAINER, "EPUB/package.opf": _package(list(parts), book).encode(),
              **{f"EPUB/{name}": data for name, data in parts.items()}})  # fmt: skip


_CONTAINER = b"""<?xml version="1.0" encoding="utf-8"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""


def _zip(to: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(to, "w") as book:
        book.writestr(_entry("mimetype", zipfile.ZIP_STORED), b"application/epub+zip")
        for name, data in parts.items():
            packed = zipfile.ZIP_STORED if name.endswith(".jpg") else zipfile.ZIP_DEFLATED
            book.writestr(_entry(name, packed), data)


def _entry(name: str, packed: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = packed
    entry.create_system = 3  # the same on every system
    entry.external_attr = 0o644 << 16
    return entry


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


def _page(title: str, body: str, attributes: str = "") -> bytes:
    return _PAGE.substitute(title=escape(title), body=body, attributes=attributes).encode()


def _cover_page() -> bytes:
    alt = f"{TITLE}. {SUBTITLE}. A paper boat with a candle in it on still water at dusk."
    return _page(
        TITLE, f'<div class="coverpage"><img src="cover.jpg" alt="{alt}" role="doc-cover"/></div>', ' epub:type="cover"'
    )


def _title_page(book: list[Chapter]) -> bytes:
    rivers = river_map([(chapter.title, chapter.page) for chapter in book])
    return _page(TITLE, f"""<section class="titlepage" epub:type="titlepage">
<h1>{TITLE}</h1>
<p class="sub">{SUBTITLE}</p>
{rivers}
<p class="fine">The handbook of Headwaters, for its first version. Written in 2026 by those who make Headwaters, under
<a href="https://creativecommons.org/licenses/by-sa/4.0/">CC BY-SA 4.0</a>: share it, translate it, make it better, say
where it comes from, and pass it on under the same terms. All pictures were drawn by a program.</p>
</section>""")  # fmt: skip


def _nav(book: list[Chapter]) -> bytes:
    items = "\n".join(f'<li><a href="{c.page}">{escape(c.title)}</a></li>' for c in book)
    return _page("Contents", f"""<nav epub:type="toc" role="doc-toc" id="toc"><h1>Contents</h1>
<ol>
<li><a href="title.xhtml">A map of this book</a></li>
{items}
</ol></nav>
<nav epub:type="landmarks" hidden="hidden"><h2>Landmarks</h2>
<ol><li><a epub:type="cover" href="cover.xhtml">Cover</a></li><li><a epub:type="toc" href="nav.xhtml">Contents</a></li>
<li><a epub:type="bodymatter" href="{book[0].page}">Beginning</a></li></ol></nav>""")  # fmt: skip


def _chapter(number: int, chapter: Chapter, band: str) -> bytes:
    return _page(chapter.title, f"""<section epub:type="chapter" role="doc-chapter" aria-labelledby="title">
<figure class="band"><img src="{band}" alt="{escape(chapter.alt)}"/></figure>
<p class="number">Chapter {number}</p>
<h1 id="title">{escape(chapter.title)}</h1>
{render(chapter.text)}</section>""")  # fmt: skip


_MARKDOWN = MarkdownIt("commonmark", {"xhtmlOut": True, "html": False, "typographer": True})
_MARKDOWN.enable(["table", "replacements", "smartquotes"])


def render(text: str) -> str:
    """Markdown → XHTML. A picture alone in its paragraph becomes a figure; links to chapters lead to their pages."""
    tokens = _MARKDOWN.parse(text)
    for place, token in enumerate(tokens):
        if token.type == "inline" and token.children and [c.type for c in token.children] == ["image"]:
            tokens[place - 1].hidden = tokens[place + 1].hidden = True
            tokens[place] = _figure(token.children[0])
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return re.sub(r'href="([\w-]+)\.md"', r'href="\1.xhtml"', html)


def _figure(image: Token) -> Token:
    caption = _MARKDOWN.renderInline(str(image.attrs["title"]))
    alt = escape(image.content)
    figure = f'<figure><img src="{image.attrs["src"]}" alt="{alt}"/><figcaption>{caption}</figcaption></figure>'
    return Token("html_block", "", 0, content=figure)


# ── the package document ─────────────────────────────────────────────────────────────────────────

_TYPES = {"xhtml": "application/xhtml+xml", "css": "text/css", "jpg": "image/jpeg", "svg": "image/svg+xml"}
_PROPERTIES = {"nav.xhtml": "nav", "cover.jpg": "cover-image", "title.xhtml": "svg"}


def _package(names: list[str], book: list[Chapter]) -> str:
    manifest = "\n".join(f"<item {_item(name)}/>" for name in names)
    order = ["cover.xhtml", "title.xhtml", "nav.xhtml", *(chapter.page for chapter in book)]
    spine = "\n".join(f'<itemref idref="{_id(name)}"/>' for name in order)
    return _PACKAGE.substitute(title=TITLE, subtitle=SUBTITLE, manifest=manifest, spine=spine)


def _id(name: str) -> str:
    return "i-" + name.replace(".", "-")


def _item(name: str) -> str:
    properties = f' properties="{_PROPERTIES[name]}"' if name in _PROPERTIES else ""
    return f'id="{_id(name)}" href="{name}" media-type="{_TYPES[name.rsplit(".", 1)[1]]}"{properties}'


_PACKAGE = Template("""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:6f0c8a52-2d43-5d8e-9a57-3a3ef0b6c1d4</dc:identifier>
<dc:title id="main">$title</dc:title>
<meta refines="#main" property="title-type">main</meta>
<dc:title id="sub">$subtitle</dc:title>
<meta refines="#sub" property="title-type">subtitle</meta>
<dc:language>en</dc:language>
<dc:creator id="by">The makers of Headwaters</dc:creator>
<meta refines="#by" property="role" scheme="marc:relators">aut</meta>
<dc:date>2026-11-22</dc:date>
<dc:description>How to publish your own works from your own machine: doors, tills, orders, letters.</dc:description>
<dc:rights>CC BY-SA 4.0</dc:rights>
<link rel="dcterms:license" href="https://creativecommons.org/licenses/by-sa/4.0/"/>
<meta property="dcterms:modified">2026-11-22T00:00:00Z</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">displayTransformability</meta>
<meta property="schema:accessibilityFeature">readingOrder</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
<meta property="schema:accessibilitySummary">All text can be reflowed and read aloud; every picture has a
description, and nothing is told by a picture alone.</meta>
</metadata>
<manifest>
$manifest
</manifest>
<spine>
$spine
</spine>
</package>
""")
