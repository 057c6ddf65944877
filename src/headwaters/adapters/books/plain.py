"""Plain text and Markdown as a Reading: chapters are what stands under headings; line ends are kept where they are
meant, as in verse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html
from markdown_it import MarkdownIt

from headwaters.adapters.books.archive import broken
from headwaters.adapters.books.chapters import Piece, parts_of
from headwaters.adapters.books.markup import Document
from headwaters.adapters.books.xml import Element, text_of
from headwaters.core.errors import N_
from headwaters.core.works.media import stem
from headwaters.core.works.reading import Entry, Reading, direction_of

LARGEST_TEXT = 16 << 20
_MANY = 3_000  # words: text without headings is laid out in pages of about so many
_NARROW = 46  # characters: shorter lines, all of them, are verse
_TITLE = re.compile(
    r"(?:(?:chapter|part|book|kapitel|teil|chapitre|cap[ií]tulo)\s+[\w.-]{1,12}\b.{0,80}|[IVXLC]{1,8}\.?|[0-9]{1,3}\.)\Z",
    re.IGNORECASE,
)
_BLANK = re.compile(r"\n[ \t]*\n+")
_markdown = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(["table", "strikethrough"])


def read_plain(path: Path, language: str, markdown: bool) -> Reading:
    """The whole text. Raises Refused(FILE_WRONG_KIND)."""
    with path.open("rb") as file:
        data = file.read(LARGEST_TEXT + 1)
    if len(data) > LARGEST_TEXT:
        raise broken(path.name, N_("it is too long."))
    text = text_of(data).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    source = str(_markdown.render(text)) if markdown else "\n".join(_paragraphs(text))
    if not source.strip():
        raise broken(path.name, N_("there are no words in it."))
    body = lxml_html.document_fromstring(f"<html><body>{source}</body></html>", parser=_parser()).find("body")
    if body is None:
        raise broken(path.name, N_("there are no words in it."))
    blocks = Document("", 1).blocks(body)
    pieces = list(_pieces(blocks))
    parts = parts_of(pieces)
    return Reading(
        title=stem(path.name),
        language=language,
        direction=direction_of(language),
        parts=parts,
        contents=[Entry(part.title, 1, number) for number, part in enumerate(parts, 1) if part.title],
        pictures=(),
        chapters=sum(part.chapter for part in parts),
    )


def _parser() -> lxml_html.HTMLParser:
    return lxml_html.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)


def _paragraphs(text: str) -> Iterator[str]:
    for block in _BLANK.split(text):
        lines = [line.strip() for line in block.strip("\n").split("\n") if line.strip()]
        if not lines:
            continue
        if len(lines) == 1 and _TITLE.match(lines[0]):
            yield f"<h2>{escape(lines[0])}</h2>"
        elif len(lines) > 1 and max(map(len, lines)) <= _NARROW:
            yield f'<p class="verse">{"<br>".join(map(escape, lines))}</p>'
        else:
            yield f"<p>{escape(' '.join(lines))}</p>"


def _pieces(blocks: list[Element]) -> Iterator[Piece]:
    """Cut at the headings of the outermost level that comes more than once, else by length."""
    tags = [str(block.tag) for block in blocks]
    level = next((tag for tag in ("h1", "h2", "h3") if tags.count(tag) > 1), "")
    piece = Piece("")
    words = 0
    for block in blocks:
        starts = block.tag == level if level else words > _MANY
        if starts and any(one.tag != "h1" for one in piece.blocks):
            yield piece
            piece, words = Piece(""), 0
        piece.blocks.append(block)
        words += len(etree.tostring(block, method="text", encoding="unicode").split())
    if piece.blocks:
        yield piece
