"""XML of strangers as trees: no DTD, no entities of their own, nothing from elsewhere, and whatever can be saved of
what is broken."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator

from lxml import etree

_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_DECLARATION = re.compile(r"\A\s*<\?xml.*?\?>", re.DOTALL)
_BEGIN = re.compile("<!DOCTYPE", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*", re.IGNORECASE)
_END_OF_SUBSET = re.compile(r"\]\s*>")
_HEAD = 100_000  # characters in which a document type begins, if there is one
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

Element = etree._Element


def text_of(data: bytes) -> str:
    """The text of a document in whatever encoding it says it is."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    found = _ENCODING.search(data[:200])
    try:
        return data.decode(found[1].decode() if found else "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _without_doctype(text: str) -> str:
    """A document type may define entities that grow without end; none of them is read. Each letter is looked at once: a
    pattern that tried again from every “<!DOCTYPE” would take hours for a few megabytes of them."""
    begin = _BEGIN.search(text, 0, _HEAD)
    found = _DOCTYPE.match(text, begin.start()) if begin else None
    if found is None:
        return text
    at = found.end()
    if text[at : at + 1] == ">":
        return text[: found.start()] + text[at + 1 :]
    end = _END_OF_SUBSET.search(text, at)
    return text[: found.start()] + text[end.end() :] if end else text


def _entity(found: re.Match[str]) -> str:
    name = found[1]
    if name in _OF_XML:
        return found[0]
    text = html.unescape(found[0])
    return "" if text == found[0] else "".join(f"&#{ord(letter)};" for letter in text)


def parse(data: bytes) -> Element | None:
    """The root of the document, or None where nothing of it can be read."""
    text = _without_doctype(_DECLARATION.sub("", text_of(data), count=1))
    text = _NO_XML.sub("", _ENTITY.sub(_entity, text))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root: Element | None = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root


def local(element: Element) -> str:
    """The element's name without its namespace, in lower case; empty for what is no element."""
    tag: object = element.tag
    return tag.rpartition("}")[2].casefold() if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """The attribute by its name without a namespace: `type` finds `epub:type`."""
    value = element.get(name)
    if value is None:
        for key, other in element.items():
            if str(key).rpartition("}")[2] == name:
                return str(other)
        return ""
    return value


def find_all(element: Element, name: str) -> Iterator[Element]:
    """Every element of that name below, in whatever namespace."""
    return (one for one in element.iter() if local(one) == name)


def first(element: Element, name: str) -> Element | None:
    """The first of them."""
    return next(find_all(element, name), None)


def words_of(element: Element) -> str:
    """All of its text, on one line."""
    return " ".join("".join(str(text) for text in element.itertext()).split())
