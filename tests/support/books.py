"""Small e-books, made here: of good and of odd structure, and hostile ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

Points = Sequence[tuple[Any, ...]]

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
_XHTML = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'


def page(body: str, attributes: str = "", head: str = "", on_body: str = "") -> str:
    """An XHTML document."""
    return f"{_HEAD}{_XHTML}{attributes}><head><title>t</title>{head}</head><body{on_body}>{body}</body></html>"


def words(count: int, word: str = "water") -> str:
    """A paragraph of so many words."""
    return f"<p>{' '.join([word] * count)}</p>"


def chapter(title: str, count: int = 200, more: str = "") -> str:
    """A document with a heading and a paragraph."""
    return page(f"<h1>{title}</h1>{words(count, title.split()[-1].lower())}{more}")


@dataclass
class Book:
    """What an EPUB is made of. `points`: (title, address) of the table of contents, and behind them what is below."""

    documents: Mapping[str, str]
    points: Points = ()
    language: str = "en"
    title: str = "A Tale"
    others: Mapping[str, bytes] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    spine: str = ""  # attributes
    aside: frozenset[str] = frozenset()  # documents that are not in the row
    ncx: bool = False
    landmarks: str = ""

    def data(self) -> bytes:
        """As bytes."""
        out = io.BytesIO()
        self._pack(out)
        return out.getvalue()

    def write(self, path: Path) -> Path:
        """As a file."""
        with path.open("wb") as out:
            self._pack(out)
        return path

    def _pack(self, out: IO[bytes]) -> None:
        nav = "toc.ncx" if self.ncx else "nav.xhtml"
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
            archive.writestr("META-INF/container.xml", CONTAINER)
            archive.writestr("OEBPS/book.opf", self._package(nav))
            archive.writestr(f"OEBPS/{nav}", self._ncx() if self.ncx else self._nav())
            for name, text in self.documents.items():
                archive.writestr(f"OEBPS/{name}", text)
            for name, data in self.others.items():
                archive.writestr(f"OEBPS/{name}", data)

    def _package(self, nav: str) -> str:
        is_nav = "" if self.ncx else ' properties="nav"'
        kind = "application/x-dtbncx+xml" if self.ncx else "application/xhtml+xml"
        items = [f'<item id="nav" href="{nav}" media-type="{kind}"{is_nav}/>']
        refs = []
        for n, name in enumerate(self.documents):
            stands_aside = ' linear="no"' if name in self.aside else ""
            items.append(f'<item id="d{n}" href="{name}" media-type="application/xhtml+xml"/>')
            refs.append(f'<itemref idref="d{n}"{stands_aside}/>')
        for n, name in enumerate(self.others):
            items.append(f'<item id="o{n}" href="{name}" media-type="{self.types.get(name, "image/png")}"/>')
        toc = ' toc="nav"' if self.ncx else ""
        version = "2.0" if self.ncx else "3.0"
        return (
            f'<package xmlns="http://www.idpf.org/2007/opf" version="{version}" unique-identifier="id">'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">x</dc:identifier>'
            f"<dc:title>{self.title}</dc:title><dc:language>{self.language}</dc:language></metadata>"
            f"<manifest>{''.join(items)}</manifest><spine{toc}{self.spine}>{''.join(refs)}</spine></package>"
        )

    def _nav(self) -> str:
        marks = f'<nav epub:type="landmarks">{self.landmarks}</nav>' if self.landmarks else ""
        return page(f'<nav epub:type="toc">{_list(self.points)}</nav>{marks}')

    def _ncx(self) -> str:
        return (
            '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" '
            '"http://www.daisy.org/z3986/2005/ncx-2005-1.dtd"><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/">'
            f"<navMap>{_points(self.points)}</navMap></ncx>"
        )


def _list(points: Points) -> str:
    items = (f'<li><a href="{href}">{title}</a>{_list(inner)}</li>' for title, href, inner in map(_point, points))
    return f"<ol>{''.join(items)}</ol>" if points else ""


def _points(points: Points) -> str:
    return "".join(
        f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{href}"/>{_points(inner)}</navPoint>'
        for title, href, inner in map(_point, points)
    )


def _point(point: tuple[Any, ...]) -> tuple[str, str, Points]:
    title, href, *inner = point
    return title, href, inner[0] if inner else ()


def tale(chapters: int = 3) -> Book:
    """A book with a title page and a few chapters."""
    documents = {"title.xhtml": page('<section epub:type="titlepage"><h1>A Tale</h1><p>by Alice</p></section>')}
    documents |= {f"c{n}.xhtml": chapter(f"Chapter {n}") for n in range(1, chapters + 1)}
    return Book(documents, [(f"Chapter {n}", f"c{n}.xhtml") for n in range(1, chapters + 1)])
