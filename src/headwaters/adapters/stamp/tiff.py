"""TIFF (6.0): Exif, IPTC and XMP stand in its lists. They are blanked where they are; what its pictures are made of
stays. No colophon goes in, as a list that grows would have to move."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from headwaters.adapters.stamp.base import BROKEN, TOO_LARGE, LeftAlone
from headwaters.adapters.stamp.exif import Entry, Exif
from headwaters.adapters.stamp.iptc import iptc_findings, photoshop_findings, without_iptc, without_photoshop
from headwaters.adapters.stamp.xmp import MOST_BYTES, Packet, blanked
from headwaters.core.works.stamps import Facts, Field, Finding

_MOST_FILE = 256 << 20
_MOST_PAGES = 1_000
_XMP, _IPTC, _PHOTOSHOP = 0x02BC, 0x83BB, 0x8649
_WORDS = frozenset([_XMP, _IPTC, _PHOTOSHOP])
_BELOW = frozenset([0x014A, 0x8769, 0x8825])  # lists of their own
_DATA = {0x0111: 0x0117, 0x0144: 0x0145, 0x0201: 0x0202}  # where strips, tiles and an old JPEG begin: how long they are


class Tiff(Exif):
    """A whole file: a chain of lists, one for each picture."""

    def _lists(self) -> list[int]:
        return [at for first in self._chain() for at in self._with_own(first)]

    def _chain(self) -> Iterator[int]:
        at, seen = self._number("I", 4), set[int]()
        while at and at not in seen and len(seen) < _MOST_PAGES:
            seen.add(at)
            yield at
            at = self._number("I", at + 2 + 12 * self._number("H", at))

    def words(self) -> list[Entry]:
        """XMP, IPTC and Photoshop's block."""
        return [one for one in self.entries() if one.tag in _WORDS]

    def bytes_of(self, one: Entry) -> bytes:
        """Its value."""
        return bytes(self._data[one.start : one.end])

    def put(self, one: Entry, data: bytes) -> None:
        """Another value of the same length."""
        self._data[one.start : one.end] = data

    def numbers(self, one: Entry) -> list[int]:
        """Its value as numbers, where it is of these."""
        form = self._number("H", one.at + 2)
        width = {3: 2, 4: 4}.get(form, 0)
        code = {2: "H", 4: "I"}.get(width)
        data = self.bytes_of(one)
        return list(struct.unpack(f"{self._order}{len(data) // width}{code}", data)) if code else []

    def stays(self) -> object:
        """All that makes the pictures: each entry that tells nothing, and the bytes that strips and tiles point at."""
        kept, digest = [], sha256()
        for at in self._lists():
            entries = {one.tag: one for one in self._list(at)}
            for one in entries.values():
                if not (one.tag in _WORDS or one.tag in _BELOW or self.tells(one)):
                    kept.append((at, one.tag, self.bytes_of(one)))
            for begin, length in _DATA.items():
                if begin in entries and length in entries:
                    pairs = zip(self.numbers(entries[begin]), self.numbers(entries[length]), strict=False)
                    for start, size in pairs:
                        digest.update(self._data[start : start + size])
        return kept, digest.hexdigest()


class TiffFormat:
    """TIFF files."""

    def open(self, path: Path) -> TiffDocument:
        """See base.Format."""
        return TiffDocument(path)

    def essence(self, path: Path) -> object:
        """See Tiff.stays."""
        return _read(path).stays()


class TiffDocument:
    """One file. Raises LeftAlone."""

    def __init__(self, path: Path) -> None:
        self._tiff = _read(path)

    def fields(self, facts: Facts) -> list[Field]:
        """None."""
        return []

    def findings(self) -> list[Finding]:
        """See base.Document."""
        found = self._tiff.findings()
        for one in self._tiff.words():
            data = self._tiff.bytes_of(one)
            if len(data) > MOST_BYTES:
                raise LeftAlone(TOO_LARGE)
            match one.tag:
                case 0x02BC:
                    found += Packet(data).findings()
                case 0x83BB:
                    found += iptc_findings(data)
                case _:
                    found += photoshop_findings(data)
        return found

    def write(self, target: Path, fields: Sequence[Field], drop: Sequence[Finding]) -> None:
        """See base.Document."""
        wheres = {one.where for one in drop}
        for one in self._tiff.words():
            data = self._tiff.bytes_of(one)
            match one.tag:
                case 0x02BC:
                    self._tiff.put(one, blanked(data, drop))
                case 0x83BB:
                    self._tiff.put(one, without_iptc(data, wheres))
                case _:
                    self._tiff.put(one, without_photoshop(data, wheres))
        self._tiff.drop(drop)
        target.write_bytes(self._tiff.data)


def _read(path: Path) -> Tiff:
    if path.stat().st_size > _MOST_FILE:
        raise LeftAlone(TOO_LARGE)
    tiff = Tiff(path.read_bytes())
    if not tiff.is_known:  # also those with offsets of 64 bits
        raise LeftAlone(BROKEN)
    return tiff
