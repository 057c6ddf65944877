"""What of a book's style sheets carries meaning: slanted, bold, small capitals, centred, kept line ends, hidden."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from headwaters.adapters.books.xml import Element, attribute

LONGEST = 500_000  # characters of a style sheet
_LONGEST_SELECTORS, _LONGEST_BODY = 2_000, 4_000  # of a rule; what is longer means nothing here
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)  # one without an end goes on until the end
_CLASS = re.compile(r"(?:[a-z][a-z0-9]*)?\.([A-Za-z_][\w-]*)\Z")
_MEANINGS = (
    (re.compile(r"font-style\s*:\s*(?:italic|oblique)"), "i"),
    (re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)"), "b"),
    (re.compile(r"font-variant(?:-caps)?\s*:\s*[^;]*small-caps"), "small"),
    (re.compile(r"text-align\s*:\s*center"), "center"),
    (re.compile(r"text-align\s*:\s*(?:right|end)"), "end"),
    (re.compile(r"white-space\s*:\s*pre"), "verse"),
    (re.compile(r"display\s*:\s*none"), "hidden"),
)
_VERSE = frozenset({"verse", "verses", "poem", "poems", "poetry", "stanza", "lyrics", "song"})
_PARTS = re.compile(r"[\s:_-]+")


def meanings_of(sheets: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """What each class of these style sheets means, where it means anything."""
    found: dict[str, frozenset[str]] = {}
    for sheet in sheets:
        for selectors, body in _rules(_COMMENT.sub("", sheet[:LONGEST])):
            said = _said(body)
            for selector in selectors.split(",") if said else ():
                if name := _CLASS.match(selector.strip()):
                    found[name[1]] = found.get(name[1], frozenset()) | said
    return found


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """(selectors, what is said of them). Cut at braces and not by a pattern: it looks at each letter once."""
    for piece in sheet.split("}")[:-1]:
        before, brace, body = piece.rpartition("{")
        selectors = before.rpartition("{")[2]  # those of a rule in an @media
        if brace and len(selectors) <= _LONGEST_SELECTORS and len(body) <= _LONGEST_BODY:
            yield selectors, body


def _said(body: str) -> frozenset[str]:
    body = body.casefold()
    return frozenset(meaning for pattern, meaning in _MEANINGS if pattern.search(body))


def meaning(element: Element, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What the classes, the style and the type of one element say."""
    classes = element.get("class", "")
    found = _said(element.get("style", "")[:_LONGEST_BODY]) if element.get("style") else frozenset()
    for name in classes.split():
        found |= known.get(name, frozenset())
    if _VERSE & set(_PARTS.split(f"{classes} {attribute(element, 'type')}".casefold())):
        found |= {"verse"}
    return found
