"""BitTorrent v1 of an edition (BEP 3), which programs complete from the shop alone (web seeds, BEP 19).

The info dictionary is the same for everyone: names, sizes and SHA-1 pieces, no key and no date. Around it goes what is
each holder's own: the address under which the shop serves the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from headwaters.core.shelf.bencode import Encoded, Value, encode

SMALLEST_PIECE, LARGEST_PIECE = 64 << 10, 16 << 20
MOST_PIECES = 1536  # as long as pieces can still grow: about 30 KB of sums
MEDIA_TYPE = "application/x-bittorrent"


@dataclass(frozen=True, slots=True)
class TorrentFile:
    """A file of a torrent: its name with folders, as in the ZIP, and its size in bytes."""

    name: str
    size: int


def piece_length(size: int) -> int:
    """How long a piece is, for so many bytes in all."""
    length = SMALLEST_PIECE
    while length < LARGEST_PIECE and length * MOST_PIECES < size:
        length *= 2
    return length


def folder_name(slug: str, edition: int) -> str:
    """What the files lie in: each edition has its own, so that nobody's old files are written over."""
    return slug if edition == 1 else f"{slug}-edition-{edition}"


class Pieces:
    """The SHA-1 of each piece, from the files' bytes one after the other."""

    __slots__ = ("_hash", "_left", "_length", "_sums")

    def __init__(self, length: int) -> None:
        self._length = self._left = length
        self._hash = hashlib.sha1(usedforsecurity=False)  # what BitTorrent v1 is made of; SHA-256 stands beside it
        self._sums = bytearray()

    def add(self, data: bytes) -> None:
        """The next bytes."""
        view = memoryview(data)
        while view:
            part, view = view[: self._left], view[self._left :]
            self._hash.update(part)
            self._left -= len(part)
            if self._left == 0:
                self._cut()

    def _cut(self) -> None:
        self._sums += self._hash.digest()
        self._hash, self._left = hashlib.sha1(usedforsecurity=False), self._length

    def done(self) -> bytes:
        """All of them, 20 bytes each; the last piece may be short."""
        if self._left < self._length:
            self._cut()
        return bytes(self._sums)


def stands_alone(names: Sequence[str]) -> bool:
    """Whether a torrent of these files is a single file, and its web seed that file's own address."""
    return len(names) == 1 and "/" not in names[0]


def info_dict(folder: str, files: Sequence[TorrentFile], length: int, pieces: bytes) -> bytes:
    """The info dictionary, bencoded. A single file stands alone, under its own name."""
    common: dict[str, Value] = {"piece length": length, "pieces": pieces}
    if stands_alone([file.name for file in files]):
        return encode({**common, "name": files[0].name, "length": files[0].size})
    listed: list[Value] = [{"path": file.name.split("/"), "length": file.size} for file in files]
    return encode({**common, "name": folder, "files": listed})


def infohash(info: bytes) -> str:
    """What a torrent is called by: 40 hexadecimal digits."""
    return hashlib.sha1(info, usedforsecurity=False).hexdigest()


def torrent_file(info: bytes, seeds: Sequence[str], page: str) -> bytes:
    """A .torrent around `info`; `seeds`: addresses where the files are; `page`: where the work lives."""
    return encode({"comment": page, "created by": "Headwaters", "info": Encoded(info), "url-list": list(seeds)})


def magnet(digest: str, name: str, size: int, seeds: Sequence[str], torrent: str) -> str:
    """A magnet link; `torrent`: where the .torrent is, for programs that can begin with it (`xs`)."""
    fields = [("dn", name), ("xl", str(size)), *(("ws", seed) for seed in seeds), ("xs", torrent)]
    return f"magnet:?xt=urn:btih:{digest}" + "".join(f"&{key}={quote(value, safe='')}" for key, value in fields)
