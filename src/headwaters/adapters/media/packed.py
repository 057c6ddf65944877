"""mutagen unpacks the packed frames of an ID3 tag whatever they come to: half a megabyte can say that it is a hundred
gigabytes. Here it is given an unpacker that knows an end."""

from __future__ import annotations

import threading
import zlib
from typing import Any

from mutagen.id3 import _frames

MOST = 64 << 20  # bytes that all frames of one tag may come to


class TooMuch(Exception):
    """More than any tag has."""


class _Unpacker(threading.local):
    """As much of the module `zlib` as mutagen uses."""

    error = zlib.error

    def __init__(self) -> None:
        self.left = MOST

    def decompress(self, data: bytes) -> bytes:
        """Raises TooMuch, zlib.error."""
        unpacker = zlib.decompressobj()
        found = unpacker.decompress(data, self.left + 1)
        self.left -= len(found)
        if self.left < 0:
            raise TooMuch
        if not unpacker.eof:
            raise zlib.error("it is cut off")
        return found


_unpacker = _Unpacker()
_module: Any = _frames
_module.zlib = _unpacker


def next_tag() -> None:
    """From here on this thread reads another tag."""
    _unpacker.left = MOST
