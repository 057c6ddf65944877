"""Creators' Markdown as HTML that can do no harm: no raw HTML, nothing foreign loaded, links that pass nothing on.

markdown-it-py (CommonMark, tables, strikethrough) makes it, with HTML in the source shown as text; nh3 then keeps only
what is on its list, so that a fault in the one is no hole in the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

LONGEST_SUMMARY = 200  # characters

_TAGS = frozenset({"a", "blockquote", "br", "code", "em", "hr", "img", "li", "ol", "p", "pre", "s", "strong", "ul"})
_TAGS |= {"h2", "h3", "h4", "h5", "h6", "table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_OWN_PICTURE = re.compile(r"/(?!/)[^\\\s]*")  # of this shop: a path, and no other host behind two slashes
_SPACES = re.compile(r"\s+")
_ENDS_OF_BLOCKS = re.compile(r"</(?:p|li|h\d|td|th|blockquote|pre)>|<br ?/?>")

_reader = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(["table", "strikethrough"])


def _keep(tag: str, name: str, value: str) -> str | None:
    """nh3's filter: the attribute's value, or None where it has to go."""
    if tag == "img" and name == "src":
        return value if _OWN_PICTURE.fullmatch(value) else None
    return value


def _step_headings(tokens: Sequence[Token]) -> None:
    """Fit headings under the page's own h1: the first is an h2, and none skips a level."""
    level, seen = 1, [0]  # the source's levels above the present one
    for token in tokens:
        if token.type == "heading_open":
            own = int(token.tag[1])
            while seen[-1] >= own:
                seen.pop()
            seen.append(own)
            level = min(len(seen), 6)
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{level}"


def _drop_pictures(tokens: Sequence[Token]) -> None:
    """A picture from another host becomes its description."""
    for token in tokens:
        for child in token.children or ():
            if child.type == "image" and not _OWN_PICTURE.fullmatch(str(child.attrs.get("src", ""))):
                said = "".join(part.content for part in child.children or () if part.type in {"text", "code_inline"})
                child.type, child.tag, child.content, child.children = "text", "", said, None


@lru_cache(maxsize=512)
def render_markdown(text: str) -> Markup:
    """Clean HTML of a creator's text."""
    tokens = _reader.parse(text)
    _step_headings(tokens)
    _drop_pictures(tokens)
    raw = _reader.renderer.render(tokens, _reader.options, {})
    clean = nh3.clean(
        raw,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_keep,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener ugc",
    )
    return Markup(clean.strip())  # noqa: S704  (just cleaned)


def summary(*texts: str) -> str:
    """The first words of the first text that has any, as one line of plain text."""
    for text in texts:
        spaced = _ENDS_OF_BLOCKS.sub(" ", render_markdown(text))
        words = _SPACES.sub(" ", html.unescape(nh3.clean(spaced, tags=set()))).strip()
        if words:
            return words if len(words) <= LONGEST_SUMMARY else words[:LONGEST_SUMMARY].rpartition(" ")[0] + " …"
    return ""
