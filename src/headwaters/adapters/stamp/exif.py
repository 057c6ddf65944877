"""Exif (CIPA DC-008): what a camera wrote about where, by what and by whom, and how it is blanked.

Blanking keeps every other byte and the length: an entry is taken out of its list, its value becomes zeros. So whatever
points into the block still does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from headwaters.adapters.stamp.thumbs import shows_another
from headwaters.core.works.stamps import Finding, Kind

THUMBNAIL = "Exif thumbnail"
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_MOST_ENTRIES = 1_000
_EXIF, _GPS, _THUMB_AT, _THUMB_LENGTH = 0x8769, 0x8825, 0x0201, 0x0202
_TELLING = {
    _GPS: (Kind.PLACE, "Exif GPS"),
    0xA431: (Kind.DEVICE, "Exif BodySerialNumber"),
    0xA435: (Kind.DEVICE, "Exif LensSerialNumber"),
    0xC62F: (Kind.DEVICE, "Exif CameraSerialNumber"),
    0xA420: (Kind.DEVICE, "Exif ImageUniqueID"),
    0xA430: (Kind.PERSON, "Exif CameraOwnerName"),
    0x013C: (Kind.DEVICE, "Exif HostComputer"),
    0x9C9D: (Kind.PERSON, "Exif XPAuthor"),
    0x9C9C: (Kind.COMMENT, "Exif XPComment"),
    0x9286: (Kind.COMMENT, "Exif UserComment"),
    0x927C: (Kind.HIDDEN, "Exif MakerNote"),
}
_WIDE = {0x9C9D, 0x9C9C}  # UTF-16


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: where its list and it itself begin, and where its value is."""

    list_at: int
    at: int
    tag: int
    start: int
    end: int


