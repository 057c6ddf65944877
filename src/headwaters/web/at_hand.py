"""Answers that are at hand: public pages that are kept, and the files that pages refer to.

They are given as bytes, without a request and a response being made for them, which is what most of their time would
go into. Each is the answer that the application gives, header by header; whatever is not plainly a GET of one of them
is left to the application.
"""

from __future__ import annotations

import re
from asyncio import Future, ensure_future
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from headwaters.core.errors import HeadwatersError
from headwaters.errands.house import House
from headwaters.web.doorstep import Answer
from headwaters.web.keys import HOUSE
from headwaters.web.look import FOREVER, Asset, asset_answer, assets_by_address
from headwaters.web.pages import kept_page, maker_of, with_origin
from headwaters.web.render import KEPT, Kept, headers_of_fresh, is_fresh
from headwaters.web.security import SERVER, safe_headers
from headwaters.web.visits import VISITS

LONGEST = 8000  # bytes of a head; the application takes more
LARGEST = 64 << 10  # bytes of a body: who takes larger ones slowly is a case for those who know about downloads
MOST_HEADS = 500  # beginnings of answers that are kept, of a few hundred bytes each
_BEGIN, _END = b"GET /", b"\r\n\r\n"
# who sends these sends more, or wants something of the connection
_TO_LEAVE = frozenset(
    ["content-length", "content-encoding", "transfer-encoding", "expect", "upgrade", "proxy-connection"]
)
_ENDINGS = frozenset(["", "keep-alive", "close"])  # of a connection
_NAME = re.compile(r"[a-z0-9-]+").fullmatch
_NOTHING: Mapping[str, str] = {}
_TEXT = bytes([9, *range(32, 127), *range(128, 256)])  # what may stand in a line of a head (RFC 9112, section 5)


@dataclass(frozen=True, slots=True)
class Asked:
    """A GET without a body. `headers`: their names in lower case."""

    target: str
    headers: Mapping[str, str]


def read_head(data: bytes) -> Asked | None:
    """One whole plain GET of HTTP/1.1 (RFC 9112); None for less, more and all else: inside there is a real parser."""
    if not data.startswith(_BEGIN) or not data.endswith(_END) or len(data) > LONGEST:
        return None
    first, *lines = data[:-4].decode("latin-1").split("\r\n")
    target, _, version = first[4:].partition(" ")
    if version != "HTTP/1.1" or data.translate(None, _TEXT) != b"\r\n" * (len(lines) + 2):
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not _NAME(name) or name in headers or name in _TO_LEAVE:
            return None
        headers[name] = value.strip(" \t")
    return Asked(target, headers) if "host" in headers and target.isascii() and "#" not in target else None


class AtHand:
    """What the application `app` would answer, where it need not ask anybody."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._house: House = app[HOUSE]
        self._kept, self._visits = app[KEPT], app[VISITS]
        self._safe = dict(safe_headers(self._house.config))
        self._heads: dict[object, tuple[object, bytes]] = {}

    def answer(self, data: bytes) -> Answer | Future[Answer | None] | None:
        """The answer to a request; None, or a future that comes to None, where the application has to give it."""
        asked = read_head(data)
        if asked is None or asked.headers.get("connection", "").lower() not in _ENDINGS:
            return None
        path, _, query = asked.target.partition("?")
        if path.startswith("/static/"):
            asset = None if query else assets_by_address(self._house.now.dress.theme).get(path)
            return self._asset(asked, asset) if asset and len(asset.body) <= LARGEST else None
        said = _read_query(path, query)
        if said is None or "%" in path or maker_of(path) is None:
            return None
        kept: Kept | None = self._kept.at_hand(self._house, path)
        if kept is None:
            return ensure_future(self._made(path, said, asked))
        if kept.size > LARGEST:
            return None
        return self._page(path, said, asked, kept)

    async def _made(self, path: str, said: Mapping[str, str], asked: Asked) -> Answer | None:
        try:
            kept = await kept_page(self._app, path)
        except HeadwatersError:
            return None  # the application says it in words
        if kept.size > LARGEST:
            return None
        return self._page(path, said, asked, kept)

    def _page(self, path: str, said: Mapping[str, str], asked: Asked, kept: Kept) -> Answer:
        if path.startswith("/w/") and kept.status == 200:
            self._visits.count_page(path[3:], said, asked.headers)
            if said:
                kept = with_origin(kept, said.get("from", ""))
        if is_fresh(kept, asked.headers):
            return self._whole(asked, _head(304, {**self._safe, **headers_of_fresh(kept)}), None)
        body = kept.pieces[0] if len(kept.pieces) == 1 else self._house.token().encode().join(kept.pieces)
        return self._whole(asked, self._head_of(path, kept, kept.status, kept.headers), body)

    def _asset(self, asked: Asked, asset: Asset) -> Answer:
        body, headers = asset_answer(asset, asked.headers, FOREVER)
        return self._whole(asked, self._head_of((asset.address, len(body)), asset, 200, headers), body)

    def _head_of(self, key: object, of: object, status: int, headers: Mapping[str, str]) -> bytes:
        """The beginning of the answer that gives `of`, made once."""
        found, head = self._heads.get(key, (None, b""))
        if found is not of:
            head = _head(status, {**self._safe, **headers})
            if len(self._heads) >= MOST_HEADS:
                self._heads.clear()
            self._heads[key] = of, head
        return head

    def _whole(self, asked: Asked, head: bytes, body: bytes | None) -> Answer:
        date = rfc822_formatted_time().encode()
        last = asked.headers.get("connection", "").lower() == "close"
        ending = b"Connection: close\r\n" if last else b""
        if body is None:
            return Answer(b"%sDate: %s\r\n%s\r\n" % (head, date, ending), last)
        return Answer(b"%sContent-Length: %d\r\nDate: %s\r\n%s\r\n%s" % (head, len(body), date, ending, body), last)


def _read_query(path: str, query: str) -> Mapping[str, str] | None:
    """The words of a link to a work, the first of each name; None where it is not for us."""
    if not query:
        return _NOTHING
    if not path.startswith("/w/") or "%" in query or "+" in query:
        return None
    return dict(reversed(parse_qsl(query, keep_blank_values=True)))


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Server: {SERVER}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, ""]).encode()
