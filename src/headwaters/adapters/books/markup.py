"""A book's document as a row of clean blocks: only what carries meaning, without anything that could act.

What comes out is HTML of the elements and attributes below, and nothing else. Containers are opened, so that a chapter
can begin at any block. Links and pictures keep where they lead as (member, place) beside the tree; `bind` sets them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from headwaters.adapters.books.archive import resolve
from headwaters.adapters.books.styles import meaning
from headwaters.adapters.books.xml import Element, attribute, local

_DROPPED_NAMES = """script style head iframe object embed form input button textarea select option template noscript
link meta title canvas audio video source track map area base frame frameset applet dialog menu"""
_NESTED_NAMES = "blockquote ul ol dl li dd figure table thead tbody tfoot tr td th aside"
_INLINE_NAMES = """em strong i b small sub sup s del ins code kbd samp var cite q abbr dfn mark u bdi bdo ruby rt rp rb
br wbr a span"""
_DROPPED = frozenset(_DROPPED_NAMES.split())
_TEXT = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "dt", "figcaption", "caption", "summary"})
_NESTED = frozenset(_NESTED_NAMES.split())  # what holds blocks or other parts
_INLINE = {
    **{name: name for name in _INLINE_NAMES.split()},
    **{"tt": "code", "strike": "s", "big": "b", "acronym": "abbr", "font": "span"},
}
_INSIDE = frozenset({"li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "caption", "figcaption"})
_KEPT = {
    "td": ("colspan", "rowspan"),
    "th": ("colspan", "rowspan", "scope"),
    "ol": ("start",),
    "li": ("value",),
    "abbr": ("title",),
}
_NUMBER = re.compile(r"[0-9]{1,4}\Z")
_NOT_IN_IDS = re.compile(r"[^\w.-]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,5}\Z")
_OUTSIDE = re.compile(r"(?:https?://|mailto:)[^\s\"<>]{1,2000}\Z", re.IGNORECASE)
_PLACES = ("center", "end")


@dataclass(slots=True)
class Document:
    """One document of a book while it is made clean. `number`: its own, so that no two share an id."""

    member: str
    number: int
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    links: list[tuple[Element, str, str]] = field(default_factory=list)  # (a, member, place)
    pictures: list[tuple[Element, str]] = field(default_factory=list)  # (img, member)
    _waiting: list[str] = field(default_factory=list)  # ids of containers that were opened

    def id_of(self, place: str) -> str:
        """The id on the page for a place in this document."""
        return f"r{self.number}-{_NOT_IN_IDS.sub('_', place)[:100]}"

    def blocks(self, body: Element) -> list[Element]:
        """The clean blocks of `body`."""
        found = list(self._flow(body))
        if self._waiting and found:
            self._mark(found[-1])
        return found

    # ── blocks ───────────────────────────────────────────────────────────────────────────────────

    def _flow(self, parent: Element) -> Iterator[Element]:
        """The children of `parent` as blocks; loose text becomes a paragraph."""
        loose = _new("p")
        self._text(loose, parent.text)
        for child in parent:
            name = local(child)
            if name and name not in _DROPPED and "hidden" not in self._says(child):
                if name in _INLINE or name in {"img", "svg", "image", "math"}:
                    self._inline(loose, child)
                else:
                    yield from self._loose(loose)
                    loose = _new("p")
                    yield from self._block(name, child)
            self._text(loose, child.tail)
        yield from self._loose(loose)

    def _loose(self, loose: Element) -> Iterator[Element]:
        if len(loose) == 1 and loose[0].tag == "img" and not _has_text(loose):
            figure = _new("figure")
            figure.append(loose[0])
            self._mark(figure)
            yield figure
        elif len(loose) or _has_text(loose):
            self._mark(loose)
            yield loose

    def _block(self, name: str, node: Element) -> Iterator[Element]:
        said = self._says(node)
        if name in _TEXT:
            yield from self._text_block(name, node, said)
        elif name == "hr":
            yield self._made("hr", node)
        elif name in _NESTED:
            made = self._made(name, node)
            self._fill(made, node, name)
            if len(made) or _has_text(made):
                yield made
        elif "verse" in said:
            made = self._made("div", node, "verse")
            made.extend(self._flow(node))
            for stanza in [one for one in made if one.tag == "p"]:
                into_lines(stanza)
            if len(made):
                yield made
        else:
            self._wait(node)
            yield from self._turned(self._flow(node), node, said)

    def _turned(self, blocks: Iterator[Element], node: Element, said: frozenset[str]) -> Iterator[Element]:
        """What a container says of all that is in it, said of each block."""
        place = next((one for one in _PLACES if one in said), "")
        for block in blocks:
            for key in ("lang", "dir"):
                if (value := _bidi(node, key)) and block.get(key) is None:
                    block.set(key, value)
            if place and block.get("class") is None and block.tag in {"p", "figure", "h1", "h2", "h3"}:
                block.set("class", place)
            yield block

    def _text_block(self, name: str, node: Element, said: frozenset[str]) -> Iterator[Element]:
        tag = {"summary": "p"}.get(name, name)
        place = next((one for one in ("verse", *_PLACES) if one in said), "")
        made = self._made(tag, node, place)
        inner = made
        for mark in ("i", "b", "small") if name == "p" else ():
            if mark in said:
                inner = etree.SubElement(inner, mark)
        self._inside(inner, node)
        if place == "verse" and tag == "p":
            into_lines(inner)
        if len(made) or _has_text(made):
            if name == "p" and len(made) == 1 and made[0].tag == "img" and not _has_text(made):
                made.tag = "figure"
            yield made

    def _fill(self, made: Element, node: Element, name: str) -> None:
        """What a list, a table, a quotation holds. Text that stands alone in an item needs no paragraph."""
        if name in {"ul", "ol", "dl", "table", "thead", "tbody", "tfoot", "tr"}:
            for child in node:
                inner = local(child)
                if inner in _INSIDE and "hidden" not in self._says(child):
                    made.extend(self._block(inner, child))
                elif inner in {"div", "section"}:  # dl > div is lawful
                    self._fill(made, child, name)
            return
        made.extend(self._flow(node))
        if name in {"li", "td", "th", "dd"} and len(made) == 1 and made[0].tag == "p" and not made[0].attrib:
            _unwrap(made[0])
        for figure in [one for one in made if name == "figure" and one.tag == "figure"]:
            figure.tag = "div"

    # ── inside of a line ─────────────────────────────────────────────────────────────────────────

    def _inside(self, made: Element, node: Element) -> None:
        self._text(made, node.text)
        for child in node:
            name = local(child)
            if name and name not in _DROPPED and "hidden" not in self._says(child):
                self._inline(made, child)
            self._text(made, child.tail)

    def _inline(self, made: Element, node: Element) -> None:
        name = local(node)
        if name in {"img", "image"}:
            self._picture(made, node)
        elif name == "svg":
            for one in node.iter():
                if local(one) == "image":
                    self._picture(made, one)
        elif name == "math":
            self._text(made, node.get("alttext") or " ".join("".join(map(str, node.itertext())).split()))
        elif name in _INLINE:
            self._inline_element(made, node, _INLINE[name])
        else:  # a block where none can be
            self._wait(node)
            if len(made) or _has_text(made):
                etree.SubElement(made, "br")
            self._inside(made, node)

    def _inline_element(self, made: Element, node: Element, tag: str) -> None:
        said = self._says(node)
        inner = made
        if tag == "span":
            for mark in ("i", "b", "small"):
                if mark in said:
                    inner = etree.SubElement(inner, mark)
            if inner is made and not (_bidi(node, "lang") or _bidi(node, "dir") or attribute(node, "id")):
                self._inside(made, node)
                return
            if inner is made:
                inner = etree.SubElement(made, "span")
            self._dress(inner, node)
        else:
            inner = etree.SubElement(made, tag)
            self._dress(inner, node)
            if tag == "a":
                self._link(inner, node)
        self._inside(inner, node)

    def _link(self, made: Element, node: Element) -> None:
        href = attribute(node, "href").strip()
        if "noteref" in attribute(node, "type").split() or node.get("role") == "doc-noteref":
            made.set("class", "note")
        if _OUTSIDE.match(href):
            made.set("href", href)
        elif href:
            member, place = resolve(self.member, href)
            if member:
                self.links.append((made, member, place))

    def _picture(self, made: Element, node: Element) -> None:
        member = resolve(self.member, attribute(node, "src") or attribute(node, "href"))[0]
        alt = " ".join((node.get("alt") or node.get("title") or "").split())[:1000]
        if member and member != self.member:
            image = etree.SubElement(made, "img", {"alt": alt})
            self.pictures.append((image, member))
        elif alt:
            self._text(made, f"[{alt}]")

    # ── elements ─────────────────────────────────────────────────────────────────────────────────

    def _says(self, node: Element) -> frozenset[str]:
        return meaning(node, self.known)

    def _made(self, tag: str, node: Element, classes: str = "") -> Element:
        made = _new(tag)
        self._dress(made, node)
        if classes:
            made.set("class", classes)
        if tag == "aside" and "note" in attribute(node, "type"):
            made.set("class", "note")
        self._mark(made)
        return made

    def _dress(self, made: Element, node: Element) -> None:
        if own := attribute(node, "id"):
            made.set("id", self.id_of(own))
        for key in ("lang", "dir"):
            if value := _bidi(node, key):
                made.set(key, value)
        for key in _KEPT.get(str(made.tag), ()):
            value = node.get(key, "")
            if _NUMBER.match(value) or (key == "scope" and value in {"row", "col"}):
                made.set(key, value)
            elif key == "title" and value:
                made.set(key, value[:300])

    def _wait(self, node: Element) -> None:
        if own := attribute(node, "id"):
            self._waiting.append(self.id_of(own))

    def _mark(self, block: Element) -> None:
        """Give the ids that wait to this block."""
        for own in self._waiting:
            if block.get("id") is None:
                block.set("id", own)
            elif block.tag in _TEXT:
                anchor = etree.Element("span", {"id": own})
                anchor.tail, block.text = block.text, None
                block.insert(0, anchor)
        self._waiting.clear()

    def _text(self, made: Element, text: object) -> None:
        if not isinstance(text, str) or not text:
            return
        if len(made):
            made[-1].tail = (made[-1].tail or "") + text
        else:
            made.text = (made.text or "") + text


def into_lines(stanza: Element) -> None:
    """Each line of a stanza in an element of its own, so that a long one can hang over."""
    if stanza.find("br") is None:
        return
    lines = [etree.Element("span", {"class": "line"})]
    lines[-1].text, stanza.text = stanza.text, None
    for child in list(stanza):
        stanza.remove(child)
        if child.tag == "br":
            lines.append(etree.Element("span", {"class": "line"}))
            lines[-1].text = child.tail
        else:
            lines[-1].append(child)
    stanza.extend(line for line in lines if len(line) or _has_text(line))


def _new(tag: str) -> Element:
    return etree.Element(tag)


def _has_text(element: Element) -> bool:
    return any(str(text).strip() for text in element.itertext())


def _unwrap(paragraph: Element) -> None:
    """Put what is in the only paragraph of an item into the item itself."""
    parent = paragraph.getparent()
    if parent is None:
        return
    parent.text = (parent.text or "") + (paragraph.text or "")
    for child in list(paragraph):
        parent.append(child)
    parent.remove(paragraph)


def _bidi(node: Element, key: str) -> str:
    value = attribute(node, key).strip()
    if key == "dir":
        return value.lower() if value.lower() in {"ltr", "rtl", "auto"} else ""
    return value if _LANGUAGE.match(value) else ""
