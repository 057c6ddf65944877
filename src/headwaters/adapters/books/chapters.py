"""Blocks of documents as chapters: where one begins, what it is called, and which of them are counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from headwaters.adapters.books.markup import Document
from headwaters.adapters.books.package import Point
from headwaters.adapters.books.xml import Element, words_of
from headwaters.core.works.reading import Entry, Part

FEW = 80  # words: less is no chapter, unless there is nothing longer
LONG = 15_000  # words: a chapter that is longer is cut at its sections, where it has some
_OPENING = 320  # letters
_SHORT = 40  # letters: “Chapter 1” is no opening
_HEADING = re.compile(r"h[1-6]\Z")


@dataclass(slots=True)
class Piece:
    """What becomes a part: blocks in their order. `told`: it stands in the table of contents."""

    member: str
    title: str = ""
    told: bool = False
    front: bool = False  # before the book itself begins, by what it says of itself
    blocks: list[Element] = field(default_factory=list)

    def words(self) -> int:
        """How many there are."""
        return sum(len(words_of(block).split()) for block in self.blocks)


def cut(document: Document, blocks: Sequence[Element], points: Sequence[Point], front: bool) -> list[Piece]:
    """The pieces of one document. It is cut at its outermost points; a long piece at the next ones, too."""
    here = [point for point in points if point.document == document.member]
    levels = sorted({point.level for point in here})
    pieces = [Piece(document.member, front=front, blocks=list(blocks))]
    for level in levels:
        at = {document.id_of(one.place) if one.place else "": one for one in here if one.level == level}
        first = level == levels[0]
        pieces = [
            part for piece in pieces for part in (_cut_at(piece, at) if first or piece.words() > LONG else [piece])
        ]
    return pieces


def _cut_at(piece: Piece, at: Mapping[str, Point]) -> list[Piece]:
    whole = at.get("")
    title = whole.title if whole is not None else piece.title
    found = [Piece(piece.member, title, piece.told or whole is not None, piece.front)]
    for block in piece.blocks:
        place = next((str(one.get("id")) for one in block.iter() if one.get("id") in at), "")
        if place:
            if found[-1].blocks:
                found.append(Piece(piece.member, at[place].title, True, piece.front))
            else:
                found[-1].title, found[-1].told = found[-1].title or at[place].title, True
        found[-1].blocks.append(block)
    return [one for one in found if one.blocks]


def join(pieces: Sequence[Piece], has_contents: bool) -> list[Piece]:
    """What the table of contents does not know goes on with what was before it, once the book has begun."""
    found: list[Piece] = []
    for piece in pieces:
        before = found[-1] if found else None
        if has_contents and not piece.told and before is not None and before.told and not piece.front:
            before.blocks.extend(piece.blocks)
        else:
            found.append(piece)
    return found


def mark_front(pieces: Sequence[Piece], begin: str) -> None:
    """What stands before the member where the book says that it begins is no chapter."""
    if begin and any(piece.member == begin for piece in pieces):
        for piece in pieces:
            if piece.member == begin:
                return
            piece.front = True


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


def parts_of(pieces: Sequence[Piece]) -> list[Part]:
    """Every piece as HTML. Headings fit under the page's own."""
    counted = [piece.words() for piece in pieces]
    enough = [words >= FEW and not piece.front for piece, words in zip(pieces, counted, strict=True)]
    any_enough = any(enough)
    found = []
    for piece, words, is_chapter in zip(pieces, counted, enough, strict=True):
        step_headings(piece.blocks)
        html = "\n".join(
            etree.tostring(block, encoding="unicode", method="html", with_tail=False) for block in piece.blocks
        )
        counts = is_chapter if any_enough else words > 0
        found.append(Part(_title(piece), html, words, counts, _opening(piece)))
    return found


def _opening(piece: Piece) -> str:
    """The first paragraphs, up to so many letters, ending with a word."""
    text = ""
    for block in piece.blocks:
        if block.tag == "p" and (words := words_of(block)) and (text or len(words) > _SHORT):
            text = f"{text} {words}".strip()
            if len(text) > _OPENING:
                return text[:_OPENING].rpartition(" ")[0].rstrip(",;:. …–—-")
    return text.rstrip(". …")


def _title(piece: Piece) -> str:
    heading = next((block for block in piece.blocks if _HEADING.match(str(block.tag))), None)
    return piece.title or (words_of(heading)[:300] if heading is not None else "")


def step_headings(blocks: Sequence[Element]) -> None:
    """The first is an h2, and none skips a level."""
    seen = [0]
    for block in blocks:
        for one in block.iter():
            if _HEADING.match(str(one.tag)):
                own = int(str(one.tag)[1])
                while seen[-1] >= own:
                    seen.pop()
                seen.append(own)
                one.tag = f"h{min(len(seen), 6)}"


def places_of(pieces: Sequence[Piece]) -> dict[str, int]:
    """The part, counted from 1, of every id; and of every document's beginning, by its member."""
    found: dict[str, int] = {}
    for number, piece in enumerate(pieces, 1):
        found.setdefault(piece.member, number)
        for block in piece.blocks:
            for one in block.iter():
                if own := one.get("id"):
                    found.setdefault(own, number)
    return found


def entries_of(
    points: Sequence[Point], documents: Mapping[str, Document], places: Mapping[str, int]
) -> Iterator[Entry]:
    """The table of contents as it leads through the parts."""
    for point in points:
        document = documents.get(point.document)
        if document is None or not point.title:
            continue
        own = document.id_of(point.place) if point.place else ""
        part = places.get(own or point.document) or places.get(point.document)
        if part:
            yield Entry(point.title, point.level, part, own if own in places else "")
