"""Whether a file ends where its format says that it does: half a film has a whole beginning.

Only what a format states is believed (a length at its head, a mark at its end); what says nothing passes. Sources: ISO
14496-12 (boxes), the RIFF and PNG specifications, ISO 32000 (PDF, 7.5.5), PKWARE's APPNOTE (4.3.16), RFC 9559. Music is
in `ends_sound.py`, JPEG and TIFF in `ends_picture.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from headwaters.core.errors import N_, Code, Refused
from headwaters.core.works import ends_picture, ends_sound
from headwaters.core.works.content import Content, sniff
from headwaters.core.works.media import format_by_name
from headwaters.core.works.names import shown

Read = Callable[[int, int], bytes]
"""`read(offset, length)`: bytes of the file, fewer only at its end."""

_ZIP_TAIL = 65_557  # an end record, and the longest comment after it
_PDF_TAIL = 4_096  # what some programs write after the end counts as well
_MOST_BOXES = 100_000  # of a film in fragments
_PNG_END = b"IEND\xaeB`\x82"
_BOXES = frozenset([b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"uuid", b"meta", b"sidx", b"mfra"])
_UNKNOWN_SIZE = 0x00FF_FFFF_FFFF_FFFF


def check_whole(name: str, size: int, read: Read) -> None:
    """Raises Refused(FILE_CUT_OFF) for a file that plainly ends too early."""
    content, named = sniff(read(0, 4_096)), format_by_name(name)
    check = _CHECKS.get(content)
    if named is not None and content not in named.contents:
        return  # a format that does not say what it is at its head
    if check is not None and not check(size, read):
        raise Refused(
            Code.FILE_CUT_OFF,
            N_("“%(name)s” ends too early: a part of it is missing."),
            hint=N_("Open it on your own computer; if it is broken there, export it again, and send it again."),
            field="files",
            name=shown(name),
        )


def _zip(size: int, read: Read) -> bool:
    return b"PK\x05\x06" in read(max(0, size - _ZIP_TAIL), _ZIP_TAIL)


def _png(size: int, read: Read) -> bool:
    return _PNG_END in read(max(0, size - 4_096), 4_096)


def _pdf(size: int, read: Read) -> bool:
    return b"%%EOF" in read(max(0, size - _PDF_TAIL), _PDF_TAIL)


def _riff(size: int, read: Read) -> bool:
    """WAV, AVI, WebP: the length of all that follows stands at byte 4. Live recordings leave it at nothing or all."""
    said = int.from_bytes(read(4, 4), "little")
    return said in {0, 0xFFFF_FFFF} or said + 8 <= size + 1  # a last odd byte may go without its padding


def _mp4(size: int, read: Read) -> bool:
    """Boxes fill the file, and one of them says where everything is."""
    at, index = 0, False
    for _ in range(_MOST_BOXES):
        head = read(at, 16)
        if len(head) < 8:
            return index or at == 0
        length, kind = int.from_bytes(head[:4]), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16])
        elif length == 0:  # to the end
            length = size - at
        if length < 8:
            return True  # no box: something else was put behind, and the film plays
        index = index or kind in {b"moov", b"moof", b"meta"}
        at += length
        if at > size:
            return index and kind not in _BOXES  # else it is a tag that some program put behind
    return True


def _matroska(size: int, read: Read) -> bool:
    """The header, and then a segment whose length is said, or is not known."""
    segment = 4 + _width(read(4, 1)) + _number(read(4, 8))
    head = read(segment, 12)
    if head[:4] != b"\x18\x53\x80\x67":
        return True
    length, width = _number(head[4:]), _width(head[4:5])
    unknown = _UNKNOWN_SIZE & ((1 << 7 * width) - 1)
    return length == unknown or segment + 4 + width + length <= size


def _width(first: bytes) -> int:
    """Bytes of an EBML number, by its first one."""
    return 9 - (first[0].bit_length() if first else 8)


def _number(data: bytes) -> int:
    width = _width(data[:1])
    return int.from_bytes(data[:width]) & ((1 << 7 * width) - 1)


_CHECKS: dict[Content, Callable[[int, Read], bool]] = {
    Content.ZIP: _zip,
    Content.PNG: _png,
    Content.PDF: _pdf,
    Content.WAVE: _riff,
    Content.AVI: _riff,
    Content.WEBP: _riff,
    Content.MP4: _mp4,
    Content.EBML: _matroska,
    Content.FLAC: ends_sound.flac,
    Content.OGG: ends_sound.ogg,
    Content.ID3: ends_sound.tagged,
    Content.MPEG_AUDIO: ends_sound.mp3,
    Content.JPEG: ends_picture.jpeg,
    Content.TIFF: ends_picture.tiff,
}
