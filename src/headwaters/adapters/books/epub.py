"""EPUB 2 and 3 as a Reading (core.works.reading)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from headwaters.adapters.books.archive import LARGEST_PICTURE, Archive, Lighten, broken, resolve
from headwaters.adapters.books.chapters import Piece, cut, entries_of, join, mark_front, parts_of, places_of
from headwaters.adapters.books.markup import Document
from headwaters.adapters.books.package import Package, read_package
from headwaters.adapters.books.styles import meanings_of
from headwaters.adapters.books.xml import Element, attribute, find_all, first, parse, text_of
from headwaters.core.errors import N_
from headwaters.core.works.reading import BookPicture, Entry, Reading

_PICTURES = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/svg+xml": "svg",
}
_FRONT_TYPES = """cover frontmatter titlepage halftitlepage halftitle title-page copyright-page imprint toc landmarks
loi lot dedication epigraph frontispiece seriespage other-credits errata revision-history"""
_FRONT = frozenset(_FRONT_TYPES.split())


def read_epub(path: Path, lighten: Lighten) -> Reading:
    """The whole book. Raises Refused(FILE_WRONG_KIND)."""
    with Archive(path) as archive:
        package = read_package(archive)
        documents: dict[str, Document] = {}
        pieces: list[Piece] = []
        sheets = _Sheets(archive)
        for number, member in enumerate(package.documents, 1):
            pieces += _pieces(archive, package, member, number, documents, sheets)
        mark_front(pieces, package.begin)
        pieces = join(pieces, bool(package.contents))
        if not any(piece.words() for piece in pieces):
            raise broken(archive.name, N_("there are no words in it."))
        return _bound(archive, package, pieces, documents, lighten)


def _pieces(
    archive: Archive, package: Package, member: str, number: int, documents: dict[str, Document], sheets: _Sheets
) -> list[Piece]:
    """What a document holds; nothing where it cannot be read, or is the book's own table of contents."""
    data = archive.read(member)
    root = parse(data) if data else None
    body = first(root, "body") if root is not None else None
    if root is None or body is None or member == package.nav:
        return []
    document = Document(member, number, sheets.meanings(root, member))
    try:
        blocks = document.blocks(body)
        documents[member] = document
        return cut(document, blocks, package.contents, _is_front(root))
    except RecursionError:  # markup that is nested without end
        documents.pop(member, None)
        return []


class _Sheets:
    """The style sheets of a book's documents: most have the same ones, which are read and understood once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._texts: dict[str, str] = {}
        self._known: dict[tuple[str, ...], Mapping[str, frozenset[str]]] = {}

    def meanings(self, root: Element, member: str) -> Mapping[str, frozenset[str]]:
        """What the classes of a document mean."""
        sheets = tuple(self._of(root, member))
        if sheets not in self._known:
            self._known[sheets] = meanings_of(sheets)
        return self._known[sheets]

    def _of(self, root: Element, member: str) -> Iterator[str]:
        for link in find_all(root, "link"):
            if "stylesheet" in link.get("rel", "").casefold() and (found := resolve(member, link.get("href", ""))[0]):
                yield self._text(found)
        for style in find_all(root, "style"):
            yield style.text or ""

    def _text(self, member: str) -> str:
        if member not in self._texts:
            self._texts[member] = text_of(self._archive.read(member) or b"")
        return self._texts[member]


def _is_front(root: Element) -> bool:
    """Whether the document says that it is a title page, an imprint…: its body, or the one thing in it."""
    body = first(root, "body")
    top = body[0] if body is not None and len(body) == 1 else None
    said = " ".join(attribute(one, "type") for one in (body, top) if one is not None)
    return bool(_FRONT & set(said.casefold().split()))


def _bound(
    archive: Archive, package: Package, pieces: list[Piece], documents: dict[str, Document], lighten: Lighten
) -> Reading:
    places = places_of(pieces)
    for document in documents.values():
        _bind_links(document, documents, places)
    pictures = _Pictures(archive, package, lighten)
    for document in documents.values():
        for image, member in document.pictures:
            pictures.bind(image, member)
    parts = parts_of(pieces)
    contents = list(entries_of(package.contents, documents, places))
    if not contents:
        contents = [Entry(part.title, 1, number) for number, part in enumerate(parts, 1) if part.title]
    return Reading(
        title=package.title,
        language=package.language,
        direction=package.direction,
        parts=parts,
        contents=contents,
        pictures=pictures.found,
        chapters=sum(part.chapter for part in parts),
        backwards=package.backwards,
    )


def _bind_links(document: Document, documents: dict[str, Document], places: dict[str, int]) -> None:
    for link, member, place in document.links:
        target = documents.get(member)
        own = target.id_of(place) if target is not None and place else ""
        part = places.get(own) or places.get(member)
        if part:
            link.set("href", f"{part}#{own}" if own in places else str(part))


class _Pictures:
    """The pictures that parts show, each once. A picture that is none goes, and leaves its words."""

    def __init__(self, archive: Archive, package: Package, lighten: Lighten) -> None:
        self.found: list[BookPicture] = []
        self._archive = archive
        self._lighten = lighten
        self._types = package.pictures
        self._names: dict[str, str] = {}

    def bind(self, image: Element, member: str) -> None:
        """Give `image` the address of the picture."""
        if member not in self._names:
            self._names[member] = self._take(member)
        if self._names[member]:
            image.set("src", f"p/{self._names[member]}")
            image.set("loading", "lazy")
        else:
            parent, alt = image.getparent(), image.get("alt", "")
            if parent is not None:
                image.tag = "span"
                image.attrib.clear()
                image.text = f"[{alt}]" if alt else ""

    def _take(self, member: str) -> str:
        kind = self._types.get(member, "").casefold()
        if kind not in _PICTURES:
            kind = _KINDS.get(posixpath.splitext(member)[1].casefold(), "")
        data = self._archive.read(member, LARGEST_PICTURE) if kind else None
        if not data:
            return ""
        kind, data = self._lighten(kind, data)
        name = f"{len(self.found) + 1}.{_PICTURES[kind]}"
        self.found.append(BookPicture(name, kind, data))
        return name


_KINDS = {f".{ending}": kind for kind, ending in _PICTURES.items()} | {".jpeg": "image/jpeg"}
