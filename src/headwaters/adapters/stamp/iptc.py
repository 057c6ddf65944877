"""IPTC-IIM (4.2), as Photoshop keeps it: who made a picture and where, in a block of resources. Blanked without moving
anything: what is left moves together, and zeros fill the end."""

from __future__ import annotations

from collections.abc import Iterator

from headwaters.core.works.stamps import Finding, Kind

PHOTOSHOP = b"Photoshop 3.0\0"
_RESOURCE, _DIGEST = 0x0404, 0x0425
_TELLING = {
    80: (Kind.PERSON, "By-line"),
    90: (Kind.PLACE, "City"),
    92: (Kind.PLACE, "Sub-location"),
    95: (Kind.PLACE, "Province-State"),
    100: (Kind.PLACE, "Country-Code"),
    101: (Kind.PLACE, "Country-Name"),
    26: (Kind.PLACE, "ContentLocationCode"),
    27: (Kind.PLACE, "ContentLocationName"),
    118: (Kind.PERSON, "Contact"),
    122: (Kind.PERSON, "Writer-Editor"),
    40: (Kind.COMMENT, "SpecialInstructions"),
}
_MOST = 10_000


def _datasets(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """(record, dataset, where it begins, where its value does, where it ends) as far as they are whole."""
    at = 0
    for _ in range(_MOST):
        if data[at : at + 1] != b"\x1c" or at + 5 > len(data):
            return
        length, start = int.from_bytes(data[at + 3 : at + 5]), at + 5
        if length & 0x8000:
            size = length & 0x7FFF
            length, start = int.from_bytes(data[start : start + size]), start + size
        if start + length > len(data):
            return
        yield data[at + 1], data[at + 2], at, start, start + length
        at = start + length


def iptc_findings(data: bytes) -> list[Finding]:
    """What its datasets tell."""
    found = []
    for record, number, _, start, end in _datasets(data):
        text = data[start:end].decode("utf-8", "replace").strip("\0 ")
        if record == 2 and number in _TELLING and text:
            kind, name = _TELLING[number]
            found.append(Finding(kind, f"IPTC {name}", text))
    return found


def without_iptc(data: bytes, wheres: set[str]) -> bytes:
    """As long as before, without the datasets that these name."""
    names = {number for number, (_, name) in _TELLING.items() if f"IPTC {name}" in wheres}
    sets = list(_datasets(data))
    end = sets[-1][4] if sets else 0
    kept = b"".join(data[at:stop] for record, number, at, _, stop in sets if record != 2 or number not in names)
    return (kept + data[end:]).ljust(len(data), b"\0")


def _resources(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(number, where it begins, where it ends) of each whole resource."""
    at = 0
    for _ in range(_MOST):
        if data[at : at + 4] != b"8BIM" or at + 7 > len(data):
            return
        number, name = int.from_bytes(data[at + 4 : at + 6]), data[at + 6]
        start = at + 6 + (name + 2) // 2 * 2 + 4
        end = start + int.from_bytes(data[start - 4 : start])
        if end > len(data):
            return
        yield number, start, end
        at = end + (end - start) % 2


def photoshop_findings(data: bytes) -> list[Finding]:
    """What the IPTC in a block of resources tells."""
    return [
        one for number, start, end in _resources(data) if number == _RESOURCE for one in iptc_findings(data[start:end])
    ]


def without_photoshop(data: bytes, wheres: set[str]) -> bytes:
    """The block, as long as before. What says that the words are Photoshop's own last ones is blanked too."""
    found = bytearray(data)
    for number, start, end in _resources(data):
        if number == _RESOURCE:
            found[start:end] = without_iptc(data[start:end], wheres)
    if bytes(found) != data:
        for number, start, end in _resources(data):
            if number == _DIGEST:
                found[start:end] = bytes(end - start)
    return bytes(found)