class Exif:
    """One block, beginning with `II` or `MM`. What is broken in it is simply not found."""

    def __init__(self, data: bytes) -> None:
        self._data = bytearray(data)
        self._order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(data[:4]), "")

    @property
    def data(self) -> bytes:
        """The block as it is now."""
        return bytes(self._data)

    @property
    def is_known(self) -> bool:
        """Whether it begins as such a block does."""
        return bool(self._order)

    @staticmethod
    def tells(one: Entry) -> bool:
        """Whether this entry may be what somebody did not mean to publish."""
        return one.tag in _TELLING

    def _number(self, form: str, at: int) -> int:
        found: int = struct.unpack_from(self._order + form, self._data, at)[0]
        return found

    def _list(self, at: int) -> Iterator[Entry]:
        if not 8 <= at <= len(self._data) - 2:
            return
        for number in range(min(self._number("H", at), _MOST_ENTRIES)):
            own = at + 2 + 12 * number
            if own + 12 > len(self._data):
                return
            tag, form, count = struct.unpack_from(self._order + "HHI", self._data, own)
            size = _SIZES.get(form, 1) * count
            start = own + 8 if size <= 4 else self._number("I", own + 8)
            if start + size <= len(self._data):
                yield Entry(at, own, tag, start, start + size)

    def _lists(self) -> list[int]:
        """The main list and Exif's own."""
        return self._with_own(self._number("I", 4))

    def _with_own(self, first: int) -> list[int]:
        return [first, *(self._number("I", one.at + 8) for one in self._list(first) if one.tag == _EXIF)]

    def entries(self) -> list[Entry]:
        """Those of all its lists."""
        if not self._order:
            return []
        with suppress(struct.error):
            return [one for at in self._lists() for one in self._list(at)]
        return []

    def _second(self) -> int:
        """Where the list of the thumbnail begins; 0 for none."""
        with suppress(struct.error):
            if self._order:
                first = self._number("I", 4)
                after = first + 2 + 12 * self._number("H", first)
                return self._number("I", after)
        return 0

    def meant(self) -> dict[str, str]:
        """What its creator says of themselves and of their rights, by the names that XMP has for it."""
        names = {0x013B: "dc:creator", 0x8298: "dc:rights"}
        texts = {
            names[one.tag]: bytes(self._data[one.start : one.end]).decode("utf-8", "replace").strip("\0 ")
            for one in self.entries()
            if one.tag in names
        }
        return {**texts, "xmpRights:UsageTerms": texts.get("dc:rights", "")}

    # ── what it tells ────────────────────────────────────────────────────────────────────────────

    def findings(self, picture: bytes | None = None) -> list[Finding]:
        """What it tells. `picture`: the file that it is of, to compare its thumbnail with."""
        found = []
        for one in self.entries():
            if one.tag not in _TELLING:
                continue
            kind, where = _TELLING[one.tag]
            if (value := self._value(one)) is not None:
                found.append(Finding(kind, where, value))
        thumb = self._thumbnail()
        if picture is not None and thumb is not None and shows_another(picture, bytes(self._data[slice(*thumb)])):
            found.append(Finding(Kind.THUMBNAIL, THUMBNAIL, f"{thumb[1] - thumb[0]} bytes"))
        return found

    def _value(self, one: Entry) -> str | None:
        """In words; None where there is nothing in it."""
        data = bytes(self._data[one.start : one.end])
        if one.tag == _GPS:
            return self._position(self._number("I", one.at + 8))
        if one.tag in _WIDE:
            return data.decode("utf-16-le", "replace").strip("\0 ") or None
        if one.tag == 0x927C:
            return f"{len(data)} bytes" if data.strip(b"\0") else None
        if one.tag == 0x9286:
            data = data[8:]
        return data.decode("utf-8", "replace").strip("\0 ") or None

    def _position(self, at: int) -> str | None:
        """`53.55060, 9.99370`, as far as it is there."""
        entries = {one.tag: one for one in self._list(at)}
        if not set(entries) - {0}:  # the version alone
            return None
        degrees = [self._degrees(entries.get(tag), entries.get(tag - 1)) for tag in (2, 4)]
        return ", ".join(text for text in degrees if text) or f"{len(entries)} fields"

    def _degrees(self, value: Entry | None, side: Entry | None) -> str:
        with suppress(struct.error, ZeroDivisionError):
            if value is not None:
                parts = struct.unpack_from(self._order + "6I", self._data, value.start)
                found = sum(parts[2 * place] / parts[2 * place + 1] / 60**place for place in range(3))
                away = side is not None and bytes(self._data[side.start : side.start + 1]) in (b"S", b"W")
                return f"{-found if away else found:.5f}"
        return ""

    def _thumbnail(self) -> tuple[int, int] | None:
        with suppress(struct.error):
            entries = {one.tag: one for one in self._list(self._second())} if self._second() else {}
            if _THUMB_AT in entries and _THUMB_LENGTH in entries:
                start = self._number("I", entries[_THUMB_AT].at + 8)
                end = start + self._number("I", entries[_THUMB_LENGTH].at + 8)
                return (start, end) if 8 <= start < end <= len(self._data) else None
        return None

    # ── blanked ──────────────────────────────────────────────────────────────────────────────────

    def drop(self, findings: Sequence[Finding]) -> None:
        """Blank what these name."""
        wheres = {one.where for one in findings}
        if THUMBNAIL in wheres and (thumb := self._thumbnail()):
            self._zero(*thumb)
            first = self._number("I", 4)
            after = first + 2 + 12 * self._number("H", first)
            self._zero(after, after + 4)
        for tag, (_, where) in _TELLING.items():
            while where in wheres and (one := next((each for each in self.entries() if each.tag == tag), None)):
                if tag == _GPS:
                    self._zero_list(self._number("I", one.at + 8))
                self._take_out(one)

    def _zero_list(self, at: int) -> None:
        entries = list(self._list(at))
        for one in entries:
            self._zero(one.start, one.end)
        if entries:
            self._zero(at, entries[-1].at + 12)

    def _take_out(self, one: Entry) -> None:
        self._zero(one.start, one.end)
        count = self._number("H", one.list_at)
        end = min(one.list_at + 2 + 12 * count + 4, len(self._data))
        self._data[one.at : end] = self._data[one.at + 12 : end] + bytes(12)
        struct.pack_into(self._order + "H", self._data, one.list_at, count - 1)

    def _zero(self, start: int, end: int) -> None:
        self._data[start:end] = bytes(max(end - start, 0))
