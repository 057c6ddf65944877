"""Metalink: files with their sizes and SHA-256 and every address where each of them is (RFC 5854), and the same said
beside a download (RFC 6249)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import quote

from headwaters.core.shelf import torrents

MEDIA_TYPE = "application/metalink4+xml"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">\n'


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """A file: its name with folders, as in the ZIP; `urls`: the best first."""

    name: str
    size: int
    sha256: str
    urls: Sequence[str]


@dataclass(frozen=True, slots=True)
class Edition:
    """What is said once for all files. `published`: aware, UTC."""

    title: str
    number: int
    published: datetime


def metalink(edition: Edition, files: Sequence[LinkedFile]) -> bytes:
    """The document. A program that reads it takes every file in it."""
    moment = edition.published.isoformat(timespec="seconds").replace("+00:00", "Z")
    lines = [f"<generator>Headwaters</generator>\n<published>{moment}</published>\n"]
    for file in files:
        lines.extend(_file(edition, file))
    return f"{_HEAD}{''.join(lines)}</metalink>\n".encode()


def _file(edition: Edition, file: LinkedFile) -> Iterator[str]:
    yield f'<file name="{_text(file.name)}">\n'
    yield f"<identity>{_text(edition.title)}</identity>\n<version>{edition.number}</version>\n"
    yield f'<size>{file.size}</size>\n<hash type="sha-256">{file.sha256}</hash>\n'
    for priority, url in enumerate(file.urls, 1):
        yield f'<url priority="{priority}">{_text(url)}</url>\n'
    yield "</file>\n"


def _text(text: str) -> str:
    """`text` in XML, without what no XML may hold."""
    return escape("".join(letter if letter.isprintable() else " " for letter in text))


def links(meta4: str, torrent: str, mirrors: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Link headers of a file's download: where its Metalink is, the torrent that is this very file (or empty), and
    other hosts that have it, the best first."""
    yield "Link", f'<{meta4}>; rel=describedby; type="{MEDIA_TYPE}"'
    if torrent:
        yield "Link", f'<{torrent}>; rel=describedby; type="{torrents.MEDIA_TYPE}"'
    for priority, url in enumerate(mirrors, 1):
        yield "Link", f"<{url}>; rel=duplicate; pri={priority}"


def under(base: str, name: str) -> str:
    """The address of the file `name`, with folders, under `base`, which ends with a slash."""
    return base + quote(name, safe="/")
